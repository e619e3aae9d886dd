import { Deadline, StoreTimeout } from "./deadline.ts";

export type StoreName = "D1" | "R2" | "queue";

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
  const deadline = new Deadline(limit);
  try {
    return await attemptUntil(deadline, work);
  } finally {
    deadline.end();
  }
}

/** The same, within a limit that others may share. */
export async function attemptUntil<T>(deadline: Deadline, work: (failedTries: number) => Promise<T>): Promise<T> {
  for (let failedTries = 0; ; failedTries++) {
    try {
      return await deadline.within(work(failedTries));
    } catch (error) {
      const pause = (PAUSES[failedTries] ?? Number.POSITIVE_INFINITY) * (0.5 + Math.random() / 2);
      const hopeless =
        error instanceof StoreTimeout ||
        error instanceof Unfit ||
        (error instanceof Error && overload.test(error.message));
      if (hopeless || pause >= deadline.left) throw error;
      await scheduler.wait(pause);
    }
  }
}
