import * as z from "zod";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import { type CallFilter, columnConditions, timeConditions } from "./call-conditions.ts";
import { type Condition, type Listing, type Page, type PageAt, readPage, valuesOf, walked, whereSql } from "./page.ts";
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
  type ToolCallRow,
  toolCallColumnsSql,
  toolCallRow,
} from "./schema.ts";
import { MAX_TOOL_CALLS } from "./tool-calls.ts";

/** The calls that a filter is applied to. */
export type CallsAmong =
  | { among: "all" }
  | { among: "call-id"; callId: string }
  /** Calls of a customer's number; `phoneDigits` makes the digits. */
  | { among: "number"; digits: string }
  /** Calls of all numbers that contain these digits. */
  | { among: "part-of-number"; digits: string }
  /** Calls whose transcript matches; `searchQuery` makes the query. */
  | { among: "words"; query: string };

/**
 * Lists calls, newest first: by their time, but those of a number or of words by their arrival. Walks an index: a page reads the rows
 * that it shows, and those between them that the filter leaves out, up to {@link MAX_LOOKED_AT}. For a part of a number, reads all its
 * calls.
 * @param row the columns to read
 */
export function listCalls<Row>(
  db: LedgerReader,
  row: ListedRow<Row>,
  among: CallsAmong,
  filter: CallFilter,
  page: PageAt,
): Promise<Page<Row>> {
  const options = among.among === "all" ? {} : { timeoutMs: LONG_QUERY_TIMEOUT_MS };
  return readPage(db, { row, table: "calls", ...walkOf(among, filter) }, page, options);
}

const metricName = z.object({ metric: z.string() });

/** Metrics that a CSV has columns for, the most frequent ones. Longer names are those of no metric. */
const MAX_METRICS = 200;
export const MAX_METRIC_CHARACTERS = 200;

/** The names of the metrics that calls have, in order: of those that match among the newest {@link MAX_LOOKED_AT} of a listing. */
export async function readMetricNames(db: LedgerReader, among: CallsAmong, filter: CallFilter): Promise<string[]> {
  const listing = walkOf(among, filter);
  const { sql, values } = walked(listing);
  const isMetric = {
    sql: "metric.key <> '$overflow' AND length(metric.key) <= ?",
    values: [MAX_METRIC_CHARACTERS],
  };
  const conditions = [...listing.filter, isMetric];
  const query = db
    .prepare(
      `WITH walked AS MATERIALIZED (${sql})
       SELECT metric.key AS metric FROM walked CROSS JOIN calls ON calls.id = walked_id CROSS JOIN json_each(calls.metrics) AS metric
       ${whereSql(conditions)} GROUP BY metric.key ORDER BY count(*) DESC, metric.key LIMIT ${MAX_METRICS}`,
    )
    .bind(...values, ...valuesOf(conditions));
  const result = await askStore("D1", () => query.all(), { timeoutMs: LONG_QUERY_TIMEOUT_MS });
  return parseRows(metricName, result)
    .map(({ metric }) => metric)
    .sort();
}

const byTime = { table: "calls", key: "calls.called_at", id: "calls.id" };

/** Returns the index by which a listing is walked, and its conditions. */
export function walkOf(among: CallsAmong, filter: CallFilter): Pick<Listing<unknown>, "walk" | "range" | "filter"> {
  const times = timeConditions(filter);
  const columns = columnConditions(filter);
  // These are read and sorted as a whole in any case, so a limit of rows read would save nothing.
  const sorted = (condition: Condition) => ({ walk: byTime, range: [condition, ...times, ...columns], filter: [] });
  const byArrival = (table: string, id: string, condition: Condition) => ({
    walk: { table, key: id, id },
    range: [condition],
    filter: [...times, ...columns],
  });
  switch (among.among) {
    case "all":
      return { walk: byTime, range: times, filter: columns };
    case "call-id":
      return sorted({ sql: "calls.call_id = ?", values: [among.callId] });
    case "part-of-number": {
      const sql = "calls.id IN (SELECT id FROM ledger_caller_numbers WHERE instr(digits, ?) > 0)";
      return sorted({ sql, values: [among.digits] });
    }
    case "number": {
      const condition = { sql: "ledger_caller_numbers.digits = ?", values: [among.digits] };
      return byArrival("ledger_caller_numbers", "ledger_caller_numbers.id", condition);
    }
    case "words": {
      const condition = { sql: "ledger_search_index MATCH ?", values: [among.query] };
      return byArrival("ledger_search_index", "ledger_search_index.rowid", condition);
    }
  }
}

/** A call with all its rows in D1. */
export interface CallDetails {
  call: CallRow;
  /** In the order in which the agent called them. */
  tool_calls: ToolCallRow[];
  /** In the order of `occurred_at`. */
  events: EventRow[];
  deliveries: DeliveryRow[];
}

/** SQLite's word for no limit. */
const NO_LIMIT = -1;

/**
 * Reads a call with its tool calls, events and deliveries, in one round trip; `undefined` if there is none of this id.
 * @param limit of events and of deliveries
 */
export async function readCall(db: LedgerReader, callId: string, limit = NO_LIMIT): Promise<CallDetails | undefined> {
  const [calls, events, deliveries, tools] = await askStore("D1", () =>
    db.batch(
      [
        `SELECT ${columnsSql(callRow)} FROM calls WHERE call_id = ?1 LIMIT ?2`,
        `SELECT ${eventColumnsSql} FROM events WHERE call_id = ?1 ORDER BY occurred_at, received_at, event_id, event LIMIT ?2`,
        `SELECT ${deliveryColumnsSql} FROM sync_deliveries WHERE call_id = ?1 ORDER BY event, event_id, destination LIMIT ?2`,
        `SELECT ${toolCallColumnsSql} FROM tool_calls WHERE call_id = ?1 ORDER BY number LIMIT max(?2, ${MAX_TOOL_CALLS})`,
      ].map((sql) => db.prepare(sql).bind(callId, limit)),
    ),
  );
  const [call] = parseRows(callRow, calls);
  if (call === undefined) return undefined;
  return {
    call,
    tool_calls: parseRows(toolCallRow, tools),
    events: parseRows(eventRow, events),
    deliveries: parseRows(deliveryRow, deliveries),
  };
}

const archivedCall = callRow.pick({ transcript_key: true, recording_key: true });

/** Reads the R2 keys of a call's transcript and recording; `undefined` if there is no call of this id. */
export async function readCallRow(db: LedgerReader, callId: string): Promise<z.infer<typeof archivedCall> | undefined> {
  const query = db.prepare(`SELECT ${columnsSql(archivedCall)} FROM calls WHERE call_id = ?`).bind(callId);
  return parseRows(archivedCall, await askStore("D1", () => query.all()))[0];
}
