const MINUTE_MILLISECONDS = 60_000;

/** Every minute so long, then about four tries in each doubling of the age. */
const EAGER_MINUTES = 8;

/**
 * Whether a parked body is tried in this minute. The back-off is in its age, so nothing has to be written after a try that
 * failed, and a body that fails for ever takes ever fewer turns from the others.
 * @param receivedAt ISO 8601 UTC
 */
export function isDue(receivedAt: string, now: Date): boolean {
  const minutes = Math.floor((now.getTime() - Date.parse(receivedAt)) / MINUTE_MILLISECONDS);
  if (minutes < EAGER_MINUTES) return true;
  const step = 2 ** (Math.floor(Math.log2(minutes)) - 2);
  return minutes % step === 0;
}
