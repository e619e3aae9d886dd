import * as z from "zod";
import { type LedgerReader, parseRows } from "../ledger/schema.ts";
import { countSqlOf, totalsColumns } from "../ledger/totals/count.ts";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";

/** Calls that leave in one transaction, all of one hour: events wait for D1's one thread meanwhile. */
const MAX_CALLS = 2_000;

/** Bytes of a call's rows: with more, which only a hostile platform sends, a Worker has no room for them, and the call stays. */
const MAX_CALL_BYTES = 20_000_000;

/** Characters of a batch's ids: D1 takes 2,000,000 bytes a parameter. */
const MAX_IDS_CHARACTERS = 500_000;

/** Calls of one hour that may leave D1, as they are in the files of their day. */
export interface Batch {
  /** UTC: 2024-07-15T14 */
  hour: string;
  /** When the day was exported: a later export may have read other rows. */
  exported_at: string;
  /** A number that no totals of the hour have. */
  part: number;
  /** Sums over the deliveries of the calls: another value tells that one of them changed. */
  deliveries: string;
  calls: readonly { call_id: string; bytes: number }[];
}

const bytesSql = `(
  SELECT coalesce(sum(octet_length(payload)), 0) FROM events WHERE events.call_id = calls.call_id
) + coalesce(octet_length(calls.variables), 0) + coalesce(octet_length(calls.metrics), 0) + coalesce(octet_length(calls.summary), 0)`;

/** A condition for calls that may leave. Times that people wrote by hand may be of no hour. */
const readySql = `calls.called_at GLOB '????-??-??T[0-2][0-9]:[0-5][0-9]:*'
  AND NOT EXISTS (SELECT 1 FROM sync_deliveries WHERE sync_deliveries.call_id = calls.call_id AND state = 'pending')
  AND NOT EXISTS (SELECT 1 FROM ledger_recordings WHERE ledger_recordings.id = calls.id AND state = 'pending')
  AND NOT EXISTS (
    SELECT 1 FROM ledger_left_recounts AS recount
    WHERE recount.day = substr(calls.called_at, 1, 10) AND recount.hour = CAST(substr(calls.called_at, 12, 2) AS INTEGER)
  )
  AND ${bytesSql} <= ${MAX_CALL_BYTES}`;

/** A condition for days whose files have every call as it is: any write of a call sets `changed_at`, in its own transaction. */
const unchangedSql = "exported_at IS NOT NULL AND changed_at IS NULL AND export_id IS NULL";

/** The oldest day with calls that may leave, and the first hour of these. Parameter: 1 the first day that stays. */
const dueSql = `
SELECT exported_at, (
    SELECT substr(calls.called_at, 1, 13) FROM calls
    -- As texts: a U comes after the T of every time of the day.
    WHERE calls.called_at >= ledger_export_days.day AND calls.called_at < ledger_export_days.day || 'U' AND ${readySql}
    ORDER BY calls.called_at LIMIT 1
  ) AS hour
FROM ledger_export_days
WHERE day >= (SELECT substr(min(called_at), 1, 10) FROM calls) AND day < ?1 AND ${unchangedSql} AND hour IS NOT NULL
ORDER BY day LIMIT 1`;

/**
 * Returns whether calls may leave.
 * @param before the first day that stays
 */
export async function isAnyDue(db: D1Database, before: string): Promise<boolean> {
  const query = db.prepare(dueSql).bind(before);
  return (await askStore("D1", () => query.all(), { timeoutMs: LONG_QUERY_TIMEOUT_MS })).results.length > 0;
}

const readyRow = z.object({ hour: z.string(), exported_at: z.string(), call_id: z.string(), bytes: z.number() });

/**
 * Finds the oldest calls that may leave: all of an hour, up to {@link MAX_CALLS}.
 * @param before the first day that stays
 */
export async function findBatch(db: D1Database, before: string): Promise<Batch | undefined> {
  const query = db
    .prepare(
      `WITH due AS MATERIALIZED (${dueSql})
       SELECT due.hour, due.exported_at, calls.call_id, ${bytesSql} AS bytes
       -- As texts: a semicolon comes after the colon of every time of the hour.
       FROM due CROSS JOIN calls ON calls.called_at >= due.hour || ':' AND calls.called_at < due.hour || ';' AND ${readySql}
       ORDER BY calls.called_at, calls.id LIMIT ${MAX_CALLS}`,
    )
    .bind(before);
  const rows = parseRows(readyRow, await askStore("D1", () => query.all(), { timeoutMs: LONG_QUERY_TIMEOUT_MS }));
  const [first] = rows;
  if (first === undefined) return undefined;
  let characters = 0;
  const calls = rows.filter(({ call_id }, index) => {
    characters += JSON.stringify(call_id).length;
    return index === 0 || characters < MAX_IDS_CHARACTERS;
  });
  const { hour, exported_at } = first;
  return { hour, exported_at, calls, ...(await readSeen(db, hour, calls)) };
}

/** Sums over the deliveries of named calls. Parameter: 1 JSON array of their ids. */
const deliveriesSql = `(
  SELECT json_array(count(*), max(updated_at), sum(attempts), sum(ledger_generation))
  FROM sync_deliveries WHERE call_id IN (SELECT value FROM json_each(?1)))`;

const seenRow = z.object({ deliveries: z.string(), part: z.number() });

async function readSeen(db: D1Database, hour: string, calls: Batch["calls"]): Promise<z.infer<typeof seenRow>> {
  const query = db
    .prepare(
      `SELECT ${deliveriesSql} AS deliveries,
         (SELECT coalesce(max(part), 0) + 1 FROM ledger_left_hours WHERE hour = ?2) AS part`,
    )
    .bind(idsOf(calls), hour);
  return seenRow.parse(await askStore("D1", () => query.first(), { timeoutMs: LONG_QUERY_TIMEOUT_MS }));
}

function idsOf(calls: Batch["calls"]): string {
  return JSON.stringify(calls.map(({ call_id }) => call_id));
}

/** Calls that are both in D1 and listed as gone, as only the transaction sees them in which they leave. */
const leavingSql =
  "(SELECT * FROM calls WHERE EXISTS (SELECT 1 FROM ledger_left_calls WHERE ledger_left_calls.call_id = calls.call_id))";

/** The hour, and its quarters, for ranges that cut through it: the minute by which totals are known, and the ends. */
export const cutsOfHour = [
  { minute: -1, from: "00", to: "60" },
  { minute: 0, from: "00", to: "15" },
  { minute: 15, from: "15", to: "30" },
  { minute: 30, from: "30", to: "45" },
  { minute: 45, from: "45", to: "60" },
];

/** Inserts totals. Parameters: 1 to 4 those of `countSql`, 5 minute, 6 part, and those of the calls that are counted. */
export function insertTotalsSql(calls: string, toolCalls: string): string {
  return `INSERT INTO ledger_left_hours (hour, minute, part, ${totalsColumns})
    SELECT hour, ?5, ?6, ${totalsColumns} FROM (${countSqlOf(calls, toolCalls)})`;
}

/** The first four parameters of {@link insertTotalsSql}, for a part of an hour. */
export function spanOf(hour: string, { from, to }: (typeof cutsOfHour)[number]): readonly (string | null)[] {
  return [JSON.stringify([{ since: `${hour}:${from}`, until: `${hour}:${to}` }]), "", "", null];
}

const goneRow = z.object({ gone: z.number() });

/**
 * Lets a batch go, in one transaction: everything that D1 has of its calls goes, and what finds and counts them comes. Nothing happens
 * if anything of them changed since the batch was found. Run once R2 has all their rows. Safe to repeat.
 * @returns whether they are gone
 */
export async function leave(db: D1Database, { hour, exported_at, part, deliveries, calls }: Batch): Promise<boolean> {
  const ids = idsOf(calls);
  const [day, hourOfDay] = [hour.slice(0, "2024-07-15".length), Number(hour.slice(-2))];
  const name = crypto.randomUUID();
  const isLeaving = "EXISTS (SELECT 1 FROM ledger_export_days WHERE day = ?2 AND leaving = ?3)";
  const statements = [
    // All that follows asks for this name.
    db
      .prepare(
        `UPDATE ledger_export_days SET leaving = ?3
         WHERE day = ?2 AND ${unchangedSql} AND exported_at = ?4 AND ${deliveriesSql} = ?5
           AND NOT EXISTS (SELECT 1 FROM sync_deliveries WHERE state = 'pending' AND call_id IN (SELECT value FROM json_each(?1)))
           AND NOT EXISTS (SELECT 1 FROM ledger_erased_calls WHERE call_id IN (SELECT value FROM json_each(?1)))
           AND NOT EXISTS (SELECT 1 FROM ledger_left_recounts WHERE day = ?2 AND hour = ?6)
           AND NOT EXISTS (SELECT 1 FROM ledger_left_hours WHERE hour = ?7 AND part = ?8)`,
      )
      .bind(ids, day, name, exported_at, deliveries, hourOfDay, hour, part),
    db
      .prepare(
        `INSERT INTO ledger_left_calls (call_id, day, hour) SELECT value, ?2, ?4 FROM json_each(?1) WHERE ${isLeaving}`,
      )
      .bind(ids, day, name, hourOfDay),
    db
      .prepare(
        `INSERT INTO ledger_left_numbers (digits, id)
         SELECT digits, ledger_left_calls.id FROM json_each(?1) AS named
         CROSS JOIN calls ON calls.call_id = named.value
         CROSS JOIN ledger_caller_numbers ON ledger_caller_numbers.id = calls.id
         CROSS JOIN ledger_left_calls ON ledger_left_calls.call_id = calls.call_id
         WHERE ${isLeaving}`,
      )
      .bind(ids, day, name),
    ...cutsOfHour.map((cut) =>
      db.prepare(insertTotalsSql(leavingSql, "tool_calls")).bind(...spanOf(hour, cut), cut.minute, part),
    ),
    db
      .prepare(`DELETE FROM calls WHERE call_id IN (SELECT value FROM json_each(?1)) AND ${isLeaving}`)
      .bind(ids, day, name),
    // What the deletion marked as changed is in the files of the day.
    db
      .prepare("UPDATE ledger_export_days SET changed_at = NULL, leaving = NULL WHERE day = ?1 AND leaving = ?2")
      .bind(day, name),
    // A repetition finds its own first try.
    db
      .prepare(
        `SELECT count(*) AS gone FROM json_each(?1) AS named CROSS JOIN ledger_left_calls ON call_id = named.value`,
      )
      .bind(ids),
  ];
  const results = await askStore("D1", () => db.batch(statements), { timeoutMs: LONG_QUERY_TIMEOUT_MS });
  return parseRows(goneRow, results.at(-1))[0]?.gone === calls.length;
}

const leftRow = z.object({ call_id: z.string() });

/** Returns whether a call left D1. */
export async function hasLeft(db: LedgerReader, callId: string): Promise<boolean> {
  const query = db.prepare("SELECT call_id FROM ledger_left_calls WHERE call_id = ?1").bind(callId);
  return parseRows(leftRow, await askStore("D1", () => query.all())).length > 0;
}
