const FIRST_DELAY_SECONDS = 5;

/**
 * Twelve retries of six hours are three days: a queue keeps a message for four
 * (developers.cloudflare.com/queues/platform/limits), and one that outlived it would never come to an end.
 */
const MAX_DELAY_SECONDS = 6 * 60 * 60;

/**
 * Seconds to wait before the next attempt: doubling, and at random in the upper half of that, so that what failed together
 * does not come back together.
 * @param attempts made so far, 1 or more
 * @param retryAfterSeconds the least that the other side wants; six hours at the most are granted
 * @param random 0 up to 1
 */
export function backoffSeconds(attempts: number, retryAfterSeconds = 0, random = Math.random()): number {
  const doubled = FIRST_DELAY_SECONDS * 2 ** (attempts - 1);
  const jittered = Math.ceil(doubled * (0.5 + random / 2));
  return Math.min(Math.max(jittered, retryAfterSeconds), MAX_DELAY_SECONDS);
}
