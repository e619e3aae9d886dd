import pMap from "p-map";
import { logError } from "../log.ts";
import type { ListableParking, ParkedBody } from "../parking/parking.ts";
import { type IngestContext, ingest, PARKED_FIRST } from "./ingest.ts";

/** Listed in one run: a crowd that fails for ever must not hide what came after it. */
const MAX_PAGES = 5;
const PAGE_BODIES = 1000;

/** Taken in by one run, of each store: some seven queries each, of the 1,000 that an invocation has for both. */
const MAX_BODIES_A_RUN = 70;

/** Few at a time, since each may be as large as `MAX_BODY_BYTES`, and a Worker has 128 MB. */
const CONCURRENCY = 2;

export interface Recovery {
  recovered: number;
  /** Tried, and still failing. */
  left: number;
}

/**
 * Ingests parked bodies, oldest first. Safe to run twice at once: ingesting is idempotent, and a body is removed only when it is
 * where it belongs.
 */
export async function recover(parking: ListableParking, context: IngestContext, now: Date): Promise<Recovery> {
  const parked = await listAll(parking);
  const due = parked.filter((body) => isDue(body, now));
  const run = async (chosen: ParkedBody[]): Promise<Recovery> => {
    const results = await pMap(chosen, (body) => recoverOne(parking, body, context), { concurrency: CONCURRENCY });
    const recovered = results.filter(Boolean).length;
    return { recovered, left: results.length - recovered };
  };
  const first = await run(due.slice(0, MAX_BODIES_A_RUN));
  if (first.recovered === 0) return first;
  // The store is back: bodies that back off from its last failure need not wait any longer.
  const dueBodies = new Set(due);
  const others = parked.filter((body) => !dueBodies.has(body));
  const second = await run(others.slice(0, Math.max(0, MAX_BODIES_A_RUN - due.length)));
  return { recovered: first.recovered + second.recovered, left: first.left + second.left };
}

async function listAll(parking: ListableParking): Promise<ParkedBody[]> {
  const parked: ParkedBody[] = [];
  for (let page = 0; page < MAX_PAGES; page++) {
    const listed = await parking.list(PAGE_BODIES, parked.at(-1));
    parked.push(...listed);
    // R2 makes short pages when the metadata is long: only an empty one is the last.
    if (listed.length === 0) break;
  }
  return parked;
}

/** Whether the body is where it belongs. Never rejects: one corrupt body must not keep the others. */
async function recoverOne(parking: ListableParking, parked: ParkedBody, context: IngestContext): Promise<boolean> {
  try {
    const received = await parking.read(parked);
    if (received === undefined) return true;
    const result = await ingest(received, context);
    if (result.kind === "failed") return false;
    await parking.remove(parked);
    return true;
  } catch (error) {
    logError({ message: "could not recover", store: parking.store, sha256: parked.sha256 }, error);
    return false;
  }
}

const MINUTE_MS = 60_000;

/** Longer than the answer to any body takes. */
const REQUEST_MS = 30_000;

/** Tried every minute so long, then about four times in each doubling of the age, and never further apart than the last. */
const EAGER_MINUTES = 8;
const MAX_INTERVAL_MINUTES = 16;

/**
 * Whether a parked body is tried in this minute. The backoff is in its age, so nothing has to be written after a try that
 * failed, and a body that fails for ever takes ever fewer turns from the others. Bodies of the same age take their turns in
 * different minutes, by their digests: otherwise a crowd that fails for ever would stand before its neighbour for ever.
 */
function isDue({ received_at, sha256, reason }: ParkedBody, now: Date): boolean {
  const ageMs = now.getTime() - Date.parse(received_at);
  // Its request is still at work on it.
  if (reason === PARKED_FIRST && ageMs < REQUEST_MS) return false;
  const minutes = Math.floor(ageMs / MINUTE_MS);
  if (minutes < EAGER_MINUTES) return true;
  const interval = Math.min(2 ** (Math.floor(Math.log2(minutes)) - 2), MAX_INTERVAL_MINUTES);
  return (minutes + Number.parseInt(sha256.slice(0, 6), 16)) % interval === 0;
}
