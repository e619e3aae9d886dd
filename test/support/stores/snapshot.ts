import * as z from "zod";
import { parseRows } from "../../../src/ledger/schema.ts";
import { listObjects } from "./objects.ts";

/** Everything in the stores of a ledger: D1 row by row, R2 object by object. */
export interface Snapshot {
  /** Table to its rows, those of the search index included. */
  tables: Record<string, unknown[]>;
  /** Key to what identifies the bytes and the metadata of the object. */
  objects: Record<string, unknown>;
}

const tableRow = z.object({ name: z.string() });

/**
 * Takes a snapshot, to be compared with a later one. Leaves out the alerts, which are of the minute and of no call.
 * @param without objects to leave out
 */
export async function takeSnapshot(
  db: D1Database,
  bucket: R2Bucket,
  without: (key: string) => boolean = () => false,
): Promise<Snapshot> {
  const named = await db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name <> 'ledger_alerts'",
    )
    .all();
  const tables: Snapshot["tables"] = {};
  for (const { name } of parseRows(tableRow, named)) {
    tables[name] = (await db.prepare(`SELECT * FROM ${name}`).all()).results;
  }
  const objects = (await listObjects(bucket, "")).filter(({ key }) => !without(key));
  return {
    tables,
    objects: Object.fromEntries(objects.map(({ key, etag, customMetadata }) => [key, { etag, customMetadata }])),
  };
}
