import { putOverflow } from "../archive/objects.ts";
import { archiveTranscript } from "../archive/transcripts.ts";
import { type RecordResult, recordEvents } from "../ledger/record.ts";
import { reasonOf } from "../log.ts";
import { STORE_TIMEOUT_MS, type StoreName } from "../stores/ask.ts";
import { Deadline } from "../stores/deadline.ts";
import type { Plan } from "./plan.ts";

export type WriteResult = { kind: RecordResult } | { kind: "failed"; failures: ReadonlyMap<StoreName, string> };

/**
 * Carries out a plan. D1 first, since it decides: nothing is written to R2 of an event that the ledger refuses. Safe to repeat:
 * a body whose events are in the ledger is archived if the archive does not have it yet.
 */
export async function write(
  { ledger, transcript, overflow }: Plan,
  db: D1Database,
  bucket: R2Bucket,
): Promise<WriteResult> {
  const deadline = new Deadline(STORE_TIMEOUT_MS);
  let store: StoreName = "D1";
  try {
    const kind = await recordEvents(db, ledger, deadline);
    if (kind !== "stored" && kind !== "duplicate") return { kind };
    store = "R2";
    await Promise.all([
      transcript && archiveTranscript(bucket, transcript, kind, deadline),
      overflow && putOverflow(bucket, overflow, deadline),
    ]);
    return { kind };
  } catch (error) {
    return { kind: "failed", failures: new Map([[store, reasonOf(error)]]) };
  } finally {
    deadline.end();
  }
}
