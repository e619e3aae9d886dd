import { overflowKey, quarantineKey } from "./keys.ts";

const contentType = "application/json";

/** Keeps a body whole that D1's 2 MB a row had to cut. Safe to repeat: the key is the body's digest. */
export async function keepOverflow(bucket: R2Bucket, body: ArrayBuffer, digest: string, receivedAt: string) {
  await bucket.put(overflowKey(digest, receivedAt), body, { httpMetadata: { contentType } });
}

/** Why a body is in quarantine; the words are kept with it. */
export interface QuarantineReason {
  /** `not-an-object`, `misfit` or `unrecognised`. */
  kind: string;
  detail: string;
}

/** R2 holds 8,192 bytes of metadata an object; a body with thousands of misfits gives thousands of reasons. */
const MAX_DETAIL_CHARACTERS = 1000;

/**
 * Keeps a signed body that did not fit, with the reason, so that it can be played again once the ledger knows it.
 * @param receivedAt ISO 8601 UTC
 */
export async function quarantine(
  bucket: R2Bucket,
  body: ArrayBuffer,
  digest: string,
  receivedAt: string,
  { kind, detail }: QuarantineReason,
): Promise<void> {
  await bucket.put(quarantineKey(digest, receivedAt), body, {
    httpMetadata: { contentType },
    customMetadata: { reason: kind, detail: detail.slice(0, MAX_DETAIL_CHARACTERS), received_at: receivedAt },
  });
}
