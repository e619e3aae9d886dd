import pMap from "p-map";
import { askStore, MAX_CONNECTIONS } from "../stores/ask.ts";
import { callPrefix } from "./keys.ts";

/** A whole body, of which a value is too large for D1's 2 MB a row. */
export interface OverflowObject {
  key: string;
  body: ArrayBuffer;
}

/** Puts a whole body into R2. Safe to repeat: the key has the body's digest. */
export async function putOverflow(bucket: R2Bucket, { key, body }: OverflowObject, until: number): Promise<void> {
  const options = { httpMetadata: { contentType: "application/json" } };
  await askStore("R2", () => bucket.put(key, body, options), { until });
}

/** Returns whether the archive has an object of a call. */
export async function hasCallObjects(bucket: R2Bucket, callId: string): Promise<boolean> {
  const prefix = await callPrefix(callId);
  const { objects } = await askStore("R2", () => bucket.list({ prefix, limit: 1 }));
  return objects.length > 0;
}

/**
 * Deletes all objects of calls. Safe to repeat.
 * @returns how many objects were deleted
 */
export async function deleteCallObjects(bucket: R2Bucket, callIds: readonly string[]): Promise<number> {
  const deleted = await pMap(
    callIds,
    async (callId) => {
      const prefix = await callPrefix(callId);
      for (let count = 0; ; ) {
        // A listing has no deleted objects, so each starts at the beginning. R2 lists and deletes up to 1,000 at a time.
        const { objects, truncated } = await askStore("R2", () => bucket.list({ prefix }));
        if (objects.length > 0) await askStore("R2", () => bucket.delete(objects.map(({ key }) => key)));
        count += objects.length;
        if (!truncated) return count;
      }
    },
    { concurrency: MAX_CONNECTIONS },
  );
  return deleted.reduce((sum, count) => sum + count, 0);
}
