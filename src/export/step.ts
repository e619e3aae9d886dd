import * as z from "zod";
import { countLeft, type DayRow, endDay, findLeft, readDay, saveStep } from "./days.ts";
import { deleteFiles, listFiles, readFile, writeFile } from "./files.ts";
import { type ExportedFile, exportedFile, putManifest, readManifest } from "./manifest.ts";
import { readPage, rowKey } from "./page.ts";
import { decodeCallIds, decodeRows } from "./parquet.ts";
import { tableName } from "./tables.ts";

/** The stores that an export works on. */
export interface ExportStores {
  db: D1Database;
  bucket: R2Bucket;
}

/** Where an export goes on. JSON in `ledger_export_days.position`. */
const position = z.object({
  toCarry: z
    .array(exportedFile)
    .describe("files of the export before, still to be looked through for calls that left D1"),
  carriedCalls: z.number(),
  table: tableName.optional().describe("absent: all that D1 has is written"),
  after: rowKey.optional(),
  files: z.array(exportedFile).describe("written so far"),
});
type Position = z.infer<typeof position>;

/**
 * Performs the next step of the export of a day: writes one file, or completes the export. Safe to repeat, and to perform twice at
 * once: of the files that two runs write of the same rows one counts, and the other goes.
 * @returns whether no export of the day is under way
 */
export async function exportStep(day: string, stores: ExportStores): Promise<boolean> {
  const row = await readDay(stores.db, day);
  if (row?.export_id == null) return true;
  const exportId = row.export_id;
  const at = row.position === null ? await beginning(row, stores) : position.parse(JSON.parse(row.position));
  const [old, ...toCarry] = at.toCarry;
  if (old !== undefined) {
    const { file, calls } = await carryOver(old, { day, exportId }, stores);
    const files = file === undefined ? at.files : [...at.files, file];
    const next = { ...at, toCarry, carriedCalls: at.carriedCalls + calls, files };
    await saveOrDiscard(row, next, file === old ? undefined : file, stores);
    return false;
  }
  const next = await writeNext(at, { day, exportId }, stores);
  if (next !== undefined) {
    await saveOrDiscard(row, next, next.files.at(-1), stores);
    return false;
  }
  return complete(row, exportId, at, stores);
}

async function beginning({ day }: DayRow, { db, bucket }: ExportStores): Promise<Position> {
  const hasLeft = (await countLeft(db, day)) > 0;
  const toCarry = hasLeft ? ((await readManifest(bucket, day))?.manifest.files ?? []) : [];
  return { toCarry, carriedCalls: 0, table: "calls", files: [] };
}

/**
 * Takes the rows of calls that left D1 over from a file of the export before; rows of other calls are in D1, or erased.
 * @returns the file, the old one itself if all its rows stay; `calls`: how many rows of `calls` it has
 */
async function carryOver(
  old: ExportedFile,
  to: { day: string; exportId: string },
  { db, bucket }: ExportStores,
): Promise<{ file?: ExportedFile; calls: number }> {
  const { table } = old;
  const bytes = await readFile(bucket, old.key);
  const callIds = await decodeCallIds(bytes);
  const left = await findLeft(db, to.day, callIds);
  const rows = callIds.filter((id) => left.has(id)).length;
  const calls = table === "calls" ? rows : 0;
  if (rows === 0) return { calls };
  if (rows === old.rows) return { file: old, calls };
  const columns = (await decodeRows(table, bytes)).map((values) =>
    values.filter((_, index) => left.has(callIds[index] ?? "")),
  );
  return { file: await writeFile(bucket, { table, ...to }, columns), calls };
}

/** Writes the next rows that D1 has of a day. @returns `undefined` if there are no more */
async function writeNext(
  at: Position,
  of: { day: string; exportId: string },
  { db, bucket }: ExportStores,
): Promise<Position | undefined> {
  let { table, after } = at;
  while (table !== undefined) {
    const { columns, rows, last } = await readPage(db, table, of.day, after);
    if (rows > 0) {
      const file = await writeFile(bucket, { table, ...of }, columns);
      return { ...at, table, after: last, files: [...at.files, file] };
    }
    table = tableName.options[tableName.options.indexOf(table) + 1];
    after = undefined;
  }
  return undefined;
}

/** Records a step, and deletes its file if it is not the one that counts. */
async function saveOrDiscard(
  row: DayRow,
  next: Position,
  file: ExportedFile | undefined,
  { db, bucket }: ExportStores,
): Promise<void> {
  const text = JSON.stringify(next);
  await saveStep(db, row, text, new Date());
  if (file === undefined) return;
  // D1 is read again, since a repeated statement does not tell whether its first try was the one that counts.
  const { position: saved = null } = (await readDay(db, row.day)) ?? {};
  if (saved === text || saved?.includes(file.key)) return;
  const stored = await readManifest(bucket, row.day);
  if (!stored?.manifest.files.some(({ key }) => key === file.key)) await deleteFiles(bucket, [file.key]);
}

/**
 * Puts the manifest of an export, deletes the files that it does not name, and records the end.
 * @returns whether no export of the day is under way
 */
async function complete(row: DayRow, exportId: string, at: Position, { db, bucket }: ExportStores): Promise<boolean> {
  const { day } = row;
  if (at.carriedCalls < (await countLeft(db, day))) throw new Error("calls that left D1 are in no file of their day");
  const replaced = await readManifest(bucket, day);
  if (replaced?.manifest.export_id !== exportId) {
    // After the manifest was read: an export that began since puts another, and this one is not put.
    if ((await readDay(db, day))?.export_id !== exportId) return false;
    const calls = at.files.filter(({ table }) => table === "calls").reduce((sum, { rows }) => sum + rows, 0);
    const made = { day, export_id: exportId, exported_at: new Date().toISOString(), calls, files: at.files };
    if (!(await putManifest(bucket, made, replaced))) return false;
  }
  if (!(await deleteUnnamed(row, at.files, { db, bucket }))) return false;
  await endDay(db, row, new Date());
  return true;
}

/**
 * Deletes the files of a day that its manifest does not name: those of the export before, and of exports that were cut off.
 * @param row as it was before the manifest was read
 * @returns `false` if an export began or ended meanwhile, whose files these may be
 */
async function deleteUnnamed(
  { day, export_id, exported_at }: DayRow,
  named: readonly ExportedFile[],
  { db, bucket }: ExportStores,
): Promise<boolean> {
  const keys = new Set(named.map(({ key }) => key));
  const unnamed = (await listFiles(bucket, day)).filter((key) => !keys.has(key));
  const now = await readDay(db, day);
  if (now?.export_id !== export_id || now.exported_at !== exported_at) return false;
  await deleteFiles(bucket, unnamed);
  return true;
}

/** Deletes what an export that was cut off wrote after another of its day was complete. */
export async function sweepDay(day: string, { db, bucket }: ExportStores): Promise<void> {
  const row = await readDay(db, day);
  if (row === undefined || row.export_id !== null) return;
  const stored = await readManifest(bucket, day);
  if (stored !== undefined) await deleteUnnamed(row, stored.manifest.files, { db, bucket });
}
