import pMap from "p-map";
import * as z from "zod";
import { MAX_KEY_BYTES } from "../archive/keys.ts";
import type { Received, StoredBody } from "../events/received.ts";
import { askStore, MAX_CONNECTIONS } from "../stores/ask.ts";
import { type Label, labelOf, subjectsOf } from "./subjects.ts";

/** `parked`: a store failed, and the cron recovers the body. `quarantined`: the body did not fit, and a person replays it. */
export type HeldState = "parked" | "quarantined";

export const heldPrefixes: Record<HeldState, string> = { parked: "parked/", quarantined: "quarantine/" };

/**
 * Why a body is in quarantine. `not-an-object`: no JSON object. `invalid`: a field does not fit. `unrecognised`: no event that this
 * Worker knows. `id-reused`: another body has its id. `other-platform`: another platform began its call. `let-go`: its call left D1.
 * `faulty`: this code or D1 trips over it.
 */
export const quarantineReasons = [
  "not-an-object",
  "invalid",
  "unrecognised",
  "id-reused",
  "other-platform",
  "let-go",
  "faulty",
] as const;
export type QuarantineReason = (typeof quarantineReasons)[number];

/** The metadata of a held body. */
export interface HeldBody {
  key: string;
  platform: string;
  /** The store that failed if the body is parked, a {@link QuarantineReason} if it is quarantined. */
  reason: string;
  /** For people: the store's words, or the fields that do not fit. */
  detail: string;
  /** ISO 8601 UTC. */
  received_at: string;
  /** Bytes. */
  size: number;
  label: Label;
}

/** R2 allows 8,192 bytes of metadata an object; a body may have thousands of wrong fields. */
const MAX_DETAIL_CHARACTERS = 1000;

function keyOf(state: HeldState, { sha256, receivedAt }: StoredBody): string {
  const folder = state === "parked" ? `${heldPrefixes.parked}${receivedAt}/` : folderOfDay(receivedAt);
  return `${folder}${sha256}.json`;
}

/** The folder of the quarantine with the bodies of a day. */
export function folderOfDay(receivedAt: string): string {
  return `${heldPrefixes.quarantined}${receivedAt.slice(0, "2024-07-15".length).replaceAll("-", "/")}/`;
}

/**
 * Puts a body into R2, labelled with the calls and numbers that it names. Safe to repeat.
 * @param until milliseconds since 1970 by which R2 has to have answered
 * @throws {StoreError} when R2 fails
 */
export async function hold(
  bucket: R2Bucket,
  received: Received,
  state: HeldState,
  { reason, detail }: Pick<HeldBody, "reason" | "detail">,
  until: number,
): Promise<void> {
  const { platform, body, sha256, receivedAt, fetched } = received;
  const { callSha256s, numberSha256s, isPartial } = await labelOf(subjectsOf(received));
  const customMetadata = {
    platform,
    reason,
    detail: detail.slice(0, MAX_DETAIL_CHARACTERS).toWellFormed(),
    received_at: receivedAt,
    sha256,
    ...(fetched && { fetched: fetched.time }),
    calls: callSha256s.join(),
    numbers: numberSha256s.join(),
    partial: String(isPartial),
  };
  const options = { httpMetadata: { contentType: "application/json" }, customMetadata };
  await askStore("R2", () => bucket.put(keyOf(state, received), body, options), { until });
}

export function bodyOf({ key, size, uploaded, customMetadata = {} }: R2Object): HeldBody {
  const digests = (text: string | undefined) => text?.split(",").filter(Boolean) ?? [];
  return {
    key,
    platform: customMetadata["platform"] ?? "",
    reason: customMetadata["reason"] ?? "",
    detail: customMetadata["detail"] ?? "",
    received_at: customMetadata["received_at"] ?? uploaded.toISOString(),
    size,
    label: {
      callSha256s: digests(customMetadata["calls"]),
      numberSha256s: digests(customMetadata["numbers"]),
      isPartial: customMetadata["partial"] === "true",
    },
  };
}

/** Reads a held body as it was received; `undefined` if there is none under the key. */
export async function readHeld(bucket: R2Bucket, key: string): Promise<StoredBody | undefined> {
  return askStore("R2", async () => {
    const object = await bucket.get(key);
    const { platform, sha256, received_at: receivedAt, fetched: time } = object?.customMetadata ?? {};
    if (object === null || platform === undefined || sha256 === undefined || receivedAt === undefined) return undefined;
    return { platform, body: await object.arrayBuffer(), sha256, receivedAt, ...(time && { fetched: { time } }) };
  });
}

/**
 * Reads the beginning of a held body, for display; `undefined` if there is none under the key.
 * @param limit bytes
 */
export async function peekHeld(
  bucket: R2Bucket,
  key: string,
  limit: number,
): Promise<(HeldBody & { beginning: ArrayBuffer }) | undefined> {
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
    return { ...bodyOf(object), beginning: await new Blob(chunks).slice(0, limit).arrayBuffer() };
  });
}

/** Removes up to 1,000 held bodies. Safe to repeat. */
export async function removeHeld(bucket: R2Bucket, keys: readonly string[]): Promise<void> {
  if (keys.length > 0) await askStore("R2", () => bucket.delete([...keys]));
}

/** Reads the metadata of held bodies; leaves out those that are not there any more. */
export async function readMetadata(bucket: R2Bucket, keys: readonly string[]): Promise<HeldBody[]> {
  const heads = await pMap(keys, (key) => askStore("R2", () => bucket.head(key)), { concurrency: MAX_CONNECTIONS });
  return heads.flatMap((head) => (head === null ? [] : [bodyOf(head)]));
}

/** Schema of a quarantine key in a request: the prefix keeps the request from everything else in R2. */
export const keyInQuarantine = z
  .string()
  .startsWith(heldPrefixes.quarantined)
  .refine((key) => new TextEncoder().encode(key).byteLength <= MAX_KEY_BYTES, "is longer than a key can be");

/** Schema of a parked body's key in a request. */
export const keyOfParked = z
  .string()
  .startsWith(heldPrefixes.parked)
  .refine((key) => new TextEncoder().encode(key).byteLength <= MAX_KEY_BYTES, "is longer than a key can be");
