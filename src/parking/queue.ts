import * as z from "zod";
import type { Received } from "../events/received.ts";
import { askStore } from "../stores/ask.ts";
import { gunzip, gzip, type Parking } from "./parking.ts";

/** A queue takes 128 KB of 1,000 bytes a message (developers.cloudflare.com/queues/platform/limits). */
const MAX_GZIP_BYTES = 126_000;

/** Parks in the sync queue, for when neither R2 nor D1 answers: it delivers the body to this Worker by itself. */
export function queueParking(queue: Queue): Parking {
  return {
    store: "queue",
    async park({ platform, body, sha256, receivedAt }, _reason, timeoutMs) {
      const parked = new Uint8Array(await gzip(body));
      if (parked.byteLength > MAX_GZIP_BYTES) throw new Error("too large for a message, even compressed");
      // Structured clone and not JSON, which has no bytes.
      const message = { parked, platform, sha256, received_at: receivedAt };
      await askStore("queue", () => queue.send(message, { contentType: "v8" }), { timeoutMs });
    },
  };
}

const parkedMessage = z.object({
  parked: z.instanceof(Uint8Array),
  platform: z.string(),
  sha256: z.string(),
  received_at: z.string(),
});

/**
 * The body that a message of a queue carries; `undefined` when it is a message of another kind.
 * @throws {CorruptBody} when it cannot be unpacked
 */
export async function readParkedMessage(message: unknown): Promise<Received | undefined> {
  const parsed = parkedMessage.safeParse(message);
  if (!parsed.success) return undefined;
  const { parked, platform, sha256, received_at } = parsed.data;
  return { platform, body: await gunzip(parked), sha256, receivedAt: received_at };
}
