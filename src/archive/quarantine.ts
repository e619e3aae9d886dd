import type { Received } from "../events/received.ts";
import { QUARANTINE_PREFIX, quarantineKey } from "./keys.ts";

/** Why a body is in quarantine; the words are kept with it. */
export interface QuarantineReason {
  /** `not-an-object`, `misfit` or `unrecognised`. */
  reason: string;
  detail: string;
}

/** A body in quarantine, without the body. */
export interface QuarantinedItem extends QuarantineReason {
  key: string;
  /** ISO 8601 UTC. */
  received_at: string;
  /** Bytes. */
  size: number;
}

/** R2 holds 8,192 bytes of metadata an object; a body with thousands of misfits gives thousands of reasons. */
const MAX_DETAIL_CHARACTERS = 1000;

/** Keeps a signed body that did not fit, with the reason, so that it can be played again once the ledger knows it. */
export async function quarantine(
  bucket: R2Bucket,
  { body, digest, receivedAt }: Received,
  { reason, detail }: QuarantineReason,
): Promise<void> {
  await bucket.put(quarantineKey(digest, receivedAt), body, {
    httpMetadata: { contentType: "application/json" },
    customMetadata: { reason, detail: detail.slice(0, MAX_DETAIL_CHARACTERS), received_at: receivedAt, sha256: digest },
  });
}

/**
 * A page of the quarantine, oldest day first; `cursor` is absent on the last page.
 * @param cursor of the page before: the key of its last body. R2 has cursors too, and throws at one that is not its own
 */
export async function listQuarantine(
  bucket: R2Bucket,
  limit: number,
  cursor?: string,
): Promise<{ items: QuarantinedItem[]; cursor: string | undefined }> {
  const page = await bucket.list({
    prefix: QUARANTINE_PREFIX,
    limit,
    include: ["customMetadata"],
    ...(cursor !== undefined && { startAfter: cursor }),
  });
  return { items: page.objects.map(itemOf), cursor: page.truncated ? page.objects.at(-1)?.key : undefined };
}

function itemOf({ key, size, uploaded, customMetadata }: R2Object): QuarantinedItem {
  return {
    key,
    reason: customMetadata?.["reason"] ?? "",
    detail: customMetadata?.["detail"] ?? "",
    received_at: customMetadata?.["received_at"] ?? uploaded.toISOString(),
    size,
  };
}

/** A body in quarantine as it was received; `undefined` when there is none under the key. */
export async function readQuarantined(bucket: R2Bucket, key: string): Promise<Received | undefined> {
  const object = await bucket.get(key);
  const { sha256: digest, received_at: receivedAt } = object?.customMetadata ?? {};
  if (object === null || digest === undefined || receivedAt === undefined) return undefined;
  return { body: await object.arrayBuffer(), digest, receivedAt };
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
  const object = await bucket.get(key);
  if (object === null) return undefined;
  const chunks: Uint8Array[] = [];
  // Not by a range: R2 refuses one of an empty body.
  for await (const chunk of object.body) {
    chunks.push(chunk);
    if (chunks.reduce((bytes, { byteLength }) => bytes + byteLength, 0) >= limit) break;
  }
  return { ...itemOf(object), beginning: await new Blob(chunks).slice(0, limit).arrayBuffer() };
}
