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
 * Bodies of one D1 transaction, with up to three events each: several times faster than one by one, and fresh events wait some 10 ms
 * for D1's one thread.
 */
const BATCH_BODIES = 25;

/** A parsed and planned body takes up to nine times its bytes, of the 128 MB of a Worker. A larger body is a batch of its own. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Time that the stores have for a batch; no sender waits for it. */
const BATCH_TIMEOUT_MS = 20_000;

/** Splits bodies into batches that fit into memory. */
export function batchesOfBodies<Body extends { size: number }>(bodies: readonly Body[]): Body[][] {
  return batchesOf(bodies, { maxItems: BATCH_BODIES, maxWeight: BATCH_BYTES }, ({ size }) => size);
}

/** How ingesting a body again ended. Never `faulty`: a body that this code trips over goes to quarantine. */
export type BroughtBack = Exclude<IngestResult, { kind: "faulty" }>;

/**
 * Ingests a batch of bodies that were parked, carried by the queue, or quarantined. A faulty body fails the transaction of its whole
 * batch, so the bodies of such a batch are ingested one by one. Never rejects.
 * @returns a result for each body
 */
export async function ingestAgain(stored: readonly StoredBody[], context: IngestContext): Promise<BroughtBack[]> {
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

/** A run of the cron ends before that of the next minute begins. */
const RUN_MS = 45_000;

/** Batches of a run: 3,000 bodies with three subrequests each, of the 10,000 of an invocation (developers.cloudflare.com/workers/platform/limits). */
const MAX_BATCHES = 120;

const PAGE_BODIES = 500;

/**
 * Ingests parked bodies, oldest first, until none is left, the run is over, or stores failed two batches in a row. When a batch failed
 * and the next one did not, its bodies are ingested one by one, and those that fail alone go to quarantine: no body blocks another.
 * Safe to run twice at once: ingesting is idempotent, and a body is removed only after it.
 */
export async function bringBack(context: IngestContext): Promise<{ recovered: number; failed: number }> {
  const end = Date.now() + RUN_MS;
  let recovered = 0;
  let failed: FailedBody[] = [];
  let batches = 0;
  for await (const batch of parkedBatches(context.bucket)) {
    if (Date.now() >= end || ++batches > MAX_BATCHES) return { recovered, failed: failed.length };
    const result = await recover(batch, context);
    recovered += result.removed;
    const isDown = !result.areStoresUp && result.failed.length > 0;
    if (isDown && failed.length > 0) return { recovered, failed: failed.length + result.failed.length };
    failed.push(...result.failed);
    if (!result.areStoresUp) continue;
    recovered += await recoverOneByOne(failed, true, context, end);
    failed = [];
  }
  // No batch follows the last one to show whether a store is down.
  recovered += await recoverOneByOne(failed, false, context, end);
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
  /** The store's error. */
  reason: string;
}

/** How recovering a batch of parked bodies ended. */
interface Recovery {
  /** Bodies that are parked no more. */
  removed: number;
  failed: FailedBody[];
  /** Whether D1 and R2 answered for one of them. */
  areStoresUp: boolean;
}

async function recover(batch: readonly HeldBody[], context: IngestContext): Promise<Recovery> {
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
  const present = (await pMap(batch, read, { concurrency: MAX_CONNECTIONS })).flat();
  const results = await ingestAgain(
    present.map(({ stored }) => stored),
    context,
  );
  const done: string[] = [];
  for (const [index, { body }] of present.entries()) {
    const result = results[index];
    if (result?.kind === "failed") failed.push({ body, reason: result.reason });
    else done.push(body.key);
  }
  await removeHeld(context.bucket, done);
  return { removed: done.length, failed, areStoresUp: results.some(({ kind }) => answered.has(kind)) };
}

/** Results for which D1 and R2 have answered. */
const answered: ReadonlySet<BroughtBack["kind"]> = new Set<BroughtBack["kind"]>(["stored", "duplicate", "erased"]);

/**
 * Ingests bodies one by one whose batch failed. If the stores take another body, those that fail alone go to quarantine, unless a
 * store was overloaded or full.
 * @param wereStoresUp whether the stores took another batch
 * @param end milliseconds since 1970
 * @returns how many bodies are parked no more
 */
async function recoverOneByOne(
  bodies: readonly FailedBody[],
  wereStoresUp: boolean,
  context: IngestContext,
  end: number,
): Promise<number> {
  let removed = 0;
  let areStoresUp = wereStoresUp;
  const failed: FailedBody[] = [];
  for (const { body } of bodies) {
    if (Date.now() >= end) return removed;
    const result = await recover([body], context);
    removed += result.removed;
    areStoresUp ||= result.areStoresUp;
    failed.push(...result.failed);
  }
  if (!areStoresUp) return removed;
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
