/** A body whose signature was right, with its digest and the time it came in. */
export interface Received {
  /** The name of the platform that sent it. */
  platform: string;
  body: ArrayBuffer;
  /** SHA-256 of the body without the members that differ from one delivery of it to the next, hex. */
  sha256: string;
  /** ISO 8601 UTC. */
  receivedAt: string;
}

/** SHA-256 of some bytes, or of the UTF-8 of a text, in hex. */
export async function sha256(content: ArrayBuffer | Uint8Array | string): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
