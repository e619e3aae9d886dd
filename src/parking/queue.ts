import * as z from "zod";
import type { Received } from "../events/received.ts";
import { Unfit } from "../stores/attempt.ts";
import { gunzip, gzip } from "./gzip.ts";
import type { ParkingPlace } from "./parked.ts";

/** A queue takes 128 KB of 1,000 bytes a message (developers.cloudflare.com/queues/platform/limits). */
const MAX_GZIP_BYTES = 126_000;

/** The sync queue, for when neither R2 nor D1 answers: it brings the body back by itself. */
export function queuePlace(queue: Queue): ParkingPlace {
  return {
    store: "queue",
    async park({ body, digest, receivedAt }) {
      const packed = new Uint8Array(await gzip(body));
      if (packed.byteLength > MAX_GZIP_BYTES) throw new Unfit("too large for a message, even compressed");
      // Structured clone and not JSON, which has no bytes.
      await queue.send({ parked: packed, digest, received_at: receivedAt }, { contentType: "v8" });
    },
  };
}

const parkedMessage = z.object({ parked: z.instanceof(Uint8Array), digest: z.string(), received_at: z.string() });

/** The body that a message of the sync queue carries; `undefined` when it is a message of another kind. */
export async function readParkedMessage(message: unknown): Promise<Received | undefined> {
  const parsed = parkedMessage.safeParse(message);
  if (!parsed.success) return undefined;
  const { parked, digest, received_at } = parsed.data;
  return { body: await gunzip([parked]), digest, receivedAt: received_at };
}
