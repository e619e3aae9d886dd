import { askStore } from "../stores/ask.ts";
import type { Deadline } from "../stores/deadline.ts";
import { callPrefix } from "./keys.ts";

/** A body that R2 keeps whole, since something in it is too large for D1's 2 MB a row. */
export interface OverflowObject {
  key: string;
  body: ArrayBuffer;
}

/** Keeps a body whole. Safe to repeat: the key is the body's digest. */
export async function putOverflow(bucket: R2Bucket, { key, body }: OverflowObject, deadline: Deadline): Promise<void> {
  const options = { httpMetadata: { contentType: "application/json" } };
  await askStore("R2", () => bucket.put(key, body, options), { deadline });
}

/** Whether the archive has anything of a call. */
export async function hasCallObjects(bucket: R2Bucket, callId: string): Promise<boolean> {
  const prefix = await callPrefix(callId);
  const { objects } = await askStore("R2", () => bucket.list({ prefix, limit: 1 }));
  return objects.length > 0;
}

/**
 * Deletes everything that the archive has of a call. Safe to repeat.
 * @returns how many objects went
 */
export async function deleteCallObjects(bucket: R2Bucket, callId: string): Promise<number> {
  const prefix = await callPrefix(callId);
  let deleted = 0;
  for (;;) {
    // What was listed is gone with the next listing, so each begins at the beginning. R2 deletes as many at a time as it lists.
    const { objects } = await askStore("R2", () => bucket.list({ prefix }));
    if (objects.length === 0) return deleted;
    await askStore("R2", () => bucket.delete(objects.map(({ key }) => key)));
    deleted += objects.length;
  }
}

/** Pages of a thousand that are counted: some seconds, and every page is a billed listing. */
const MAX_PAGES = 50;

/** Counts the objects under a prefix, 50,000 at the most, and finds the oldest among them, ISO 8601 UTC. */
export async function countObjects(
  bucket: R2Bucket,
  prefix: string,
): Promise<{ count: number; oldest: string | null }> {
  let count = 0;
  let oldest: string | null = null;
  let startAfter: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const options = { prefix, ...(startAfter !== undefined && { startAfter }) };
    const { objects, truncated } = await askStore("R2", () => bucket.list(options));
    count += objects.length;
    for (const { uploaded } of objects) {
      const at = uploaded.toISOString();
      if (oldest === null || at < oldest) oldest = at;
    }
    startAfter = objects.at(-1)?.key;
    if (!truncated) break;
  }
  return { count, oldest };
}
