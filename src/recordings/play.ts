import { problemResponse } from "../http/problem.ts";
import { askStore } from "../stores/ask.ts";

/** Returns the 404 of a call without a copy of its recording. */
export function noRecording(): Response {
  return problemResponse({
    status: 404,
    type: "no-recording",
    title: "No recording",
    detail: "The ledger has no recording of this call.",
  });
}

/**
 * Answers with a recording from the archive, or with the range of it that is asked for (RFC 9110, section 14).
 * @param key `calls.recording_key`
 */
export async function recordingResponse(bucket: R2Bucket, key: string, request: Request): Promise<Response> {
  const about = await askStore("R2", () => bucket.head(key));
  if (about === null) return noRecording();
  const { size, httpEtag, etag, httpMetadata } = about;
  const range = rangeOf(request.headers, size, httpEtag);
  if (range === "unsatisfiable") {
    return problemResponse({
      status: 416,
      type: "range-not-satisfiable",
      title: "No such range",
      detail: `The recording has ${size} bytes.`,
      headers: { "Content-Range": `bytes */${size}` },
    });
  }
  const options = { onlyIf: { etagMatches: etag }, ...(range && { range }) };
  const object = await askStore("R2", () => bucket.get(key, options));
  // Replaced or erased between the two requests.
  if (object === null || !("body" in object)) return noRecording();
  const headers = {
    "Content-Type": httpMetadata?.contentType ?? "application/octet-stream",
    "Content-Length": String(range?.length ?? size),
    "Accept-Ranges": "bytes",
    ETag: httpEtag,
    ...(range && { "Content-Range": `bytes ${range.offset}-${range.offset + range.length - 1}/${size}` }),
  };
  return new Response(object.body, { status: range ? 206 : 200, headers });
}

interface Range {
  offset: number;
  length: number;
}

/** Reads the range of a request; `undefined` for the whole, also if there are several ranges, or If-Range names another version. */
function rangeOf(headers: Headers, size: number, httpEtag: string): Range | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(headers.get("Range")?.replaceAll(" ", "") ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const version = headers.get("If-Range");
  if (version !== null && version !== httpEtag) return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { offset: size - length, length };
  }
  const offset = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < offset) return undefined;
  return offset >= size ? "unsatisfiable" : { offset, length: end - offset + 1 };
}
