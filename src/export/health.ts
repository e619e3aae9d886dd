import type { LedgerReader } from "../ledger/schema.ts";
import { readBacklog } from "./days.ts";

/** Time without a step after which an export stands still: the job of the next hour should have gone on. */
const STALLED_MS = 2 * 60 * 60 * 1000;

/** What waits for an export. */
export interface ExportBacklog {
  /** Days that are over, and not exported as they are. */
  days: number;
  /** UTC day. */
  oldest: string | null;
  /** The problem of an export that makes no progress, in words that follow the setting's name. */
  problem: string | undefined;
}

export async function exportBacklog(db: LedgerReader, now: Date): Promise<ExportBacklog> {
  const { failed, ...waiting } = await readBacklog(db, now, new Date(now.getTime() - STALLED_MS));
  const problem =
    failed === null ? undefined : `makes no progress with ${failed} (src/export/README.md, When it stops)`;
  return { ...waiting, problem };
}
