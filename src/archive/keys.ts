import { sha256 } from "../events/received.ts";

/** R2's limit of a key (developers.cloudflare.com/r2/platform/limits). */
export const MAX_KEY_BYTES = 1024;

/** `calls/`, a slash, and `superseded/{sha256}.json`, the longest name below it. */
const KEY_BYTES_BESIDE_THE_ID = "calls//superseded/.json".length + 64;

/**
 * Returns the prefix of all objects of a call: `calls/{call_id}/`, the id percent-encoded, so that no id can leave its
 * folder. An id too long for a key is `%sha256-` and its SHA-256, which no id encodes to.
 */
export async function callPrefix(callId: string): Promise<string> {
  // Tools that take a key for a path would resolve `..`.
  const encoded = /^\.+$/.test(callId) ? callId.replaceAll(".", "%2E") : encodeURIComponent(callId);
  // Percent-encoding leaves nothing but ASCII: characters are bytes.
  const fits = encoded.length + KEY_BYTES_BESIDE_THE_ID <= MAX_KEY_BYTES;
  return `calls/${fits ? encoded : `%sha256-${await sha256(callId)}`}/`;
}

/** The key of the `call.end` body of a call. */
export function transcriptKey(prefix: string): string {
  return `${prefix}transcript.json`;
}

/** The key of the audio of a call. */
export function recordingKey(prefix: string, extension: string): string {
  return `${prefix}recording.${extension}`;
}

/** The key of a `call.end` body that a correction of the same call outranked. */
export function supersededKey(prefix: string, bodySha256: string): string {
  return `${prefix}superseded/${bodySha256}.json`;
}

/** The key of a body with a value too large for D1's 2 MB a row. */
export function overflowKey(prefix: string, bodySha256: string): string {
  return `${prefix}overflow/${bodySha256}.json`;
}
