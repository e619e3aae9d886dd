import * as z from "zod";
import { parseRows } from "../ledger/schema.ts";
import { askStore } from "../stores/ask.ts";

const dayRow = z.object({
  day: z.string(),
  changed_at: z.string().nullable(),
  export_id: z.string().nullable(),
  position: z.string().nullable(),
  exported_at: z.string().nullable(),
  error: z.string().nullable(),
  updated_at: z.string().nullable(),
});
export type DayRow = z.infer<typeof dayRow>;
const columns = dayRow.keyof().options.join(", ");

/** Time without a step after which another job goes on with an export; longer than all tries of a step. */
export const PATIENCE_MS = 10 * 60 * 1000;

/** A condition for days that are to be exported. Parameter: 1 today. Times that people wrote by hand may be of no day. */
export const dueSql = `day < ?1 AND day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' AND (changed_at IS NOT NULL OR export_id IS NOT NULL)`;

export function dayOf(now: Date): string {
  return now.toISOString().slice(0, "2024-07-15".length);
}

export async function readDay(db: D1Database, day: string): Promise<DayRow | undefined> {
  const query = db.prepare(`SELECT ${columns} FROM ledger_export_days WHERE day = ?1`).bind(day);
  return parseRows(dayRow, await askStore("D1", () => query.all()))[0];
}

/** Finds the oldest day that is to be exported, and that no job is at. */
export async function findDueDay(db: D1Database, now: Date): Promise<DayRow | undefined> {
  const query = db
    .prepare(
      `SELECT ${columns} FROM ledger_export_days
       WHERE ${dueSql} AND ((export_id IS NULL AND error IS NULL) OR coalesce(updated_at, '') <= ?2) ORDER BY day LIMIT 1`,
    )
    .bind(dayOf(now), new Date(now.getTime() - PATIENCE_MS).toISOString());
  return parseRows(dayRow, await askStore("D1", () => query.all()))[0];
}

/** Returns whether a job is at an export. */
export async function isAnyUnderWay(db: D1Database, now: Date): Promise<boolean> {
  const query = db
    .prepare(
      `SELECT ${columns} FROM ledger_export_days WHERE export_id IS NOT NULL AND error IS NULL AND updated_at > ?1 LIMIT 1`,
    )
    .bind(new Date(now.getTime() - PATIENCE_MS).toISOString());
  return parseRows(dayRow, await askStore("D1", () => query.all())).length > 0;
}

/** Lists days whose files, or those of an export under way, may have what D1 has no longer. */
export async function listStaleDays(db: D1Database): Promise<string[]> {
  const query = db.prepare(
    `SELECT ${columns} FROM ledger_export_days
     WHERE export_id IS NOT NULL OR (changed_at IS NOT NULL AND exported_at IS NOT NULL) ORDER BY day`,
  );
  return parseRows(dayRow, await askStore("D1", () => query.all())).map(({ day }) => day);
}

/**
 * Begins the export of a day that has changes, in place of one under way: what that wrote counts no longer. No-op for a day without.
 * Safe to repeat.
 */
export async function beginDay(db: D1Database, day: string, now: Date): Promise<void> {
  const update = db
    .prepare(
      `UPDATE ledger_export_days SET export_id = ?2, changed_at = NULL, position = NULL, error = NULL, updated_at = ?3
       WHERE day = ?1 AND changed_at IS NOT NULL`,
    )
    .bind(day, crypto.randomUUID(), now.toISOString());
  await askStore("D1", () => update.run());
}

/** Records a step of an export, if nothing else did since. */
export async function saveStep(
  db: D1Database,
  { day, export_id, position: before }: DayRow,
  position: string,
  now: Date,
): Promise<void> {
  const update = db
    .prepare(
      `UPDATE ledger_export_days SET position = ?4, error = NULL, updated_at = ?5
       WHERE day = ?1 AND export_id = ?2 AND position IS ?3`,
    )
    .bind(day, export_id, before, position, now.toISOString());
  await askStore("D1", () => update.run());
}

/** Records the end of an export. Safe to repeat. */
export async function endDay(db: D1Database, { day, export_id }: DayRow, now: Date): Promise<void> {
  const update = db
    .prepare(
      `UPDATE ledger_export_days SET export_id = NULL, position = NULL, error = NULL, exported_at = ?3, updated_at = ?3
       WHERE day = ?1 AND export_id = ?2`,
    )
    .bind(day, export_id, now.toISOString());
  await askStore("D1", () => update.run());
}

/** Records why an export makes no progress. */
export async function failDay(db: D1Database, day: string, reason: string, now: Date): Promise<void> {
  const update = db
    .prepare("UPDATE ledger_export_days SET error = ?2, updated_at = ?3 WHERE day = ?1 AND export_id IS NOT NULL")
    .bind(day, reason, now.toISOString());
  await askStore("D1", () => update.run());
}

const countRow = z.object({ calls: z.number() });

/** Counts the calls of a day that left D1. */
export async function countLeft(db: D1Database, day: string): Promise<number> {
  const query = db.prepare("SELECT count(*) AS calls FROM ledger_left_calls WHERE day = ?1").bind(day);
  return parseRows(countRow, await askStore("D1", () => query.all()))[0]?.calls ?? 0;
}

const leftRow = z.object({ call_id: z.string() });

/** Returns which of some calls left D1 and are of a day. */
export async function findLeft(db: D1Database, day: string, callIds: readonly string[]): Promise<ReadonlySet<string>> {
  const query = db
    .prepare(
      `SELECT ledger_left_calls.call_id FROM json_each(?2) AS named
       CROSS JOIN ledger_left_calls ON ledger_left_calls.call_id = named.value WHERE day = ?1`,
    )
    .bind(day, JSON.stringify([...new Set(callIds)]));
  return new Set(parseRows(leftRow, await askStore("D1", () => query.all())).map(({ call_id }) => call_id));
}
