import * as z from "zod";
import { sha256 } from "../events/received.ts";
import type { HeldBody } from "../held/held.ts";
import type { Label } from "../held/subjects.ts";

/** Whose data an erasure deletes. JSON, as `ledger_jobs.subject` has it. */
export const subject = z.union([
  z.object({ call_id: z.string() }),
  z.object({
    digits: z.string().describe("of a customer's number, see `phoneDigits`"),
    until: z.string().describe("ISO 8601 UTC: what came in later is not meant"),
  }),
  z.object({ before: z.string().describe("ISO 8601 UTC: all that is older") }),
]);

export type Subject = z.infer<typeof subject>;

/** Whether a held body is meant by itself: it names the number, or is too old. Bodies of erased calls are meant besides. */
export async function namesSubject(
  { received_at }: Pick<HeldBody, "received_at">,
  { numberSha256s }: Label,
  whose: Subject,
): Promise<boolean> {
  if ("before" in whose) return received_at < whose.before;
  if ("digits" in whose) return received_at <= whose.until && numberSha256s.includes(await sha256(whose.digits));
  return false;
}
