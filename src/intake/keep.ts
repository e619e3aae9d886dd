import { keepOverflow } from "../archive/bodies.ts";
import { archiveTranscript } from "../archive/transcripts.ts";
import { recordEvent } from "../ledger/record.ts";
import { reasonOf } from "../log.ts";
import type { Entry } from "./entry.ts";

export type Kept =
  | { kind: "stored" | "duplicate" }
  /** Which stores failed, and how, for the log. */
  | { kind: "not-kept"; failed: string };

/**
 * Writes an entry to the ledger and the archive at the same time, so that the answer waits for the slower of the two and
 * not for both. Safe to repeat.
 * @param destinations the names of the destinations that finished analytics go to
 */
export async function keep(
  entry: Entry,
  db: D1Database,
  bucket: R2Bucket,
  destinations: readonly string[],
): Promise<Kept> {
  const [ledger, ...archive] = await Promise.allSettled([
    recordEvent(db, entry.row, entry.contribution, destinations, new Date().toISOString()),
    ...archiveWrites(entry, bucket),
  ]);
  const failed = [
    ...(ledger.status === "rejected" ? [`D1: ${reasonOf(ledger.reason)}`] : []),
    ...archive.flatMap((write) => (write.status === "rejected" ? [`R2: ${reasonOf(write.reason)}`] : [])),
  ];
  if (ledger.status === "rejected" || failed.length > 0) return { kind: "not-kept", failed: failed.join("; ") };
  return { kind: ledger.value };
}

function archiveWrites(entry: Entry, bucket: R2Bucket): Promise<void>[] {
  const { event, body, digest, receivedAt, transcriptKey } = entry;
  const writes: Promise<void>[] = [];
  if (event.event === "call.end" && transcriptKey !== undefined) {
    writes.push(archiveTranscript(bucket, { key: transcriptKey, body, digest, eventId: entry.row.event_id, event }));
  }
  if (entry.overflows) writes.push(keepOverflow(bucket, body, digest, receivedAt));
  return writes;
}
