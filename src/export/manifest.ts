import pMap from "p-map";
import * as z from "zod";
import { askStore, MAX_CONNECTIONS } from "../stores/ask.ts";
import { tableName } from "./tables.ts";

/** A file of a day. */
export const exportedFile = z.object({
  table: tableName,
  key: z.string().describe("in R2, and for GET /api/exports/{key}"),
  rows: z.number(),
  bytes: z.number(),
});
export type ExportedFile = z.infer<typeof exportedFile>;

/** The files of a day: what is in none of its manifest is no part of the export. */
export const manifest = z.object({
  day: z.string().describe("UTC day of called_at"),
  export_id: z.string(),
  exported_at: z.string().describe("ISO 8601 UTC with milliseconds"),
  calls: z.number(),
  files: z.array(exportedFile),
});
export type Manifest = z.infer<typeof manifest>;

const PREFIX = "export/days/";

function manifestKey(day: string): string {
  return `${PREFIX}${day}.json`;
}

/** A manifest as R2 has it. */
interface StoredManifest {
  manifest: Manifest;
  etag: string;
}

/** Reads the manifest of a day; `undefined` if the day was never exported. */
export async function readManifest(bucket: R2Bucket, day: string): Promise<StoredManifest | undefined> {
  return readStored(bucket, manifestKey(day));
}

async function readStored(bucket: R2Bucket, key: string): Promise<StoredManifest | undefined> {
  return askStore("R2", async () => {
    const object = await bucket.get(key);
    return object === null ? undefined : { manifest: manifest.parse(await object.json()), etag: object.etag };
  });
}

/**
 * Puts the manifest of a day in place of another, at once for every reader.
 * @param replaced the one it was made to replace
 * @returns whether it is there; `false` also if another took its place meanwhile
 */
export async function putManifest(
  bucket: R2Bucket,
  made: Manifest,
  replaced: StoredManifest | undefined,
): Promise<boolean> {
  const onlyIf = replaced === undefined ? { etagDoesNotMatch: "*" } : { etagMatches: replaced.etag };
  const options = { onlyIf, httpMetadata: { contentType: "application/json" } };
  const put = await askStore("R2", () => bucket.put(manifestKey(made.day), JSON.stringify(made), options));
  return put !== null;
}

/**
 * Lists manifests, oldest day first.
 * @param after the day before the first
 * @returns `next`: the day after which the next page begins; absent after the last
 */
export async function listManifests(
  bucket: R2Bucket,
  limit: number,
  after: string | undefined,
): Promise<{ manifests: Manifest[]; next?: string }> {
  const options = { prefix: PREFIX, limit, ...(after !== undefined && { startAfter: manifestKey(after) }) };
  const { objects, truncated } = await askStore("R2", () => bucket.list(options));
  const stored = await pMap(objects, ({ key }) => readStored(bucket, key), { concurrency: MAX_CONNECTIONS });
  const last = objects.at(-1)?.key.slice(PREFIX.length, -".json".length);
  return {
    manifests: stored.flatMap((one) => one?.manifest ?? []),
    ...(truncated && last !== undefined && { next: last }),
  };
}
