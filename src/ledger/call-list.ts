import { type CallRow, type CallStatus, callColumns } from "./calls.ts";
import { hasDigitsSql } from "./phones.ts";
import { placeFrom, placeUntil } from "./time-order.ts";

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

/** A call where it stands in a listing. */
export interface PlacedCall extends ListedCall {
  /** Where the next page goes on, as text: it has more digits than a JavaScript number. */
  place: string;
}

export interface CallPage {
  limit: number;
  /** The `place` of the last call of the page before. */
  after?: string | undefined;
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

/**
 * Calls, newest first. Walks the table in its order, so a page reads as many rows as it shows, and those that the filter leaves
 * out between them.
 */
export async function listCalls(db: D1Database, filter: CallFilter, { limit, after }: CallPage): Promise<PlacedCall[]> {
  const conditions = [...filterConditions(filter), ...rangeConditions(filter)];
  if (after !== undefined) conditions.push({ sql: "calls.time_order < CAST(? AS INTEGER)", values: [after] });
  const { results } = await db
    .prepare(
      `SELECT ${listedSql}, CAST(calls.time_order AS TEXT) AS place FROM calls ${whereOf(conditions)}
       ORDER BY calls.time_order DESC LIMIT ?`,
    )
    .bind(...conditions.flatMap(({ values }) => values), limit)
    .all<PlacedCall>();
  return results;
}

const equal = ["call_id", "agent_id", "call_direction", "disposition", "status"] as const;

/** What a filter says of a call but for its time. */
export function filterConditions(filter: CallFilter): Condition[] {
  const conditions: Condition[] = equal.flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [{ sql: `calls.${column} = ?`, values: [value] }];
  });
  const { phone } = filter;
  if (phone !== undefined) {
    const numbers = ["calls.caller_phone", "calls.agent_phone"].map(hasDigitsSql);
    conditions.push({ sql: `(${numbers.join(" OR ")})`, values: [phone, phone, phone, phone] });
  }
  return conditions;
}

function rangeConditions({ from, to }: CallFilter): Condition[] {
  const conditions: Condition[] = [];
  if (from !== undefined) {
    conditions.push({ sql: "calls.time_order >= ? AND calls.called_at >= ?", values: [placeFrom(from), from] });
  }
  if (to !== undefined) {
    conditions.push({ sql: "calls.time_order < ? AND calls.called_at < ?", values: [placeUntil(to), to] });
  }
  return conditions;
}

export function whereOf(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}`;
}
