/** Why a body was not read: over its limit, not in within its time, or more than this isolate takes at once. */
export type BodyFault = "too-large" | "too-slow" | "busy";

/** The platforms wait for 30 seconds at the most; a stranger who sends a byte now and then must not hold memory for longer. */
const BODY_TIMEOUT_MS = 20_000;

/** Bytes of bodies that an isolate of 128 MB reads at once: anybody can send them, since the signature is checked afterwards. */
const MAX_UNREAD_BYTES = 48 * 1024 * 1024;

/** Of all bodies that are being read: by their declared length, else as far as they have come in. */
let unreadBytes = 0;

/** Bytes at the beginning of a body that show what it is. */
const BEGINNING_BYTES = 1024;

interface ReadOptions {
  /** Whether a body over the limit is of no use, by its beginning: such a body is discarded instead of refused. */
  ignoresLarge?: ((beginning: string) => boolean) | undefined;
  timeoutMs?: number;
}

/**
 * Reads the body of a request, unless it is too large, too slow, or more than can be read at once. All that can be refused by
 * Content-Length is refused before anything is read. `ignored`: over the limit, and discarded.
 * @param limit bytes
 */
export async function readBody(
  request: Request,
  limit: number,
  { ignoresLarge, timeoutMs = BODY_TIMEOUT_MS }: ReadOptions = {},
): Promise<ArrayBuffer | BodyFault | "ignored"> {
  const declared = request.headers.get("Content-Length");
  const isDeclaredTooLarge = declared !== null && Number(declared) > limit;
  if (isDeclaredTooLarge && ignoresLarge === undefined) return "too-large";
  if (request.body === null) return new ArrayBuffer(0);
  const reservation = new Reservation();
  if (!reservation.take(isDeclaredTooLarge ? 0 : Number(declared ?? 0))) return "busy";

  const { promise: tooSlow, resolve } = Promise.withResolvers<"too-slow">();
  const timer = setTimeout(() => resolve("too-slow"), timeoutMs);
  try {
    // HTTP holds a body to the length it declared.
    if (declared !== null && !isDeclaredTooLarge) return await Promise.race([request.arrayBuffer(), tooSlow]);
    const reader = request.body.getReader();
    const maxHeldBytes = isDeclaredTooLarge ? Math.min(limit, BEGINNING_BYTES) : limit;
    const read = await Promise.race([readChunks(reader, maxHeldBytes, reservation), tooSlow]);
    if (read instanceof ArrayBuffer) return read;
    reservation.release();
    const isIgnored = typeof read === "object" && ignoresLarge?.(read.beginning) === true;
    // A sender that is cut off while it sends may never see its answer.
    if (typeof read === "object") await Promise.race([discard(reader), tooSlow]);
    // Not awaited: a sender that stalls could hold it up.
    reader.cancel().catch(() => {});
    if (isIgnored) return "ignored";
    // What declares too much is too large, however little of it comes in.
    return typeof read === "object" || isDeclaredTooLarge ? "too-large" : read;
  } finally {
    clearTimeout(timer);
    reservation.release();
  }
}

/** The beginning of a body as text. */
export function beginningOf(body: ArrayBuffer): string {
  return new TextDecoder().decode(body.slice(0, BEGINNING_BYTES));
}

/** @returns the beginning when there are more than `limit` bytes */
async function readChunks(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
  reservation: Reservation,
): Promise<ArrayBuffer | "busy" | { beginning: string }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    chunks.push(read.value);
    length += read.value.byteLength;
    if (length > limit) return { beginning: beginningOf(await new Blob(chunks).arrayBuffer()) };
    if (!reservation.take(read.value.byteLength)) return "busy";
  }
  return new Blob(chunks).arrayBuffer();
}

async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
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
