import { log } from "../log.ts";
import { type HeldBody, readMetadata, removeHeld } from "./held.ts";
import { listNewestQuarantined, type QuarantineFilter } from "./list.ts";

/** Bodies that one request discards, each with a line in the log. */
export const DISCARDS_A_REQUEST = 500;

/**
 * Discards bodies of the quarantine by their keys. There is no way back. Safe to repeat.
 * @returns how many there were
 */
export async function discardKeys(bucket: R2Bucket, keys: readonly string[]): Promise<number> {
  const bodies = await readMetadata(bucket, [...new Set(keys)]);
  await discard(bucket, bodies);
  return bodies.length;
}

/**
 * Discards a page of the bodies that a filter means, newest day first. There is no way back. Safe to repeat.
 * @param after the `next` of the page before
 */
export async function discardPage(
  bucket: R2Bucket,
  filter: QuarantineFilter,
  after?: string,
): Promise<{ discarded: number; next: string | undefined }> {
  const { bodies, next } = await listNewestQuarantined(bucket, DISCARDS_A_REQUEST, after, filter);
  await discard(bucket, bodies);
  return { discarded: bodies.length, next };
}

/** Removes bodies, and logs which, with nothing of what is in them. */
async function discard(bucket: R2Bucket, bodies: readonly HeldBody[]): Promise<void> {
  await removeHeld(
    bucket,
    bodies.map(({ key }) => key),
  );
  for (const { key, reason, platform } of bodies) log({ message: "discarded from quarantine", key, reason, platform });
}
