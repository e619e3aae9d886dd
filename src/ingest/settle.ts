import { transcriptKey } from "../archive/keys.ts";
import { arrangeTranscript, eventAt, type Transcript, withdrawTranscript } from "../archive/transcripts.ts";
import { findEvent } from "../ledger/events.ts";

/**
 * What is left to do for a `call.end` body once the ledger has answered too, of corrections and duplicates only: the archive
 * was written at the same time, and has to end as the ledger does. Safe to repeat.
 * @param placed the etag of the body in the archive; null when another had its key
 */
export async function settleTranscript(
  transcript: Transcript,
  placed: string | null,
  ledger: "stored" | "duplicate",
  db: D1Database,
  bucket: R2Bucket,
): Promise<void> {
  const { key, eventId } = transcript;
  if (ledger === "duplicate") {
    if (placed === null && (await eventAt(bucket, key)) === eventId) return;
    const knownKey = await keyInLedger(db, eventId);
    if (knownKey !== key) {
      const archived = knownKey === undefined || (await eventAt(bucket, knownKey)) === eventId;
      if (placed !== null && archived) await withdrawTranscript(bucket, key, placed);
      return;
    }
  }
  if (placed === null) await arrangeTranscript(bucket, transcript);
}

/**
 * The key of the body that the ledger knows under an event's id: another one than that of a duplicate when a sender uses an id
 * twice, or when an event without a time of its own comes again on another day. No row leads to that of the duplicate, so what
 * is there would outlive the erasure of its call.
 */
async function keyInLedger(db: D1Database, eventId: string): Promise<string | undefined> {
  const known = await findEvent(db, eventId);
  return known?.event === "call.end" ? transcriptKey(known.call_id, known.occurred_at) : undefined;
}
