import { isJsonObject } from "../events/fields.ts";
import type { Turn } from "../platforms/turns.ts";
import { turnsOf } from "../platforms/turns.ts";

/** What was said in a call, as the archive has it. */
export interface ArchivedConversation {
  turns: Turn[];
  /** Of the body among those of its call, as in `calls.sources`; empty when the object does not say. */
  version: string;
}

/**
 * Reads what was said in a call from its `call.end` body.
 * @param key `calls.transcript_key`
 * @returns `undefined` when there is no object under the key
 */
export async function readConversation(bucket: R2Bucket, key: string): Promise<ArchivedConversation | undefined> {
  const object = await bucket.get(key);
  if (object === null) return undefined;
  const body: unknown = await object.json();
  return { turns: isJsonObject(body) ? turnsOf(body) : [], version: object.customMetadata?.["version"] ?? "" };
}
