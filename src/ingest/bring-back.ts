import pMap from "p-map";
import { type Received, readAgain, type StoredBody } from "../events/received.ts";
import { type HeldBody, hold, readHeld, removeHeld } from "../held/held.ts";
import { listHeld } from "../held/list.ts";
import { logError, reasonOf } from "../log.ts";
import { isLoad, MAX_CONNECTIONS } from "../stores/ask.ts";
import { batchesOf } from "../stores/batches.ts";
import { type IngestContext, ingestAll, quarantineFaulty } from "./ingest.ts";
import type { IngestResult } from "./result.ts";

/**
 * Bodies of one D1 transaction, with up to three events each: several times as many a second as one by one, and fresh events wait
 * for D1's one thread for some 10 ms.
 */
const BATCH_BODIES = 25;

/** Parsed and planned, a body takes up to nine times its bytes, and a Worker has 128 MB for all that it does. A larger body comes alone. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Of the stores, for a batch: nobody waits for it. */
const BATCH_TIMEOUT_MS = 20_000;

/** Splits bodies that waited into what may be in memory at once. */
export function batchesOfBodies<Body extends { size: number }>(bodies: readonly Body[]): Body[][] {
  return batchesOf(bodies, { maxItems: BATCH_BODIES, maxWeight: BATCH_BYTES }, ({ size }) => size);
}

/** How a body that waited ended: everything but `faulty`, since what this code trips over alone goes to quarantine. */
export type BroughtBack = Exclude<IngestResult, { kind: "faulty" }>;

/**
 * Ingests bodies that waited, as one batch: parked ones, those that the queue carried, and those replayed from quarantine. A mistake
 * fails the transaction of its whole batch, so such a batch is taken one by one. Never rejects.
 * @returns a result for each body
 */
export async function ingestWaiting(stored: readonly StoredBody[], context: IngestContext): Promise<BroughtBack[]> {
  const bodies = stored.map(readAgain);
  const results = await ingestAll(bodies, context, Date.now() + BATCH_TIMEOUT_MS);
  return pMap(
    results,
    async (result, index) => {
      const received = bodies[index];
      return result.kind === "faulty" && received !== undefined ? ingestAlone(received, context) : notFaulty(result);
    },
    { concurrency: 1 },
  );
}

async function ingestAlone(received: Received, context: IngestContext): Promise<BroughtBack> {
  const until = Date.now() + BATCH_TIMEOUT_MS;
  const [result] = await ingestAll([received], context, until);
  if (result?.kind !== "faulty") return notFaulty(result);
  return notFaulty(await quarantineFaulty(received, result, context, until));
}

function notFaulty(result: IngestResult | undefined): BroughtBack {
  if (result === undefined || result.kind === "faulty") throw new Error("a body ended without a result");
  return result;
}

/** A run of the cron ends before the next minute's begins. */
const RUN_MS = 45_000;

/** 3,000 bodies, three subrequests each, of the 10,000 of an invocation (developers.cloudflare.com/workers/platform/limits). */
const MAX_BATCHES = 120;

const PAGE_BODIES = 500;

/**
 * Ingests parked bodies, oldest first, until none is left, the run is over, or stores failed two batches in a row. Of a batch that
 * failed while others get through, each body is taken alone, and what fails alone goes to quarantine: no body stands in another's
 * way. Safe to run twice at once: ingesting is idempotent, and a body is removed only when it is where it belongs.
 */
export async function bringBack(context: IngestContext): Promise<{ recovered: number; failed: number }> {
  const end = Date.now() + RUN_MS;
  let recovered = 0;
  let failed: FailedBody[] = [];
  let batches = 0;
  for await (const batch of parkedBatches(context.bucket)) {
    if (Date.now() >= end || ++batches > MAX_BATCHES) return { recovered, failed: failed.length };
    const taken = await takeIn(batch, context);
    recovered += taken.removed;
    const isDown = !taken.isThrough && taken.failed.length > 0;
    if (isDown && failed.length > 0) return { recovered, failed: failed.length + taken.failed.length };
    failed.push(...taken.failed);
    if (!taken.isThrough) continue;
    recovered += await takeAlone(failed, true, context, end);
    failed = [];
  }
  // Behind the last batch comes none that could say whether a store is down.
  recovered += await takeAlone(failed, false, context, end);
  return { recovered, failed: failed.length };
}

async function* parkedBatches(bucket: R2Bucket): AsyncGenerator<HeldBody[]> {
  let after: string | undefined;
  do {
    const page = await listHeld(bucket, "parked", PAGE_BODIES, after);
    yield* batchesOfBodies(page.bodies);
    after = page.next;
  } while (after !== undefined);
}

interface FailedBody {
  body: HeldBody;
  /** What the store said. */
  reason: string;
}

/** What became of a batch of parked bodies. */
interface TakenIn {
  removed: number;
  failed: FailedBody[];
  /** Whether the ledger answered for one of them. */
  isThrough: boolean;
}

async function takeIn(batch: readonly HeldBody[], context: IngestContext): Promise<TakenIn> {
  const failed: FailedBody[] = [];
  const read = async (body: HeldBody) => {
    try {
      const stored = await readHeld(context.bucket, body.key);
      return stored === undefined ? [] : [{ body, stored }];
    } catch (error) {
      failed.push({ body, reason: reasonOf(error) });
      return [];
    }
  };
  const found = (await pMap(batch, read, { concurrency: MAX_CONNECTIONS })).flat();
  const results = await ingestWaiting(
    found.map(({ stored }) => stored),
    context,
  );
  const done: string[] = [];
  for (const [index, { body }] of found.entries()) {
    const result = results[index];
    if (result?.kind === "failed") failed.push({ body, reason: result.reason });
    else done.push(body.key);
  }
  await removeHeld(context.bucket, done);
  return { removed: done.length, failed, isThrough: results.some(({ kind }) => throughLedger.has(kind)) };
}

/** Results for which D1 and R2 have answered. */
const throughLedger: ReadonlySet<BroughtBack["kind"]> = new Set<BroughtBack["kind"]>(["stored", "duplicate", "erased"]);

/**
 * Takes bodies one by one whose batch failed. If others get through, what fails alone goes to quarantine, unless a store had too
 * much to do or no room.
 * @param isStoreUp whether others got through before
 * @param end milliseconds since 1970
 * @returns how many are parked no more
 */
async function takeAlone(
  bodies: readonly FailedBody[],
  isStoreUp: boolean,
  context: IngestContext,
  end: number,
): Promise<number> {
  let removed = 0;
  let isUp = isStoreUp;
  const failed: FailedBody[] = [];
  for (const { body } of bodies) {
    if (Date.now() >= end) return removed;
    const taken = await takeIn([body], context);
    removed += taken.removed;
    isUp ||= taken.isThrough;
    failed.push(...taken.failed);
  }
  if (!isUp) return removed;
  for (const { body, reason } of failed.filter((one) => !isLoad(one.reason))) {
    const stored = await readHeld(context.bucket, body.key);
    if (stored === undefined) continue;
    const until = Date.now() + BATCH_TIMEOUT_MS;
    await hold(context.bucket, readAgain(stored), "quarantined", { reason: "faulty", detail: reason }, until);
    await removeHeld(context.bucket, [body.key]);
    removed++;
    logError({ message: "a parked body failed alone", event_id: stored.sha256, reason });
  }
  return removed;
}
