import { recordingKey } from "../archive/keys.ts";
import { audioKind, HEAD_BYTES } from "./audio.ts";
import { CopyFailure } from "./failure.ts";
import { follow } from "./follow.ts";
import { putKnown, putUnknown } from "./upload.ts";
import { Watch } from "./watch.ts";

/** Bounds of one attempt at a recording. */
export interface CopyLimits {
  /** Longest time without a byte. */
  stallMs: number;
  /** Below the ten minutes after which an erased call is swept, so that no object is put after the sweep. */
  totalMs: number;
  maxBytes: number;
}

/**
 * Streams the audio at an address into R2, with at most one part of an upload in memory.
 * @param prefix of the call's objects
 * @returns the key of the object
 */
export async function copyRecording(
  address: string,
  prefix: string,
  bucket: R2Bucket,
  limits: CopyLimits,
): Promise<string | CopyFailure> {
  const watch = new Watch(limits);
  try {
    return await copy(address, prefix, bucket, limits.maxBytes, watch);
  } catch (error) {
    if (error instanceof CopyFailure) return error;
    const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;
    if (watch.why === "no progress") return new CopyFailure(`nothing came for ${seconds(limits.stallMs)}`);
    if (watch.why === "too long") return new CopyFailure(`it took longer than ${seconds(limits.totalMs)}`);
    // The message of the error may name the address.
    return new CopyFailure("the connection failed, or the archive did not take it");
  } finally {
    watch.end();
  }
}

/** Answers of addresses that are signed for a time: R2 and S3 say 403, others 400 to 410. */
const EXPIRED_STATUSES: ReadonlySet<number> = new Set([400, 401, 403, 404, 410]);

async function copy(
  address: string,
  prefix: string,
  bucket: R2Bucket,
  maxBytes: number,
  watch: Watch,
): Promise<string | CopyFailure> {
  const response = await follow(address, watch.signal);
  if (response instanceof CopyFailure) return response;
  if (response.status !== 200) {
    const isExpired = EXPIRED_STATUSES.has(response.status);
    return new CopyFailure(`its address answered ${response.status}`, { isExpired });
  }
  const length = lengthOf(response);
  if (length !== undefined && length > maxBytes) return tooLarge(maxBytes);

  const chunks = read(response, maxBytes, watch);
  const head = await readHead(chunks);
  if (head.byteLength === 0) return new CopyFailure("its address answered with nothing");
  const kind = audioKind(head, response.headers.get("Content-Type") ?? "");
  if (kind === undefined) return new CopyFailure("its address answered with something that is no audio");
  const key = recordingKey(prefix, kind.extension);
  const upload = { bucket, key, contentType: kind.contentType, watch };
  if (length === undefined) await putUnknown(joined(head, chunks), upload);
  else await putKnown(joined(head, chunks), length, upload);
  return key;
}

function tooLarge(maxBytes: number): CopyFailure {
  return new CopyFailure(`it is larger than ${Math.round(maxBytes / 1e6)} MB`, { isFinal: true });
}

/** Returns the stated length in bytes; `undefined` if there is none, or the content is compressed. */
function lengthOf({ headers }: Response): number | undefined {
  const stated = headers.get("Content-Length");
  const isPlain = (headers.get("Content-Encoding") ?? "identity") === "identity";
  return isPlain && stated !== null && /^\d+$/.test(stated) ? Number(stated) : undefined;
}

async function* read({ body }: Response, maxBytes: number, watch: Watch): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body ?? []) {
    watch.progress();
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

/** Reads the first {@link HEAD_BYTES} bytes or more, which show the kind of audio; fewer if there are no more. */
async function readHead(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let head = new Uint8Array();
  while (head.byteLength < HEAD_BYTES) {
    const { done, value } = await chunks.next();
    if (done) break;
    const longer = new Uint8Array(head.byteLength + value.byteLength);
    longer.set(head);
    longer.set(value, head.byteLength);
    head = longer;
  }
  return head;
}

async function* joined(head: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* rest;
}
