const FIRST_DELAY_SECONDS = 5;

/**
 * Twelve retries of six hours are three days: a queue keeps a message for four
 * (developers.cloudflare.com/queues/platform/limits), and one that it drops never reaches the dead-letter queue.
 */
const MAX_DELAY_SECONDS = 6 * 60 * 60;

/**
 * Returns the seconds to wait before the next attempt: doubled each time, with jitter, so that attempts which failed together do not
 * come back together.
 * @param attempts made so far, 1 or more
 * @param retryAfterSeconds the least that the other side asks for; more than six hours count as six
 * @param random 0 up to 1
 */
export function backoffSeconds(attempts: number, retryAfterSeconds = 0, random = Math.random()): number {
  const doubled = FIRST_DELAY_SECONDS * 2 ** (attempts - 1);
  const jittered = Math.ceil(doubled * (0.5 + random / 2));
  return Math.min(Math.max(jittered, retryAfterSeconds), MAX_DELAY_SECONDS);
}
