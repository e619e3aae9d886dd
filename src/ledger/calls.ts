import type * as z from "zod";
import type { CallStatus } from "../events/event.ts";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import { type Condition, type Listing, type Order, type Page, readPage } from "./page.ts";
import {
  type CallRow,
  callRow,
  columnsSql,
  type DeliveryRow,
  deliveryColumnsSql,
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

/** Which page of a listing to read. */
export interface PageAt<Place> {
  /** Of calls. */
  limit: number;
  /** The `next` of the page before. */
  after?: Place | undefined;
}

const callPlace = callRow.pick({ called_at: true, id: true });
export type CallPlace = z.infer<typeof callPlace>;

const byTime: Order<CallPlace> = {
  key: "calls.called_at",
  sql: "calls.called_at DESC, calls.id DESC",
  lowest: "",
  place: callPlace,
  placeBehindKey: "calls.called_at, 0 AS id",
};

/**
 * Calls, newest first. Walks the index by time: a page reads as many rows as it shows, and those between them that the filter leaves
 * out, up to {@link MAX_LOOKED_AT}. A call id is found by its index; a part of the customer's number is looked for in all numbers.
 * @param row the columns to read
 * @param options `timeoutMs`: milliseconds, for what may take long
 */
export function listCalls<Row extends CallPlace>(
  db: LedgerReader,
  row: ListedRow<Row>,
  filter: CallFilter,
  { limit, after }: PageAt<CallPlace>,
  options: { timeoutMs?: number } = {},
): Promise<Page<Row, CallPlace>> {
  const { call_id, callerDigits, from, to } = filter;
  const range: Condition[] = [];
  if (call_id !== undefined) range.push({ sql: "calls.call_id = ?", values: [call_id] });
  if (callerDigits !== undefined) {
    const sql = "calls.id IN (SELECT id FROM ledger_caller_numbers WHERE instr(digits, ?) > 0)";
    range.push({ sql, values: [callerDigits] });
  }
  range.push(...timeConditions({ from, to }));
  if (after !== undefined) {
    range.push({ sql: "(calls.called_at, calls.id) < (?, ?)", values: [after.called_at, after.id] });
  }
  const others = columnConditions(filter);
  // The calls of a part of a number are sorted in any case, so to look at some of them only would save nothing.
  const conditions =
    callerDigits === undefined ? { range, filter: others } : { range: [...range, ...others], filter: [] };
  const listing = { row, columns: columnsSql(row), table: "calls", order: byTime, ...conditions };
  return readPage(db, listing, limit, options);
}

/** An index with the ids of calls, each of which one value of it may have many of. */
export interface ArrivalIndex {
  table: "ledger_search_index" | "ledger_caller_numbers";
  /** Its column with `calls.id`, in the order of which it has the calls of a value. */
  id: string;
  condition: Condition;
}

/** @param digits of a whole number, as `phoneDigits` makes them */
export function callsOfNumber(digits: string): ArrivalIndex {
  return {
    table: "ledger_caller_numbers",
    id: "ledger_caller_numbers.id",
    condition: { sql: "ledger_caller_numbers.digits = ?", values: [digits] },
  };
}

const arrivalPlace = callRow.pick({ id: true });
export type ArrivalPlace = z.infer<typeof arrivalPlace>;

/** The calls that an index has for a value, newest arrival first. Reads these, up to {@link MAX_LOOKED_AT}, and no others. */
export function listByArrival<Row extends CallPlace>(
  db: LedgerReader,
  row: ListedRow<Row>,
  { table, id, condition }: ArrivalIndex,
  filter: CallFilter,
  { limit, after }: PageAt<ArrivalPlace>,
): Promise<Page<Row, ArrivalPlace>> {
  const range = [condition];
  // Numbers reach SQLite as REAL, and full text search skips to an INTEGER only.
  if (after !== undefined) range.push({ sql: `${id} < CAST(? AS INTEGER)`, values: [after.id] });
  const listing: Listing<Row, ArrivalPlace> = {
    row,
    columns: columnsSql(row),
    table,
    joined: `CROSS JOIN calls ON calls.id = ${id}`,
    order: { key: id, sql: `${id} DESC`, lowest: 0, place: arrivalPlace, placeBehindKey: `${id} AS id` },
    range,
    filter: [...columnConditions(filter), ...timeConditions(filter)],
  };
  return readPage(db, listing, limit, { timeoutMs: LONG_QUERY_TIMEOUT_MS });
}

const equalColumns = ["platform", "agent_id", "call_direction", "disposition", "status"] as const;

/** Conditions that no index serves. */
function columnConditions(filter: CallFilter): Condition[] {
  const conditions: Condition[] = equalColumns.flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [{ sql: `calls.${column} = ?`, values: [value] }];
  });
  const { agentDigits } = filter;
  if (agentDigits !== undefined)
    conditions.push({ sql: "instr(calls.ledger_agent_digits, ?) > 0", values: [agentDigits] });
  return conditions;
}

function timeConditions({ from, to }: Pick<CallFilter, "from" | "to">): Condition[] {
  const conditions: Condition[] = [];
  if (from !== undefined) conditions.push({ sql: "calls.called_at >= ?", values: [from] });
  if (to !== undefined) conditions.push({ sql: "calls.called_at < ?", values: [to] });
  return conditions;
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
        `SELECT ${deliveryColumnsSql} FROM sync_deliveries WHERE call_id = ?1 ORDER BY event, event_id, destination LIMIT ?2`,
      ].map((sql) => db.prepare(sql).bind(callId, limit)),
    ),
  );
  const [call] = parseRows(callRow, calls);
  if (call === undefined) return undefined;
  return { call, events: parseRows(eventRow, events), deliveries: parseRows(deliveryRow, deliveries) };
}

/** The row of one call; `undefined` when there is none of this id. */
export async function readCallRow(db: LedgerReader, callId: string): Promise<CallRow | undefined> {
  return (await listCalls(db, callRow, { call_id: callId }, { limit: 1 })).rows[0];
}
