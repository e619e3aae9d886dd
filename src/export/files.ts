import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import type { ExportedFile } from "./manifest.ts";
import { type Columns, checkFile, encodeRows } from "./parquet.ts";
import { type TableName, tableName } from "./tables.ts";

function dayPrefix(table: TableName, day: string): string {
  return `export/${table}/day=${day}/`;
}

/** Returns whether a key is one of a file. */
export function isFileKey(key: string): boolean {
  return /^export\/(?:calls|events|tool_calls)\/day=[\d-]{10}\/[\w-]+\.parquet$/.test(key);
}

const options = { timeoutMs: LONG_QUERY_TIMEOUT_MS };

/**
 * Writes rows as a file, under a key that no other attempt has, reads it back and compares it.
 * @param exportId the beginning of its name
 */
export async function writeFile(
  bucket: R2Bucket,
  { table, day, exportId }: { table: TableName; day: string; exportId: string },
  columns: Columns,
): Promise<ExportedFile> {
  const file = encodeRows(table, columns);
  const key = `${dayPrefix(table, day)}${exportId}-${crypto.randomUUID().slice(0, 8)}.parquet`;
  const httpMetadata = { contentType: "application/vnd.apache.parquet" };
  await askStore("R2", () => bucket.put(key, file, { httpMetadata }), options);
  await checkFile(table, await readFile(bucket, key), columns);
  return { table, key, rows: columns[0]?.length ?? 0, bytes: file.byteLength };
}

/** @throws when there is no such file */
export async function readFile(bucket: R2Bucket, key: string): Promise<ArrayBuffer> {
  const file = await askStore("R2", async () => (await bucket.get(key))?.arrayBuffer(), options);
  if (file === undefined) throw new Error(`there is no ${key}`);
  return file;
}

/** Lists all files of a day, also those that no manifest names. */
export async function listFiles(bucket: R2Bucket, day: string): Promise<string[]> {
  const keys: string[] = [];
  for (const table of tableName.options) {
    let cursor: string | undefined;
    do {
      const page = { prefix: dayPrefix(table, day), ...(cursor !== undefined && { cursor }) };
      const listed = await askStore("R2", () => bucket.list(page));
      keys.push(...listed.objects.map(({ key }) => key));
      cursor = listed.truncated ? listed.cursor : undefined;
    } while (cursor !== undefined);
  }
  return keys;
}

/** R2 deletes up to 1,000 objects at a time. */
const DELETED_AT_ONCE = 1_000;

export async function deleteFiles(bucket: R2Bucket, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += DELETED_AT_ONCE) {
    await askStore("R2", () => bucket.delete(keys.slice(from, from + DELETED_AT_ONCE)));
  }
}
