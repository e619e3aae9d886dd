import * as z from "zod";
import { beginDay, listStaleDays } from "./days.ts";
import { type ExportStores, exportStep } from "./step.ts";

/** Where the rewriting of days goes on from which calls were erased. */
export const rewritePosition = z.object({
  days: z.array(z.string()).describe("still to be written again"),
  isBegun: z.boolean().describe("whether the first of them is being written from what D1 has now"),
});
type RewritePosition = z.infer<typeof rewritePosition>;

/** Files that one call writes, with some five queries of D1 each. */
const MAX_FILES = 4;

/**
 * Writes days again whose files, or those of an export under way, may have calls that were erased, until none is left. Run after the
 * calls' rows are gone. Safe to repeat.
 * @param at absent at the beginning
 * @returns where it goes on; `undefined` when no file has the calls any longer
 */
export async function rewriteStep(
  at: RewritePosition | undefined,
  stores: ExportStores,
): Promise<RewritePosition | undefined> {
  const { days, isBegun } = at ?? { days: await listStaleDays(stores.db), isBegun: false };
  const [day, ...others] = days;
  if (day === undefined) return undefined;
  if (at === undefined) return { days, isBegun };
  // An export under way may have read the calls before they were erased: then the day has changes, and is begun anew.
  if (!isBegun) await beginDay(stores.db, day, new Date());
  for (let files = 0; files < MAX_FILES; files++) {
    if (await exportStep(day, stores)) return { days: others, isBegun: false };
  }
  return { days, isBegun: true };
}
