import pMap from "p-map";
import { readFile } from "../../../src/export/files.ts";
import { readManifest } from "../../../src/export/manifest.ts";
import { decodeRows } from "../../../src/export/parquet.ts";
import { type TableName, tables } from "../../../src/export/tables.ts";

/** Reads the calls of each row of a table, out of the files that the manifest of a day names. */
export async function readExportedCalls(bucket: R2Bucket, day: string, table: TableName): Promise<unknown[]> {
  const stored = await readManifest(bucket, day);
  const files = stored?.manifest.files.filter((file) => file.table === table) ?? [];
  const at = Object.keys(tables[table].columns).indexOf("call_id");
  const read = await pMap(files, async ({ key }) => decodeRows(table, await readFile(bucket, key)));
  return read.flatMap((columns) => columns[at] ?? []).sort();
}

/** The request at which something happens is every fourth, which CI has time for, or each one with `FAULTS=every`. */
export const FAULT_STEP = process.env["FAULTS"] === "every" ? 1 : 4;
