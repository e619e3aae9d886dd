import { reasonOf } from "../log.ts";
import { Deadline, StoreTimeout } from "./deadline.ts";

export type StoreName = "D1" | "R2" | "queue";

/** A store failed, or did not answer in time. What it was asked may have happened all the same. */
export class StoreError extends Error {
  override name = "StoreError";

  readonly store: StoreName;

  constructor(store: StoreName, cause: unknown) {
    super(reasonOf(cause), { cause });
    this.store = store;
  }
}

/** Milliseconds that a store may take over all its tries. With parking after it, an answer is out within ten seconds. */
export const STORE_TIMEOUT_MS = 4_000;

/**
 * Milliseconds for a query that may have to read every call. D1 itself gives up after 30 s
 * (developers.cloudflare.com/d1/platform/limits).
 */
export const LONG_QUERY_TIMEOUT_MS = 15_000;

/** Connections that a Worker may open at once (developers.cloudflare.com/workers/platform/limits). */
export const MAX_CONNECTIONS = 6;

/** Before the second and the third try. */
const RETRY_DELAYS_MS = [50, 200];

/** What asks for less load (developers.cloudflare.com/d1/observability/debug-d1, R2 error codes): retries make it worse. */
const overload = /overloaded|exceeded (?:timeout|its (?:memory|CPU))|\b(?:10043|10058)\b/i;

/** No retry makes room. */
const full = /Exceeded maximum DB size/i;

/** Whether D1 refused to write since it is full. It goes on reading, deletes rows, and writes what needs no page more. */
export function isFull(error: unknown): boolean {
  return error instanceof StoreError && saysFull(error.message);
}

/** Whether a reason is D1's for refusing to write when it is full. */
export function saysFull(reason: string): boolean {
  return full.test(reason);
}

/** Mistakes in a statement or in a value: a retry ends the same, and no store is to blame. */
const mistake = /SQLITE_(ERROR|CONSTRAINT|MISMATCH|TOOBIG|RANGE)/;

interface AskOptions {
  timeoutMs?: number;
  /** A deadline that other work shares; it takes the place of `timeoutMs`. */
  deadline?: Deadline;
}

/**
 * Asks a store for work that is safe to repeat: up to three tries with jitter, all within one deadline.
 * @throws {StoreError} when the store fails or does not answer; mistakes of ours are thrown as they are
 */
export async function askStore<T>(store: StoreName, work: () => Promise<T>, options: AskOptions = {}): Promise<T> {
  return withDeadline(options, async (deadline) => {
    for (let failedTries = 0; ; failedTries++) {
      try {
        return await deadline.within(work());
      } catch (error) {
        const delayMs = (RETRY_DELAYS_MS[failedTries] ?? Number.POSITIVE_INFINITY) * (0.5 + Math.random() / 2);
        if (!isTransient(error) || delayMs >= deadline.leftMs) throw asStoreError(store, error);
        await scheduler.wait(delayMs);
      }
    }
  });
}

/**
 * Asks a store for work that must not be repeated.
 * @throws {StoreError} when the store fails or does not answer; mistakes of ours are thrown as they are
 */
export async function askStoreOnce<T>(store: StoreName, work: () => Promise<T>, options: AskOptions = {}): Promise<T> {
  return withDeadline(options, async (deadline) => {
    try {
      return await deadline.within(work());
    } catch (error) {
      throw asStoreError(store, error);
    }
  });
}

async function withDeadline<T>(
  { timeoutMs = STORE_TIMEOUT_MS, deadline }: AskOptions,
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  if (deadline !== undefined) return work(deadline);
  const own = new Deadline(timeoutMs);
  try {
    return await work(own);
  } finally {
    own.end();
  }
}

function isTransient(error: unknown): boolean {
  const reason = reasonOf(error);
  return isStoreFault(error) && !(error instanceof StoreTimeout) && !isOverload(reason) && !full.test(reason);
}

/** Whether a store failed because it has more to do than it can. */
export function isOverload(reason: string): boolean {
  return overload.test(reason);
}

/** Stores throw plain errors; mistakes in this code are TypeErrors and the like, or have SQLite's name for them in their text. */
function isStoreFault(error: unknown): boolean {
  if (error instanceof StoreTimeout) return true;
  return error instanceof Error && error.name === "Error" && !mistake.test(error.message);
}

function asStoreError(store: StoreName, error: unknown): unknown {
  return isStoreFault(error) ? new StoreError(store, error) : error;
}
