import { sha256 } from "../events/digest.ts";

/** Bytes of an R2 key at the most (developers.cloudflare.com/r2/platform/limits). */
export const MAX_KEY_BYTES = 1024;

/**
 * Where the `call.end` body of a call is: `transcripts/{yyyy}/{mm}/{dd}/{call_id}.json`, the id percent-encoded, so that
 * no id can leave its folder or meet another's. An id too long for a key is named by its digest, in a folder of its own.
 * @param endedAt ISO 8601 UTC
 */
export async function transcriptKey(callId: string, endedAt: string): Promise<string> {
  const key = `transcripts/${day(endedAt)}/${encodeURIComponent(callId)}.json`;
  // Percent-encoding leaves nothing but ASCII: characters are bytes.
  if (key.length <= MAX_KEY_BYTES) return key;
  return `transcripts/${day(endedAt)}/long-ids/${await sha256(new TextEncoder().encode(callId))}.json`;
}

/** Where a `call.end` body is that a correction of the same call outranks. */
export function supersededKey(digest: string, endedAt: string): string {
  return `${supersededPrefix(endedAt)}${digest}.json`;
}

/** What the keys of a day's superseded bodies begin with. */
export function supersededPrefix(endedAt: string): string {
  return `superseded/${day(endedAt)}/`;
}

/** Where a body is whole that D1's 2 MB a row had to cut. */
export function overflowKey(digest: string): string {
  return `overflow/${digest}.json`;
}

/** The keys of such bodies that are named in a text. */
export function overflowKeysIn(text: string): ReadonlySet<string> {
  return new Set(text.match(/overflow\/[0-9a-f]{64}\.json/g));
}

export const QUARANTINE_PREFIX = "quarantine/";

/** Where a signed body is that did not fit. */
export function quarantineKey(digest: string, receivedAt: string): string {
  return `${QUARANTINE_PREFIX}${day(receivedAt)}/${digest}.json`;
}

function day(instant: string): string {
  return instant.slice(0, "2024-07-15".length).replaceAll("-", "/");
}
