import type { CallStatus } from "../events/event.ts";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import {
  type CallRow,
  callRow,
  columnsSql,
  type DeliveryRow,
  deliveryRow,
  type EventRow,
  eventColumnsSql,
  eventRow,
  type LedgerReader,
  type ListedRow,
  parseRows,
} from "./schema.ts";

/** Which calls a listing shows; an absent member does not matter. */
export interface CallFilter {
  call_id?: string | undefined;
  platform?: string | undefined;
  agent_id?: string | undefined;
  call_direction?: string | undefined;
  disposition?: string | undefined;
  status?: CallStatus | undefined;
  /** A run of digits of the customer's number. */
  callerDigits?: string | undefined;
  /** A run of digits of the agent's number. */
  agentDigits?: string | undefined;
  /** ISO 8601 UTC with milliseconds; a call at this moment is in. */
  from?: string | undefined;
  /** ISO 8601 UTC with milliseconds; a call at this moment is out. */
  to?: string | undefined;
}

/** A page of a listing. */
export interface CallPage<After> {
  limit: number;
  /** Names the last call of the page before. */
  after?: After | undefined;
}

/** A piece of SQL with the values of its question marks. */
export interface Condition {
  sql: string;
  values: readonly (string | number)[];
}

/**
 * Calls, newest first. Walks the index by time, so a page reads as many rows as it shows, and those that the filter leaves out
 * between them.
 * @param row the columns to read
 * @param options of the query; a filter that few calls fit may take long
 */
export async function listCalls<Row extends Pick<CallRow, "id" | "called_at">>(
  db: LedgerReader,
  row: ListedRow<Row>,
  filter: CallFilter,
  { limit, after }: CallPage<Pick<CallRow, "called_at" | "id">>,
  options: { timeoutMs?: number } = {},
): Promise<Row[]> {
  const conditions = filterConditions(filter);
  if (after !== undefined) {
    conditions.push({ sql: "(calls.called_at, calls.id) < (?, ?)", values: [after.called_at, after.id] });
  }
  const result = await askStore(
    "D1",
    () =>
      db
        .prepare(
          `SELECT ${columnsSql(row)} FROM calls ${whereSql(conditions)} ORDER BY calls.called_at DESC, calls.id DESC LIMIT ?`,
        )
        .bind(...conditions.flatMap(({ values }) => values), limit)
        .all(),
    options,
  );
  return parseRows(row, result);
}

/** An index with the ids of calls, each of which one value of it may have many of. */
export interface ArrivalIndex {
  table: "search_index" | "caller_numbers";
  /** Its column with `calls.id`, in the order of which it has the calls of a value. */
  id: string;
  condition: Condition;
}

/** @param digits of a whole number, as `phoneDigits` makes them */
export function callsOfNumber(digits: string): ArrivalIndex {
  return {
    table: "caller_numbers",
    id: "caller_numbers.id",
    condition: { sql: "caller_numbers.digits = ?", values: [digits] },
  };
}

/**
 * The calls that an index has for a value, newest arrival first. Reads these until the page is full, and no others.
 * @param page its `after` is the `id` of the last call of the page before
 */
export async function listByArrival<Row extends Pick<CallRow, "id" | "called_at">>(
  db: LedgerReader,
  row: ListedRow<Row>,
  { table, id, condition }: ArrivalIndex,
  filter: CallFilter,
  { limit, after }: CallPage<number>,
): Promise<Row[]> {
  const conditions = [condition, ...filterConditions(filter)];
  if (after !== undefined) conditions.push({ sql: `${id} < ?`, values: [after] });
  const result = await askStore(
    "D1",
    () =>
      db
        .prepare(
          `SELECT ${columnsSql(row)} FROM ${table} CROSS JOIN calls ON calls.id = ${id}
           ${whereSql(conditions)} ORDER BY ${id} DESC LIMIT ?`,
        )
        .bind(...conditions.flatMap(({ values }) => values), limit)
        .all(),
    { timeoutMs: LONG_QUERY_TIMEOUT_MS },
  );
  return parseRows(row, result);
}

const equalColumns = ["call_id", "platform", "agent_id", "call_direction", "disposition", "status"] as const;

/** The conditions of a filter, for a statement in which the table is called `calls`. */
export function filterConditions(filter: CallFilter): Condition[] {
  const conditions: Condition[] = equalColumns.flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [{ sql: `calls.${column} = ?`, values: [value] }];
  });
  const { callerDigits, agentDigits, from, to } = filter;
  if (callerDigits !== undefined) {
    const sql = "calls.call_id IN (SELECT call_id FROM caller_numbers WHERE instr(digits, ?) > 0)";
    conditions.push({ sql, values: [callerDigits] });
  }
  if (agentDigits !== undefined) conditions.push({ sql: "instr(calls.agent_digits, ?) > 0", values: [agentDigits] });
  if (from !== undefined) conditions.push({ sql: "calls.called_at >= ?", values: [from] });
  if (to !== undefined) conditions.push({ sql: "calls.called_at < ?", values: [to] });
  return conditions;
}

export function whereSql(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}`;
}

/** Everything that D1 has of one call. */
export interface CallDetails {
  call: CallRow;
  /** In the order in which they occurred. */
  events: EventRow[];
  deliveries: DeliveryRow[];
}

/** SQLite's word for no limit. */
const NO_LIMIT = -1;

/**
 * A call with its events and deliveries, in one round trip; `undefined` when there is none of this id.
 * @param limit of events and of deliveries
 */
export async function readCall(db: LedgerReader, callId: string, limit = NO_LIMIT): Promise<CallDetails | undefined> {
  const [calls, events, deliveries] = await askStore("D1", () =>
    db.batch(
      [
        `SELECT ${columnsSql(callRow)} FROM calls WHERE call_id = ?1 LIMIT ?2`,
        `SELECT ${eventColumnsSql} FROM events WHERE call_id = ?1 ORDER BY occurred_at, received_at, event_id, event LIMIT ?2`,
        "SELECT * FROM sync_deliveries WHERE call_id = ?1 ORDER BY event, event_id, destination LIMIT ?2",
      ].map((sql) => db.prepare(sql).bind(callId, limit)),
    ),
  );
  const [call] = parseRows(callRow, calls);
  if (call === undefined) return undefined;
  return { call, events: parseRows(eventRow, events), deliveries: parseRows(deliveryRow, deliveries) };
}

/** The row of one call; `undefined` when there is none of this id. */
export async function readCallRow(db: LedgerReader, callId: string): Promise<CallRow | undefined> {
  return (await listCalls(db, callRow, { call_id: callId }, { limit: 1 }))[0];
}
