export type StoreName = "D1" | "R2" | "queue";

/** A store that did not answer in time. What it was asked may have happened all the same. */
export class StoreTimeout extends Error {
  override name = "StoreTimeout";
}

/** What a store can never take, however often it is asked. */
export class Unfit extends Error {
  override name = "Unfit";
}

/** Pauses before the second and the third try, in milliseconds. */
const PAUSES = [50, 200];

/** More of the same makes these worse (developers.cloudflare.com/d1/observability/debug-d1, R2 error codes). */
const overload = /overloaded|exceeded timeout|exceeded memory|\b(10043|10058)\b/i;

/**
 * Asks a store for idempotent work: up to three tries with jitter, and never longer than the limit in all, since a store
 * that hangs must not hold an answer. An error after the store has committed is covered by the repetition.
 * @param work gets the number of tries that failed before this one
 * @param limit milliseconds, over all tries
 * @throws the last error, or {@link StoreTimeout}
 */
export async function attempt<T>(work: (failedTries: number) => Promise<T>, limit: number): Promise<T> {
  const deadline = Date.now() + limit;
  for (let failedTries = 0; ; failedTries++) {
    try {
      return await within(deadline - Date.now(), work(failedTries));
    } catch (error) {
      const pause = (PAUSES[failedTries] ?? Number.POSITIVE_INFINITY) * (0.5 + Math.random() / 2);
      const hopeless =
        error instanceof StoreTimeout ||
        error instanceof Unfit ||
        (error instanceof Error && overload.test(error.message));
      if (hopeless || Date.now() + pause >= deadline) throw error;
      await scheduler.wait(pause);
    }
  }
}

function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => reject(new StoreTimeout("no answer in time")), milliseconds);
  work.then(resolve, reject).then(() => clearTimeout(timer));
  return promise;
}
