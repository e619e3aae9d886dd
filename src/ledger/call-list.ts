import { type CallRow, type CallStatus, callColumns } from "./calls.ts";

/** A row of a listing: the call and the time it is listed by. */
export interface ListedCall extends CallRow {
  /** ISO 8601 UTC: `started_at`, else `ended_at`, else the first receipt. */
  called_at: string;
}

/** Which calls are meant; a member that is absent does not matter. */
export interface CallFilter {
  agent_id?: string | undefined;
  call_direction?: string | undefined;
  disposition?: string | undefined;
  status?: CallStatus | undefined;
  caller_phone?: string | undefined;
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

/** A piece of SQL with the values of its question marks. */
export interface Condition {
  sql: string;
  values: readonly (string | number)[];
}

/** The calls that a search has found, as a table to list from and the order it is walked in. */
export interface FoundCalls {
  /** Goes after FROM, and names `calls`. */
  from: string;
  conditions: readonly Condition[];
  /** Goes before the order by time; absent where the index by time is walked. */
  order?: string;
}

/** What a listing shows of a call. */
export const listedColumns: readonly (keyof ListedCall)[] = [...callColumns, "called_at"];

const all: FoundCalls = { from: "calls", conditions: [] };

/**
 * Calls, newest first. Walks the index by time and sorts only within ten minutes, so a page reads as many rows as it shows,
 * and those that the filter leaves out between them.
 * @param found lists these instead of all calls
 */
export async function listCalls(
  db: D1Database,
  filter: CallFilter,
  { limit, after }: CallPage,
  found: FoundCalls = all,
): Promise<ListedCall[]> {
  const conditions = [...found.conditions, ...filterConditions(filter)];
  if (after !== undefined) {
    const { called_at, call_id } = after;
    conditions.push({
      sql: "calls.ten_minutes <= substr(?, 1, 15) AND (calls.called_at, calls.call_id) < (?, ?)",
      values: [called_at, called_at, call_id],
    });
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}`;
  const { results } = await db
    .prepare(
      `SELECT ${listedColumns.map((column) => `calls.${column}`).join(", ")} FROM ${found.from} ${where}
       ORDER BY ${found.order ?? "calls.ten_minutes DESC"}, calls.called_at DESC, calls.call_id DESC LIMIT ?`,
    )
    .bind(...conditions.flatMap(({ values }) => values), limit)
    .all<ListedCall>();
  return results;
}

const equal = ["agent_id", "call_direction", "disposition", "status", "caller_phone"] as const;

function filterConditions(filter: CallFilter): Condition[] {
  const conditions: Condition[] = [];
  for (const column of equal) {
    const value = filter[column];
    if (value !== undefined) conditions.push({ sql: `calls.${column} = ?`, values: [value] });
  }
  const { from, to } = filter;
  if (from !== undefined) {
    conditions.push({ sql: "calls.ten_minutes >= substr(?, 1, 15) AND calls.called_at >= ?", values: [from, from] });
  }
  if (to !== undefined) {
    conditions.push({ sql: "calls.ten_minutes <= substr(?, 1, 15) AND calls.called_at < ?", values: [to, to] });
  }
  return conditions;
}
