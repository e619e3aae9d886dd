import type { Received } from "../events/received.ts";
import { logError, reasonOf } from "../log.ts";
import type { CorruptBody } from "../parking/parking.ts";
import { StoreError, type StoreName } from "../stores/ask.ts";
import { batchesOf } from "../stores/batches.ts";
import { type IngestContext, ingestAll } from "./ingest.ts";
import type { IngestResult } from "./result.ts";

/**
 * Bodies of one D1 transaction, with up to three events each: several times as many a second as one by one, and fresh events wait
 * for D1's one thread for some 10 ms. Four times as many come back no sooner.
 */
const BATCH_BODIES = 25;

/** Parsed and planned, a body takes up to nine times its bytes, and a Worker has 128 MB for all that it does. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Splits parked bodies into what may be in memory at once. A large one comes alone. */
export function batchesOfBodies<Parked extends { size: number }>(bodies: readonly Parked[]): Parked[][] {
  return batchesOf(bodies, { maxItems: BATCH_BODIES, maxWeight: BATCH_BYTES }, ({ size }) => size);
}

/** What became of a parked body. */
export interface Attempt<Parked> {
  parked: Parked;
  /** What is left to be kept: absent when it is taken, or could not be read. */
  received: Received | undefined;
  /** `taken`: nothing is left to do. `faulty`: it fails for reasons of its own. `refused`: a store failed. */
  kind: "taken" | "faulty" | "refused";
  /** By store; none unless it was refused. */
  failures: ReadonlyMap<StoreName, string>;
  /** Whether R2 was written to. */
  isArchived: boolean;
}

/** Bytes of all batches that this isolate has in memory at once: two ordinary ones, or a large one. */
const MAX_BYTES_IN_MEMORY = 2 * BATCH_BYTES;
let bytesInMemory = 0;

const POLL_MS = 20;

/** After so long the batch before counts as lost: the runtime ends an invocation without a word. */
const MAX_WAIT_MS = 10_000;

/**
 * Reads and ingests a batch of parked bodies, as soon as there is memory for it.
 * @param read each body, `undefined` when another run already took it, or the error
 * @param isSplit see `write`
 */
export async function ingestBatch<Parked extends { size: number; sha256: string }>(
  batch: readonly Parked[],
  read: () => Promise<(Received | CorruptBody | StoreError | undefined)[]>,
  context: IngestContext,
  isSplit = true,
): Promise<Attempt<Parked>[]> {
  const bytes = batch.reduce((sum, { size }) => sum + size, 0);
  // By polling: a promise of another invocation must not be waited for.
  for (let waited = 0; bytesInMemory > 0 && bytesInMemory + bytes > MAX_BYTES_IN_MEMORY; waited += POLL_MS) {
    if (waited >= MAX_WAIT_MS) {
      bytesInMemory = 0;
      break;
    }
    await scheduler.wait(POLL_MS);
  }
  bytesInMemory += bytes;
  try {
    return await attempt(batch, await read(), context, isSplit);
  } finally {
    bytesInMemory = Math.max(0, bytesInMemory - bytes);
  }
}

async function attempt<Parked extends { sha256: string }>(
  batch: readonly Parked[],
  read: readonly (Received | CorruptBody | StoreError | undefined)[],
  context: IngestContext,
  isSplit: boolean,
): Promise<Attempt<Parked>[]> {
  const bodies = read.flatMap((body) => (body === undefined || body instanceof Error ? [] : body));
  const results = (await ingestAll(bodies, context, isSplit)).values();
  return batch.map((parked, index) => {
    const received = read[index];
    if (received === undefined) return { parked, received, kind: "taken", failures: new Map(), isArchived: false };
    if (received instanceof Error) {
      logError({ message: "could not read a parked body", sha256: parked.sha256 }, received);
      const failures = new Map(received instanceof StoreError ? [[received.store, reasonOf(received)]] : []);
      return { parked, received: undefined, ...kindOf(failures), isArchived: false };
    }
    const result = results.next().value;
    if (result === undefined || result.kind === "failed") {
      return { parked, received, ...kindOf(result?.failures ?? new Map()), isArchived: false };
    }
    return { parked, received: undefined, kind: "taken", failures: new Map(), isArchived: isArchived(result) };
  });
}

function kindOf(failures: ReadonlyMap<StoreName, string>): Pick<Attempt<unknown>, "kind" | "failures"> {
  return { kind: failures.size === 0 ? "faulty" : "refused", failures };
}

/** The archive has what ends a call, and all that is in quarantine. */
function isArchived(result: IngestResult): boolean {
  return !("event" in result) || result.event === "call.end";
}

const MAX_REST_MS = 250;

/**
 * Leaves the stores and the isolate, with one thread each, to fresh events: for as long as the batch took, a quarter of a second at
 * the most.
 * @param beganAt when the batch began, as of `Date.now()`
 */
export async function restAfterBatch(beganAt: number): Promise<void> {
  await scheduler.wait(Math.min(Date.now() - beganAt, MAX_REST_MS));
}

/** Whether nothing gets through: what comes after such a batch is not tried. */
export function isStoreDown(attempts: readonly Attempt<unknown>[]): boolean {
  return attempts.some(({ kind }) => kind === "refused") && !attempts.some(({ kind }) => kind === "taken");
}
