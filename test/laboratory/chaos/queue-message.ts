import { gzipSync } from "node:zlib";
import type { TestEvent } from "./make-call.ts";

const aMinuteAgo = () => new Date(Date.now() - 60_000).toISOString();

type QueuedBody = Pick<TestEvent, "body" | "sha256"> & { gzip?: Uint8Array };

/** The message by which the sync queue carries a body of Atoms while R2 is down. */
export function queueMessage({ body, sha256, gzip = gzipSync(body) }: QueuedBody) {
  return {
    body: {
      gzip: new Uint8Array(gzip),
      size: Buffer.byteLength(body),
      platform: "atoms",
      sha256,
      received_at: aMinuteAgo(),
    },
    contentType: "v8" as const,
  };
}
