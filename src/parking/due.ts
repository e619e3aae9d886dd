import type { ParkedItem } from "./parked.ts";

const MINUTE_MILLISECONDS = 60_000;

/** Every minute so long, then about four tries in each doubling of the age, and never further apart than the last. */
const EAGER_MINUTES = 8;
const MAX_STEP_MINUTES = 16;

/**
 * Whether a parked body is tried in this minute. The back-off is in its age, so nothing has to be written after a try that
 * failed, and a body that fails for ever takes ever fewer turns from the others. Bodies of the same age take their turns in
 * different minutes, by their digests: otherwise a crowd that fails for ever would stand before its neighbour for ever.
 */
export function isDue({ received_at, digest }: Pick<ParkedItem, "received_at" | "digest">, now: Date): boolean {
  const minutes = Math.floor((now.getTime() - Date.parse(received_at)) / MINUTE_MILLISECONDS);
  if (minutes < EAGER_MINUTES) return true;
  const step = Math.min(2 ** (Math.floor(Math.log2(minutes)) - 2), MAX_STEP_MINUTES);
  return (minutes + Number.parseInt(digest.slice(0, 6), 16)) % step === 0;
}
