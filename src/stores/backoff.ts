const FIRST_DELAY_SECONDS = 5;
/** A queue delays a message by 24 hours at the most (developers.cloudflare.com/queues/platform/limits). */
const MAX_DELAY_SECONDS = 24 * 60 * 60;

/**
 * How long to wait before the next attempt, in seconds: doubling, and at random in the upper half of that, so that what
 * failed together does not come back together.
 * @param attempts how often it was tried so far, 1 or more
 * @param askedSeconds what the other side asked for; it never shortens the wait below what it asked
 * @param random 0 up to 1
 */
export function delaySeconds(attempts: number, askedSeconds = 0, random = Math.random()): number {
  const doubled = FIRST_DELAY_SECONDS * 2 ** (attempts - 1);
  const jittered = Math.ceil(doubled * (0.5 + random / 2));
  return Math.min(Math.max(jittered, askedSeconds), MAX_DELAY_SECONDS);
}
