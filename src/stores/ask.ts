import { reasonOf } from "../log.ts";

export type StoreName = "D1" | "R2" | "queue";

/** A store failed, or did not answer in time. The work may have been done all the same. */
export class StoreError extends Error {
  override name = "StoreError";

  readonly store: StoreName;

  constructor(store: StoreName, cause: unknown) {
    super(reasonOf(cause), { cause });
    this.store = store;
  }
}

/** A store did not answer before its deadline. */
class StoreTimeout extends Error {
  override name = "StoreTimeout";
}

/** Time that a store has for all tries of one request. */
export const STORE_TIMEOUT_MS = 4_000;

/**
 * Time for a query that may have to read every call. D1 itself gives up after 30 s
 * (developers.cloudflare.com/d1/platform/limits).
 */
export const LONG_QUERY_TIMEOUT_MS = 15_000;

/** Connections that a Worker may open at once (developers.cloudflare.com/workers/platform/limits). */
export const MAX_CONNECTIONS = 6;

/** Longest waits before the second and the third try. */
const RETRY_DELAYS_MS = [50, 200];

/** Errors of an overloaded store (developers.cloudflare.com/d1/observability/debug-d1, R2 error codes): retries make it worse. */
const overload = /overloaded|exceeded (?:timeout|its (?:memory|CPU))|Too many API requests|\b(?:10043|10058)\b/i;

/** D1's error when it is full: no retry makes room. */
const full = /Exceeded maximum DB size/i;

/** Returns whether D1 refused a write because it is full. It still reads, deletes rows, and writes what needs no further page. */
export function saysFull(reason: string): boolean {
  return full.test(reason);
}

/** Returns whether a store is overloaded or full: no single body is to blame for that. */
export function isLoad(reason: string): boolean {
  return overload.test(reason) || full.test(reason);
}

/** Mistakes in a statement or in a value: a retry ends the same, and no store is to blame. */
const mistake = /SQLITE_(ERROR|CONSTRAINT|MISMATCH|TOOBIG|RANGE)/;

interface AskOptions {
  timeoutMs?: number;
  /** Milliseconds since 1970 by which the store has to have answered, in place of `timeoutMs`. */
  until?: number;
}

/**
 * Asks a store for work that is safe to repeat: up to three tries with jitter, all before one deadline.
 * @throws {StoreError} when the store fails or does not answer; mistakes in this code are thrown as they are
 */
export async function askStore<T>(store: StoreName, work: () => Promise<T>, options: AskOptions = {}): Promise<T> {
  const until = untilOf(options);
  for (let failedTries = 0; ; failedTries++) {
    try {
      return await before(until, work());
    } catch (error) {
      const delayMs = (RETRY_DELAYS_MS[failedTries] ?? Number.POSITIVE_INFINITY) * (0.5 + Math.random() / 2);
      if (!isTransient(error) || Date.now() + delayMs >= until) throw asStoreError(store, error);
      await scheduler.wait(delayMs);
    }
  }
}

/**
 * Asks a store for work that must not be repeated.
 * @throws {StoreError} when the store fails or does not answer; mistakes in this code are thrown as they are
 */
export async function askStoreOnce<T>(store: StoreName, work: () => Promise<T>, options: AskOptions = {}): Promise<T> {
  try {
    return await before(untilOf(options), work());
  } catch (error) {
    throw asStoreError(store, error);
  }
}

function untilOf({ timeoutMs = STORE_TIMEOUT_MS, until = Date.now() + timeoutMs }: AskOptions): number {
  return until;
}

async function before<T>(until: number, work: Promise<T>): Promise<T> {
  const { promise: passed, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new StoreTimeout("no answer in time")), Math.max(0, until - Date.now()));
  try {
    return await Promise.race([work, passed]);
  } finally {
    clearTimeout(timer);
  }
}

function isTransient(error: unknown): boolean {
  return isStoreFault(error) && !(error instanceof StoreTimeout) && !isLoad(reasonOf(error));
}

/** Stores throw plain errors; mistakes in this code are TypeErrors and the like, or have SQLite's name for them in their text. */
function isStoreFault(error: unknown): boolean {
  if (error instanceof StoreTimeout) return true;
  return error instanceof Error && error.name === "Error" && !mistake.test(error.message);
}

function asStoreError(store: StoreName, error: unknown): unknown {
  return isStoreFault(error) ? new StoreError(store, error) : error;
}
