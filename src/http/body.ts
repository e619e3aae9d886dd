/** Why a body was not read: over its limit, not in within its time, or more than this isolate takes at once. */
export type BodyFault = "too-large" | "too-slow" | "busy";

/** The platforms wait for 30 seconds at the most; a stranger who sends a byte now and then must not hold memory for longer. */
const BODY_TIMEOUT_MS = 20_000;

/** Bytes of bodies that an isolate of 128 MB reads at once: anybody can send them, since the signature is checked afterwards. */
const MAX_UNREAD_BYTES = 48 * 1024 * 1024;

/** Of all bodies that are being read: by their declared length, else as far as they have come in. */
let unreadBytes = 0;

/**
 * Reads the body of a request, unless it is too large, too slow, or more than can be read at once. All that can be refused by
 * Content-Length is refused before anything is read.
 * @param limit bytes
 */
export async function readBody(
  request: Request,
  limit: number,
  timeoutMs = BODY_TIMEOUT_MS,
): Promise<ArrayBuffer | BodyFault> {
  const declared = request.headers.get("Content-Length");
  if (declared !== null && Number(declared) > limit) return "too-large";
  if (request.body === null) return new ArrayBuffer(0);
  const reservation = new Reservation();
  if (!reservation.take(Number(declared ?? 0))) return "busy";

  const { promise: tooSlow, resolve } = Promise.withResolvers<"too-slow">();
  const timer = setTimeout(() => resolve("too-slow"), timeoutMs);
  try {
    // HTTP holds a body to the length it declared.
    const reading = declared === null ? readChunks(request.body, limit, reservation) : request.arrayBuffer();
    return await Promise.race([reading, tooSlow]);
  } finally {
    clearTimeout(timer);
    reservation.release();
  }
}

/** The first chunk of a body that is too large to read, as text; empty when the body was begun already. */
export async function readBeginning(request: Request): Promise<string> {
  if (request.body === null || request.bodyUsed) return "";
  const reader = request.body.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

async function readChunks(
  body: ReadableStream<Uint8Array>,
  limit: number,
  reservation: Reservation,
): Promise<ArrayBuffer | BodyFault> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > limit) return "too-large";
    if (!reservation.take(chunk.byteLength)) return "busy";
    chunks.push(chunk);
  }
  return new Blob(chunks).arrayBuffer();
}

/** One body's share of {@link MAX_UNREAD_BYTES}. */
class Reservation {
  #bytes = 0;
  #isReleased = false;

  /** Returns false when there is no room. */
  take(bytes: number): boolean {
    if (this.#isReleased || unreadBytes + bytes > MAX_UNREAD_BYTES) return false;
    unreadBytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  release(): void {
    unreadBytes -= this.#bytes;
    this.#bytes = 0;
    this.#isReleased = true;
  }
}
