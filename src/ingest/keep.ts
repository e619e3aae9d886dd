import { keepOverflow } from "../archive/overflow.ts";
import { placeTranscript, type Transcript } from "../archive/transcripts.ts";
import { recordEvent } from "../ledger/record.ts";
import { reasonOf } from "../log.ts";
import { attemptUntil, type StoreName } from "../stores/attempt.ts";
import { Deadline } from "../stores/deadline.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import type { Entry } from "./entry.ts";
import { settleTranscript } from "./settle.ts";

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
  try {
    return await keepUntil(deadline, entry, db, bucket, destinations);
  } finally {
    deadline.end();
  }
}

async function keepUntil(
  deadline: Deadline,
  entry: Entry,
  db: D1Database,
  bucket: R2Bucket,
  destinations: readonly string[],
): Promise<Kept> {
  const transcript = transcriptOf(entry);
  const [ledger, archive, overflow] = await Promise.allSettled([
    attemptUntil(deadline, (failedTries) => record(entry, db, destinations, failedTries)),
    transcript && attemptUntil(deadline, () => placeTranscript(bucket, transcript)),
    entry.overflows ? attemptUntil(deadline, () => keepOverflow(bucket, entry)) : undefined,
  ]);
  const failures = new Map<StoreName, string>();
  if (archive.status === "rejected") failures.set("R2", reasonOf(archive.reason));
  if (overflow.status === "rejected") failures.set("R2", reasonOf(overflow.reason));
  if (ledger.status === "rejected") failures.set("D1", reasonOf(ledger.reason));
  else if (failures.size === 0 && archive.status === "fulfilled") {
    const kind = ledger.value;
    const placed = archive.value;
    if (transcript === undefined || placed === undefined || (placed !== null && kind === "stored")) return { kind };
    try {
      await attemptUntil(deadline, () => settleTranscript(transcript, placed, kind, db, bucket));
      return { kind };
    } catch (error) {
      failures.set("R2", reasonOf(error));
    }
  }
  return { kind: "not-kept", failures };
}

async function record(entry: Entry, db: D1Database, destinations: readonly string[], failedTries: number) {
  const result = await recordEvent(db, entry, destinations, new Date());
  // The try that failed may have committed before its connection broke: the duplicate is our own.
  return failedTries > 0 ? "stored" : result;
}

function transcriptOf({ event, body, digest, transcriptKey: key, row }: Entry): Transcript | undefined {
  if (event.event !== "call.end" || key === undefined) return undefined;
  return { key, body, digest, eventId: row.event_id, event };
}
