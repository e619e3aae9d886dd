/** Why a body was not read: it is over the limit, it did not come in in time, or this isolate is reading too much already. */
export type BodyFault = "too-large" | "too-slow" | "busy";

/** Every answer is out within 8 seconds: the stores need the other two. */
const BODY_TIMEOUT_MS = 6_000;

/**
 * Bytes of bodies that an isolate of 128 MB holds before their signatures are checked: anybody can send them, and hold them open.
 * Small bodies may fill all of it; large ones leave them a share.
 */
const MAX_UNREAD_BYTES = 48 * 1024 * 1024;
const MAX_UNREAD_BYTES_OF_LARGE = 40 * 1024 * 1024;

/** The transcript of an hour, with its times, is smaller. */
const SMALL_BODY_BYTES = 256 * 1024;

/** Bytes received so far of all bodies that are being read. */
let unreadBytes = 0;

/**
 * Reads the body of a request, unless it is too large, too slow, or more than can be read at once.
 * @param limit bytes; a larger Content-Length is refused before anything is read
 */
export async function readBody(
  request: Request,
  limit: number,
  timeoutMs = BODY_TIMEOUT_MS,
): Promise<ArrayBuffer | BodyFault> {
  const declared = Number(request.headers.get("Content-Length") ?? 0);
  if (declared > limit) return "too-large";
  if (request.body === null) return new ArrayBuffer(0);
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isOver = false;

  const readAll = async (): Promise<ArrayBuffer | BodyFault> => {
    for (let read = await reader.read(); !read.done && !isOver; read = await reader.read()) {
      const { byteLength } = read.value;
      const isLarge = Math.max(declared, length + byteLength) > SMALL_BODY_BYTES;
      if (length + byteLength > limit) return "too-large";
      if (unreadBytes + byteLength > (isLarge ? MAX_UNREAD_BYTES_OF_LARGE : MAX_UNREAD_BYTES)) return "busy";
      chunks.push(read.value);
      length += byteLength;
      unreadBytes += byteLength;
    }
    return new Blob(chunks).arrayBuffer();
  };

  const { promise: tooSlow, resolve } = Promise.withResolvers<"too-slow">();
  const timer = setTimeout(() => resolve("too-slow"), timeoutMs);
  try {
    const body = await Promise.race([readAll(), tooSlow]);
    // A sender that is cut off while it sends may never see its answer.
    if (body === "too-large") await Promise.race([discard(reader), tooSlow]);
    return body;
  } finally {
    clearTimeout(timer);
    isOver = true;
    unreadBytes -= length;
    // Not awaited: a sender that stalls could hold it up.
    reader.cancel().catch(() => {});
  }
}

async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}
