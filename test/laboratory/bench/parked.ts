import "../../support/hex.ts";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import pMap from "p-map";
import { type Received, readAgain } from "../../../src/events/received.ts";
import { type HeldState, hold } from "../../../src/held/held.ts";
import type { BodyMessage } from "../../../src/held/message.ts";

const CONCURRENCY = 16;
const TIMEOUT_MILLISECONDS = 60_000;
const MESSAGES_A_BATCH = 100;

/** A body of Atoms as a ledger received it. */
export function received(body: Buffer | string, receivedAt: string): Received {
  const bytes = new Uint8Array(Buffer.from(body)).buffer;
  const sha256 = createHash("sha256").update(body).digest("hex");
  return readAgain({ platform: "atoms", body: bytes, sha256, receivedAt });
}

const reasons: Record<HeldState, string> = { parked: "D1", quarantined: "unrecognised" };

/** Holds bodies in R2, each made when it is its turn. */
export async function holdAll(bodies: Iterable<Received>, state: HeldState, bucket: R2Bucket): Promise<void> {
  const about = { reason: reasons[state], detail: "" };
  await pMap(bodies, (body) => hold(bucket, body, state, about, Date.now() + TIMEOUT_MILLISECONDS), {
    concurrency: CONCURRENCY,
  });
}

/** Sends bodies by the sync queue, as the Worker does while R2 is down. */
export async function sendToQueue(bodies: readonly Received[], queue: Queue): Promise<void> {
  for (let from = 0; from < bodies.length; from += MESSAGES_A_BATCH) {
    const messages = bodies.slice(from, from + MESSAGES_A_BATCH).map((received) => ({
      body: {
        gzip: new Uint8Array(gzipSync(received.body)),
        size: received.body.byteLength,
        platform: received.platform,
        sha256: received.sha256,
        received_at: received.receivedAt,
      } satisfies BodyMessage,
      contentType: "v8" as const,
    }));
    await queue.sendBatch(messages);
  }
}
