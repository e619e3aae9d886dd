import * as z from "zod";
import { isFileKey } from "../export/files.ts";
import { listManifests, manifest } from "../export/manifest.ts";
import { nextCursor, nothing, operation } from "../http/operation.ts";
import { notFound } from "../http/problem.ts";
import { askStore } from "../stores/ask.ts";

/** `GET /api/exports`: the days that are exported, with their files. */
export const getExports = operation({
  method: "get",
  path: "/exports",
  summary: "The days that are written as Parquet, oldest first, with their files",
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(200).default(100),
    cursor: z.iso.date().optional().describe("the next_cursor of the answer before"),
  }),
  body: nothing,
  answers: { "application/json": z.object({ exports: z.array(manifest), next_cursor: nextCursor }) },
  async perform({ query: { limit, cursor } }, env) {
    const { manifests, next } = await listManifests(env.ARCHIVE, limit, cursor);
    return Response.json({ exports: manifests, next_cursor: next ?? null });
  },
});

const contentType = "application/vnd.apache.parquet";

/** `GET /api/exports/{key}`: a file of a day. */
export const getExportedFile = operation({
  method: "get",
  path: "/exports/{key}",
  summary: "A Parquet file, by its percent-encoded key; 404 once its day was written again: read the list again then",
  query: nothing,
  body: nothing,
  answers: { [contentType]: z.string() },
  problems: [404],
  async perform({ parameter: key }, env) {
    const object = isFileKey(key) ? await askStore("R2", () => env.ARCHIVE.get(key)) : null;
    if (object === null) return notFound("There is no such file.");
    const headers = { "Content-Type": contentType, "Content-Length": String(object.size), ETag: object.httpEtag };
    return new Response(object.body, { headers });
  },
});
