import * as z from "zod";
import type { Received } from "../events/received.ts";
import { askStore } from "../stores/ask.ts";
import { MAX_KEY_BYTES, QUARANTINE_PREFIX, quarantineKey } from "./keys.ts";

/** Why a body is in quarantine; kept in its metadata. */
export const quarantineReasons = ["not-an-object", "invalid", "unrecognised", "id-reused"] as const;
export type QuarantineReason = (typeof quarantineReasons)[number];

/** A body in quarantine, without the body. */
export interface QuarantinedItem {
  key: string;
  platform: string;
  /** One of {@link quarantineReasons}; free text, since an older deployment may have written another. */
  reason: string;
  /** For people: the fields that do not fit. */
  detail: string;
  /** ISO 8601 UTC. */
  received_at: string;
  /** Bytes. */
  size: number;
}

/** A key of the quarantine as a request names it: it leads to nothing else in the archive. */
export const keyInQuarantine = z
  .string()
  .startsWith(QUARANTINE_PREFIX)
  .refine((key) => new TextEncoder().encode(key).byteLength <= MAX_KEY_BYTES, "is longer than a key can be");

/** Of R2 (developers.cloudflare.com/r2/api/workers/workers-api-reference). */
const MAX_LISTED = 1000;

/** R2 keeps 8,192 bytes of metadata an object; a body with thousands of wrong fields has thousands of reasons. */
const MAX_DETAIL_CHARACTERS = 1000;

/** Keeps a signed body that did not fit, with the reason, so that it can be replayed. Safe to repeat. */
export async function putQuarantined(
  bucket: R2Bucket,
  { platform, body, sha256, receivedAt }: Received,
  reason: QuarantineReason,
  detail: string,
): Promise<void> {
  const customMetadata = {
    platform,
    reason,
    detail: detail.slice(0, MAX_DETAIL_CHARACTERS),
    received_at: receivedAt,
    sha256,
  };
  await askStore("R2", () =>
    bucket.put(quarantineKey(sha256, receivedAt), body, {
      httpMetadata: { contentType: "application/json" },
      customMetadata,
    }),
  );
}

/**
 * A page of the quarantine, oldest day first: a walk through all of it meets what comes in meanwhile. `cursor` is absent on the last page.
 * @param cursor the key of the last body of the page before. R2 has cursors too, and throws at one that is not its own
 */
export async function walkQuarantine(
  bucket: R2Bucket,
  limit: number,
  cursor?: string,
): Promise<{ items: QuarantinedItem[]; cursor: string | undefined }> {
  const page = await askStore("R2", () =>
    bucket.list({
      prefix: QUARANTINE_PREFIX,
      limit,
      include: ["customMetadata"],
      ...(cursor !== undefined && { startAfter: cursor }),
    }),
  );
  return { items: page.objects.map(itemOf), cursor: page.truncated ? page.objects.at(-1)?.key : undefined };
}

/**
 * A page of the quarantine for people, newest day first, within a day in the order of the keys; `cursor` is absent on the last page. R2 lists
 * upwards alone, so it goes down the folders of the days.
 * @param cursor the key of the last body of the page before
 */
export async function listQuarantine(
  bucket: R2Bucket,
  limit: number,
  cursor?: string,
): Promise<{ items: QuarantinedItem[]; cursor: string | undefined }> {
  const objects: R2Object[] = [];
  for await (const day of daysDown(bucket, cursor)) {
    let startAfter = cursor?.startsWith(day) ? cursor : day;
    for (let isTruncated = true; isTruncated && objects.length <= limit; ) {
      const after = startAfter;
      const page = await askStore("R2", () =>
        // One more than the page has shows whether there is another page.
        bucket.list({
          prefix: day,
          startAfter: after,
          limit: Math.min(limit + 1 - objects.length, MAX_LISTED),
          include: ["customMetadata"],
        }),
      );
      objects.push(...page.objects);
      isTruncated = page.truncated;
      startAfter = page.objects.at(-1)?.key ?? startAfter;
    }
    if (objects.length > limit) break;
  }
  const items = objects.slice(0, limit).map(itemOf);
  return { items, cursor: objects.length > limit ? items.at(-1)?.key : undefined };
}

/** The folders of the days with bodies, newest first, from the day of a key on. */
async function* daysDown(bucket: R2Bucket, from: string | undefined): AsyncGenerator<string> {
  for (const year of await foldersDown(bucket, QUARANTINE_PREFIX, from)) {
    for (const month of await foldersDown(bucket, year, from)) yield* await foldersDown(bucket, month, from);
  }
}

async function foldersDown(bucket: R2Bucket, prefix: string, from: string | undefined): Promise<string[]> {
  const { delimitedPrefixes } = await askStore("R2", () => bucket.list({ prefix, delimiter: "/" }));
  return delimitedPrefixes
    .filter((folder) => from === undefined || folder <= from.slice(0, folder.length))
    .sort()
    .reverse();
}

function itemOf({ key, size, uploaded, customMetadata }: R2Object): QuarantinedItem {
  return {
    key,
    platform: customMetadata?.["platform"] ?? "",
    reason: customMetadata?.["reason"] ?? "",
    detail: customMetadata?.["detail"] ?? "",
    received_at: customMetadata?.["received_at"] ?? uploaded.toISOString(),
    size,
  };
}

/** A body in quarantine as it was received; `undefined` when there is none under the key. */
export async function readQuarantined(bucket: R2Bucket, key: string): Promise<Received | undefined> {
  return askStore("R2", async () => {
    const object = await bucket.get(key);
    const { platform, sha256, received_at: receivedAt } = object?.customMetadata ?? {};
    if (object === null || platform === undefined || sha256 === undefined || receivedAt === undefined) return undefined;
    return { platform, body: await object.arrayBuffer(), sha256, receivedAt };
  });
}

/**
 * The beginning of a body in quarantine, to look at; `undefined` when there is none under the key.
 * @param limit bytes
 */
export async function peekQuarantined(
  bucket: R2Bucket,
  key: string,
  limit: number,
): Promise<(QuarantinedItem & { beginning: ArrayBuffer }) | undefined> {
  return askStore("R2", async () => {
    const object = await bucket.get(key);
    if (object === null) return undefined;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    // Not by a range: R2 refuses one of an empty body.
    for await (const chunk of object.body) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= limit) break;
    }
    return { ...itemOf(object), beginning: await new Blob(chunks).slice(0, limit).arrayBuffer() };
  });
}

/** Deletes bodies of the quarantine, a thousand at the most. Safe to repeat. */
export function removeQuarantined(bucket: R2Bucket, keys: readonly string[]): Promise<void> {
  return askStore("R2", () => bucket.delete([...keys]));
}
