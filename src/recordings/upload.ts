import type { Watch } from "./watch.ts";

/** R2 takes no smaller part but the last, and all others of the same size (developers.cloudflare.com/r2/objects/multipart-objects). */
const PART_BYTES = 5 * 1024 * 1024;

/** The destination of an upload, and the watch that bounds it. */
export interface Upload {
  bucket: R2Bucket;
  key: string;
  contentType: string;
  watch: Watch;
}

/** Puts a stream of known length. When it is shorter or longer, or fails, there is no object. */
export async function putKnown(
  chunks: AsyncIterable<Uint8Array>,
  length: number,
  { bucket, key, contentType, watch }: Upload,
): Promise<void> {
  const { readable, writable } = new FixedLengthStream(length);
  const writer = writable.getWriter();
  const putting = bucket.put(key, readable, { httpMetadata: { contentType } });
  try {
    for await (const chunk of chunks) await watch.over(Promise.race([writer.write(chunk), putting]));
    await watch.over(Promise.race([writer.close(), putting]));
    await watch.over(putting);
  } catch (error) {
    // Their failures follow from `error`.
    await Promise.allSettled([writer.abort(error), putting]);
    throw error;
  }
}

/** Puts a stream of unknown length, a part in memory at a time. When it fails, there is no object. */
export async function putUnknown(
  chunks: AsyncIterable<Uint8Array>,
  { bucket, key, contentType, watch }: Upload,
): Promise<void> {
  const options = { httpMetadata: { contentType } };
  const part = new Uint8Array(PART_BYTES);
  const parts: R2UploadedPart[] = [];
  let filled = 0;
  let upload: R2MultipartUpload | undefined;
  try {
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.byteLength; ) {
        const some = chunk.subarray(from, from + PART_BYTES - filled);
        part.set(some, filled);
        filled += some.byteLength;
        from += some.byteLength;
        if (filled < PART_BYTES) continue;
        upload ??= await watch.over(bucket.createMultipartUpload(key, options));
        parts.push(await watch.over(upload.uploadPart(parts.length + 1, part)));
        filled = 0;
      }
    }
    if (upload === undefined) {
      await watch.over(bucket.put(key, part.subarray(0, filled), options));
      return;
    }
    if (filled > 0) parts.push(await watch.over(upload.uploadPart(parts.length + 1, part.subarray(0, filled))));
    await watch.over(upload.complete(parts));
  } catch (error) {
    await upload?.abort();
    throw error;
  }
}
