import { keepOverflow } from "../archive/overflow.ts";
import { archiveTranscript } from "../archive/transcripts.ts";
import { recordEvent } from "../ledger/record.ts";
import { reasonOf } from "../log.ts";
import { attemptUntil, type StoreName } from "../stores/attempt.ts";
import { Deadline } from "../stores/deadline.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import type { Entry } from "./entry.ts";

/** The stores that failed, and how, for the log. */
export type StoreFailures = ReadonlyMap<StoreName, string>;

export type Kept = { kind: "stored" | "duplicate" } | { kind: "not-kept"; failures: StoreFailures };

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
  const deadline = new Deadline(STORE_LIMIT);
  const [ledger, ...archive] = await Promise.allSettled([
    attemptUntil(deadline, (failedTries) => record(entry, db, destinations, failedTries)),
    ...archiveWrites(entry, bucket, deadline),
  ]);
  deadline.end();
  const failures = new Map<StoreName, string>();
  for (const write of archive) if (write.status === "rejected") failures.set("R2", reasonOf(write.reason));
  if (ledger.status === "rejected") failures.set("D1", reasonOf(ledger.reason));
  else if (failures.size === 0) return { kind: ledger.value };
  return { kind: "not-kept", failures };
}

async function record(entry: Entry, db: D1Database, destinations: readonly string[], failedTries: number) {
  const result = await recordEvent(db, entry, destinations, new Date());
  // The try that failed may have committed before its connection broke: the duplicate is our own.
  return failedTries > 0 ? "stored" : result;
}

function archiveWrites(entry: Entry, bucket: R2Bucket, deadline: Deadline): Promise<void>[] {
  const { event, body, digest, transcriptKey: key } = entry;
  const writes: Promise<void>[] = [];
  if (event.event === "call.end" && key !== undefined) {
    const transcript = { key, body, digest, eventId: entry.row.event_id, event };
    writes.push(attemptUntil(deadline, () => archiveTranscript(bucket, transcript)));
  }
  if (entry.overflows) writes.push(attemptUntil(deadline, () => keepOverflow(bucket, entry)));
  return writes;
}
