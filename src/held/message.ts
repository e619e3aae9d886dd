import * as z from "zod";
import type { StoredBody } from "../events/received.ts";
import { askStore } from "../stores/ask.ts";

/** A queue takes 128,000 bytes a message, the other members included (developers.cloudflare.com/queues/platform/limits). */
const MAX_GZIP_BYTES = 126_000;

const bodyMessage = z.object({
  gzip: z.instanceof(Uint8Array),
  size: z.number().describe("bytes of the body, unpacked"),
  platform: z.string(),
  sha256: z.string(),
  received_at: z.string(),
  fetched: z.object({ time: z.string() }).optional(),
});

/** A message of the sync queue that carries a body while R2 is down. */
export type BodyMessage = z.infer<typeof bodyMessage>;

/**
 * Sends a body, compressed, through the sync queue to this Worker itself.
 * @param until milliseconds since 1970 by which the queue has to have answered
 * @returns false when the body is too large for a message
 * @throws {StoreError} when the queue fails
 */
export async function sendBody(
  queue: Queue,
  { platform, body, sha256, receivedAt, fetched }: StoredBody,
  until: number,
): Promise<boolean> {
  const gzip = new Uint8Array(await throughStream(body, new CompressionStream("gzip")));
  if (gzip.byteLength > MAX_GZIP_BYTES) return false;
  const about = { platform, sha256, received_at: receivedAt, ...(fetched && { fetched }) };
  const message: BodyMessage = { gzip, size: body.byteLength, ...about };
  // Structured clone, since JSON cannot hold bytes.
  await askStore("queue", () => queue.send(message, { contentType: "v8" }), { until });
  return true;
}

/** Reads a message that carries a body; `undefined` if it is of another kind. */
export function readBodyMessage(message: unknown): BodyMessage | undefined {
  return bodyMessage.safeParse(message).data;
}

export async function unpackBody({ gzip, platform, sha256, received_at, fetched }: BodyMessage): Promise<StoredBody> {
  const body = await throughStream(gzip, new DecompressionStream("gzip"));
  return { platform, body, sha256, receivedAt: received_at, ...(fetched && { fetched }) };
}

function throughStream(
  bytes: ArrayBuffer | Uint8Array,
  stream: CompressionStream | DecompressionStream,
): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer();
}
