import type { Received } from "../events/received.ts";
import { overflowKey } from "./keys.ts";

/** Keeps a body whole that D1's 2 MB a row had to cut. Safe to repeat: the key is the body's digest. */
export async function keepOverflow(bucket: R2Bucket, { body, digest }: Received): Promise<void> {
  await bucket.put(overflowKey(digest), body, { httpMetadata: { contentType: "application/json" } });
}
