import { isJsonObject } from "../events/fields.ts";
import type { Turn } from "../events/turns.ts";
import { turnsOf } from "../events/turns.ts";

/**
 * What was said in a call, read from its `call.end` body.
 * @param key `calls.transcript_key`
 * @returns `undefined` when there is no object under the key
 */
export async function readConversation(bucket: R2Bucket, key: string): Promise<Turn[] | undefined> {
  const object = await bucket.get(key);
  if (object === null) return undefined;
  const body: unknown = await object.json();
  return isJsonObject(body) ? turnsOf(body) : [];
}
