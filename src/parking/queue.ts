import * as z from "zod";
import type { Received } from "../events/received.ts";
import { askStore } from "../stores/ask.ts";
import { CorruptBody, gunzip, gzip, type Parking } from "./parking.ts";

/** A queue takes 128 KB of 1,000 bytes a message (developers.cloudflare.com/queues/platform/limits). */
const MAX_GZIP_BYTES = 126_000;

/** Parks in the sync queue, which delivers the body to this Worker by itself. */
export function queueParking(queue: Queue): Parking {
  return {
    store: "queue",
    async park({ platform, body, sha256, receivedAt }, _reason, timeoutMs, dueAt = receivedAt) {
      const parked = new Uint8Array(await gzip(body));
      if (parked.byteLength > MAX_GZIP_BYTES) throw new Error("too large for a message, even compressed");
      // Structured clone and not JSON, which has no bytes.
      const message: ParkedMessage = { parked, size: body.byteLength, platform, sha256, received_at: receivedAt };
      const delaySeconds = Math.max(0, Math.ceil((Date.parse(dueAt) - Date.now()) / 1000));
      await askStore("queue", () => queue.send(message, { contentType: "v8", delaySeconds }), { timeoutMs });
    },
  };
}

const parkedMessage = z.object({
  parked: z.instanceof(Uint8Array),
  size: z.number().describe("bytes of the body, unpacked"),
  platform: z.string(),
  sha256: z.string(),
  received_at: z.string(),
});

/** A message of a queue that carries a body. */
export type ParkedMessage = z.infer<typeof parkedMessage>;

/** What a message carries; `undefined` when it is a message of another kind. */
export function readParkedMessage(message: unknown): ParkedMessage | undefined {
  return parkedMessage.safeParse(message).data;
}

export async function unpackMessage(message: ParkedMessage): Promise<Received | CorruptBody> {
  const { parked, platform, sha256, received_at: receivedAt } = message;
  const body = await gunzip(parked);
  return body instanceof CorruptBody ? body : { platform, body, sha256, receivedAt };
}
