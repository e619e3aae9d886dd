import { problemResponse } from "../http/problem.ts";
import { askStore } from "../stores/ask.ts";

/** The answer where the ledger has no recording of its own. */
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

/** The range that is asked for; `undefined` for the whole, also where several are asked for, or one of another version. */
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
