import { gzipSync } from "node:zlib";
import type { TestEvent } from "./make-call.ts";

/** The message by which the sync queue holds a body of Atoms, received a minute ago. */
export function queueMessage({ body, sha256 }: Pick<TestEvent, "body" | "sha256">) {
  return {
    body: {
      parked: new Uint8Array(gzipSync(body)),
      size: Buffer.byteLength(body),
      platform: "atoms",
      sha256,
      received_at: new Date(Date.now() - 60_000).toISOString(),
    },
    contentType: "v8" as const,
  };
}
