/** A verified body, and when it came in. */
export interface Received {
  body: ArrayBuffer;
  /** SHA-256 of the body, hex. */
  digest: string;
  /** ISO 8601 UTC. */
  receivedAt: string;
}
