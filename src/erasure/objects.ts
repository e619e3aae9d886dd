import { overflowKey, overflowKeysIn, supersededKey, supersededPrefix, transcriptKey } from "../archive/keys.ts";
import { sha256 } from "../events/digest.ts";
import type { CallDetails } from "../ledger/call-details.ts";
import { decode } from "../platforms/decode.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";

/**
 * A `call.end` without a time of its own has that of its receipt, so the same event, delivered again after midnight, has a key
 * under a second day while the ledger knows the first only. Its body was taken out again (src/intake/settle.ts), unless a store
 * failed on the way. Nobody delivers again later than this.
 */
const DAYS_OF_REDELIVERY = 7;

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Deletes what the archive has of a call: its transcript, what corrections displaced, and bodies too large for a row. */
export async function eraseObjects(bucket: R2Bucket, { call, events }: CallDetails): Promise<number> {
  const ends = events.filter(({ event }) => event === "call.end").map(({ occurred_at }) => occurred_at);
  const days = ends.flatMap((end) =>
    Array.from({ length: DAYS_OF_REDELIVERY + 1 }, (_, days) => later(end, days * DAY_MILLISECONDS)),
  );
  const transcripts = await Promise.all(days.map((instant) => transcriptKey(call.call_id, instant)));
  const known = new Set(call.transcript_key === null ? transcripts : [call.transcript_key, ...transcripts]);
  const displaced = await superseded(bucket, call.call_id, new Set(ends.map(supersededPrefix)));
  const transcriptsOfEnds = await Promise.all(ends.map((end) => transcriptKey(call.call_id, end)));
  const digests = await digestsOfLarge(bucket, events, new Set(transcriptsOfEnds));
  const named = overflowKeysIn(JSON.stringify([call, events]));
  const overflown = new Set([...named, ...[...digests, ...displaced.values()].map(overflowKey)]);
  const found = [...displaced.keys(), ...(await overflowing(bucket, call.call_id, overflown))];
  const keys = [...known, ...found];
  // A key that is not there costs nothing, and says nothing: what was there is counted before.
  for (let from = 0; from < keys.length; from += KEYS_A_DELETE) {
    await attempt(() => bucket.delete(keys.slice(from, from + KEYS_A_DELETE)), STORE_LIMIT);
  }
  return found.length + (call.transcript_key === null ? 0 : 1);
}

/** As many as R2 deletes at a time (developers.cloudflare.com/r2/api/workers). */
const KEYS_A_DELETE = 1000;

/** What names the objects that the archive has of an event. */
export interface ArchivedEvent {
  call_id: string;
  /** SHA-256 of the body, hex. */
  digest: string;
  /** ISO 8601 UTC; `undefined` when it is no `call.end`. */
  endedAt: string | undefined;
}

/** Deletes what the archive took of an event while D1 failed: the ledger knows nothing of it, and cannot name it. */
export async function eraseArchived(bucket: R2Bucket, { call_id, digest, endedAt }: ArchivedEvent): Promise<void> {
  const keys = [overflowKey(digest)];
  if (endedAt !== undefined) {
    keys.push(supersededKey(digest, endedAt));
    const transcript = await transcriptKey(call_id, endedAt);
    const present = await attempt(() => bucket.head(transcript), STORE_LIMIT);
    // Of several bodies of the call the ledger may know the one that has the key.
    if (present?.customMetadata?.["sha256"] === digest) keys.push(transcript);
  }
  await attempt(() => bucket.delete(keys), STORE_LIMIT);
}

function later(instant: string, milliseconds: number): string {
  return new Date(Date.parse(instant) + milliseconds).toISOString();
}

/**
 * Bodies that a correction outranked are named by their digests; their metadata says whose they are.
 * @returns keys with their digests
 */
async function superseded(
  bucket: R2Bucket,
  callId: string,
  prefixes: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>();
  for (const prefix of prefixes) {
    let cursor: string | undefined;
    do {
      const options: R2ListOptions = { prefix, include: ["customMetadata"], ...(cursor !== undefined && { cursor }) };
      const page = await attempt(() => bucket.list(options), STORE_LIMIT);
      for (const { key, customMetadata } of page.objects) {
        if (customMetadata?.["call_id"] === callId) digests.set(key, customMetadata["sha256"] ?? "");
      }
      cursor = page.truncated ? page.cursor : undefined;
    } while (cursor !== undefined);
  }
  return digests;
}

/** Nothing is cut from an event that is smaller, in characters (src/ledger/calls.ts). */
const LEAST_CUT = 10_000;

/**
 * Digests of the bodies of events that were too large for the row of their call. No row names them once a correction has
 * put its own in place of what was cut. Without an id of its own an event has the digest for one; without a transcript its
 * payload is the body; with one the archive says it.
 */
async function digestsOfLarge(
  bucket: R2Bucket,
  events: CallDetails["events"],
  transcripts: ReadonlySet<string>,
): Promise<string[]> {
  const large = events.filter(({ payload }) => payload.length > LEAST_CUT);
  if (large.length === 0) return [];
  const payloads = await Promise.all(large.map(({ payload }) => sha256(new TextEncoder().encode(payload))));
  const archived: string[] = [];
  for (const key of transcripts) {
    const object = await attempt(() => bucket.head(key), STORE_LIMIT);
    archived.push(object?.customMetadata?.["sha256"] ?? "");
  }
  const ids = large.map(({ event_id }) => event_id).filter((id) => /^[0-9a-f]{64}$/.test(id));
  return [...ids, ...payloads, ...archived];
}

/** A caller may say the name of another call's object: only what is really this call's is deleted. */
async function overflowing(bucket: R2Bucket, callId: string, candidates: ReadonlySet<string>): Promise<string[]> {
  const keys: string[] = [];
  for (const key of candidates) {
    const object = await attempt(() => bucket.get(key), STORE_LIMIT);
    if (object === null) continue;
    const decoded = decode(await object.arrayBuffer(), object.uploaded.toISOString());
    if (decoded.kind === "event" && decoded.event.call_id === callId) keys.push(key);
  }
  return keys;
}
