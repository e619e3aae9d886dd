import { type CallRow, type CallStatus, callColumns } from "./calls.ts";
import { phoneDigitsSql } from "./phones.ts";

/** A row of a listing: the call and the time it is listed by. */
export interface ListedCall extends CallRow {
  /** ISO 8601 UTC: `started_at`, else `ended_at`, else the first receipt. */
  called_at: string;
}

/** Which calls are meant; a member that is absent does not matter. */
export interface CallFilter {
  call_id?: string | undefined;
  agent_id?: string | undefined;
  call_direction?: string | undefined;
  disposition?: string | undefined;
  status?: CallStatus | undefined;
  /** Digits in a row, of either phone number. */
  phone?: string | undefined;
  /** ISO 8601 UTC with milliseconds; a call at this moment is in. */
  from?: string | undefined;
  /** ISO 8601 UTC with milliseconds; a call at this moment is out. */
  to?: string | undefined;
}

/** Where in a listing a call stands. */
export type CallPosition = Pick<ListedCall, "called_at" | "call_id">;

export interface CallPage {
  limit: number;
  /** The last call of the page before. */
  after?: CallPosition | undefined;
}

/** What a listing shows of a call. */
export const listedColumns: readonly (keyof ListedCall)[] = [...callColumns, "called_at"];

/** The same, as SQL. */
export const listedSql = listedColumns.map((column) => `calls.${column}`).join(", ");

/** A piece of SQL with the values of its question marks. */
export interface Condition {
  sql: string;
  values: readonly (string | number)[];
}

/** Reads nothing but the index by time, which has the phone numbers too, until it meets one of the calls that are meant. */
const CALLS_OF_PHONE = `
  (SELECT call_id, ten_minutes FROM calls WHERE instr(${phoneDigitsSql("phones")}, ?) > 0) AS met CROSS JOIN calls ON calls.call_id = met.call_id`;

/**
 * Calls, newest first. Walks the index by time and sorts only within ten minutes, so a page reads as many rows as it shows,
 * and those that the filter leaves out between them.
 */
export async function listCalls(db: D1Database, filter: CallFilter, { limit, after }: CallPage): Promise<ListedCall[]> {
  const { phone } = filter;
  const tenMinutes = phone === undefined ? "calls.ten_minutes" : "met.ten_minutes";
  const conditions = [...filterConditions(filter), ...rangeConditions(filter, tenMinutes)];
  if (after !== undefined) {
    const { called_at, call_id } = after;
    conditions.push({
      sql: `${tenMinutes} <= substr(?, 1, 15) AND (calls.called_at, calls.call_id) < (?, ?)`,
      values: [called_at, called_at, call_id],
    });
  }
  const { results } = await db
    .prepare(
      `SELECT ${listedSql} FROM ${phone === undefined ? "calls" : CALLS_OF_PHONE} ${whereOf(conditions)}
       ORDER BY ${tenMinutes} DESC, calls.called_at DESC, calls.call_id DESC LIMIT ?`,
    )
    .bind(...(phone === undefined ? [] : [phone]), ...conditions.flatMap(({ values }) => values), limit)
    .all<ListedCall>();
  return results;
}

const equal = ["call_id", "agent_id", "call_direction", "disposition", "status"] as const;

/** What a filter says of the columns that must be one value. */
export function filterConditions(filter: CallFilter): Condition[] {
  return equal.flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [{ sql: `calls.${column} = ?`, values: [value] }];
  });
}

function rangeConditions({ from, to }: CallFilter, tenMinutes: string): Condition[] {
  const conditions: Condition[] = [];
  if (from !== undefined) {
    conditions.push({ sql: `${tenMinutes} >= substr(?, 1, 15) AND calls.called_at >= ?`, values: [from, from] });
  }
  if (to !== undefined) {
    conditions.push({ sql: `${tenMinutes} <= substr(?, 1, 15) AND calls.called_at < ?`, values: [to, to] });
  }
  return conditions;
}

export function whereOf(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}`;
}
