import type { CallEvent, JsonObject } from "../events/event.ts";
import { isJsonObject } from "../events/fields.ts";
import { eventVersion, transcriptVersion } from "../events/version.ts";
import { fitObject, fits, fitText, jsonText } from "./fit.ts";
import { freePlaceSql, momentOf } from "./time-order.ts";

export type CallStatus = "active" | "ended" | "analyzed";

/** A row of `calls` as the outside sees it; JSON columns hold JSON text. Times are ISO 8601 UTC with milliseconds. */
export interface CallRow {
  call_id: string;
  agent_id: string;
  status: CallStatus;
  call_direction: string | null;
  caller_phone: string | null;
  agent_phone: string | null;
  started_at: string | null;
  ended_at: string | null;
  analyzed_at: string | null;
  duration_seconds: number | null;
  disposition: string | null;
  variables: string | null;
  metrics: string | null;
  summary: string | null;
  recording_url: string | null;
  transcript_key: string | null;
  transcript_turns: number | null;
  updated_at: string;
}

/** A row with its JSON columns as JSON, the way it leaves this Worker. */
export function withJson<Row extends Pick<CallRow, "variables" | "metrics">>(row: Row) {
  return { ...row, variables: jsonOf(row.variables), metrics: jsonOf(row.metrics) };
}

function jsonOf(column: string | null): unknown {
  return column === null ? null : JSON.parse(column);
}

/**
 * The columns that events fill, each with the bytes it may take; unbounded where the event is bounded already (ids,
 * times, numbers). Together they stay below the 2,000,000 bytes of a D1 row, whichever events fill them.
 */
const budgets = {
  agent_id: Number.POSITIVE_INFINITY,
  call_direction: Number.POSITIVE_INFINITY,
  caller_phone: 10_000,
  agent_phone: 10_000,
  started_at: Number.POSITIVE_INFINITY,
  ended_at: Number.POSITIVE_INFINITY,
  analyzed_at: Number.POSITIVE_INFINITY,
  duration_seconds: Number.POSITIVE_INFINITY,
  disposition: 20_000,
  variables: 900_000,
  metrics: 600_000,
  summary: 200_000,
  recording_url: 20_000,
  transcript_key: Number.POSITIVE_INFINITY,
  transcript_turns: Number.POSITIVE_INFINITY,
} satisfies Partial<Record<keyof CallRow, number>>;

type CallColumn = keyof typeof budgets;

const columns = Object.keys(budgets).filter((column): column is CallColumn => column in budgets);

/** Every column of `calls` that is meant for the outside. */
export const callColumns: readonly (keyof CallRow)[] = ["call_id", "status", ...columns, "updated_at"];

/** What one event says of its call. */
export interface Contribution {
  call_id: string;
  status: CallStatus;
  values: { [column in CallColumn]?: string | number };
  /** Column to the version of the event that says so; the highest version of a column wins. */
  sources: { [column in CallColumn]?: string };
  /** Something was too large for the row, so the body must be kept whole in R2. */
  cut: boolean;
}

const statuses: Record<CallEvent["event"], CallStatus> = {
  "call.start": "active",
  "call.end": "ended",
  "analytics.completed": "analyzed",
};

/**
 * What an event contributes to the row of its call. The row is the maximum, column by column, over the contributions
 * of all its events, so neither order nor repetition changes it.
 * @param digest SHA-256 of the body, hex
 * @param transcriptKey R2 key of the body when it is a `call.end`
 * @param overflowKey R2 key under which the body is kept whole should something be cut
 */
export function contribution(
  event: CallEvent,
  digest: string,
  transcriptKey: string | undefined,
  overflowKey: string,
): Contribution {
  const told: { [column in CallColumn]?: string | number | JsonObject } = event;
  const result: Contribution = {
    call_id: event.call_id,
    status: statuses[event.event],
    values: {},
    sources: {},
    cut: false,
  };
  const version = eventVersion(event, digest);
  for (const column of columns) {
    const value = told[column];
    if (value === undefined) continue;
    const kept = columnValue(value, budgets[column], overflowKey);
    result.values[column] = kept.value;
    result.sources[column] = version;
    result.cut ||= kept.cut;
  }
  if (event.event === "call.end" && transcriptKey !== undefined) {
    result.values.transcript_key = transcriptKey;
    result.sources.transcript_key = transcriptVersion(event, digest);
  }
  return result;
}

function columnValue(value: string | number | JsonObject, budget: number, overflowKey: string) {
  if (typeof value === "number") return { value, cut: false };
  const text = isJsonObject(value) ? jsonText(value) : value;
  if (fits(text, budget)) return { value: text, cut: false };
  const kept = isJsonObject(value) ? fitObject(value, budget, overflowKey) : fitText(text, budget, overflowKey);
  return { value: kept, cut: true };
}

/**
 * Bytes of `event_ids` beyond which further ids are left out, so that the row stays within D1's 2 MB: thousands of events of
 * one call, of which a platform sends three, and 65 when every id is as long as can be.
 */
const MAX_EVENT_IDS_BYTES = 200_000;

/**
 * Statements by the columns that they fill: an event names some of the columns, mostly the same ones, and what it does not name
 * would be sent, compiled and compared for nothing.
 */
const upserts = new Map<string, string>();

function upsertOf(told: readonly CallColumn[]): string {
  const key = told.join();
  const known = upserts.get(key);
  if (known !== undefined) return known;
  // In one line: what JSON has to escape takes longer to send and to read than the rest of the text.
  const upsert = upsertSql(told).replaceAll(/\s+/g, " ");
  upserts.set(key, upsert);
  return upsert;
}

/** Parameters: 1 call_id, 2 status, 3 now, 4 received_at, 5 sources, 6 event_id, 7 moment, then a value for each column. */
const upsertSql = (told: readonly CallColumn[]) => `
INSERT INTO calls (time_order, call_id, status, updated_at, first_received_at, sources, event_ids${told.map((column) => `, ${column}`).join("")})
SELECT ${freePlaceSql("calls", "time_order", "moment")}, ?1, ?2, ?3, ?4, ?5, json_array(?6)${told.map((_, index) => `, ?${index + 8}`).join("")}
FROM (SELECT CAST(?7 AS INTEGER) AS moment)
WHERE NOT EXISTS (SELECT 1 FROM events WHERE event_id = ?6)
ON CONFLICT (call_id) DO UPDATE SET
  status = CASE
    WHEN 'analyzed' IN (status, excluded.status) THEN 'analyzed'
    WHEN 'ended' IN (status, excluded.status) THEN 'ended'
    ELSE 'active'
  END,
  updated_at = max(updated_at, excluded.updated_at),
  first_received_at = min(first_received_at, excluded.first_received_at),
  event_ids = iif(length(CAST(event_ids AS BLOB)) > ${MAX_EVENT_IDS_BYTES}, event_ids, (
    SELECT json_group_array(value) FROM (SELECT value FROM json_each(calls.event_ids) UNION SELECT ?6 ORDER BY 1)
  )),
  ${told.map((column) => `${column} = iif(excluded.sources ->> '${column}' > coalesce(sources ->> '${column}', ''), excluded.${column}, ${column}),`).join("\n  ")}
  sources = (
    SELECT json_group_object(key, version) FROM (
      SELECT key, max(value) AS version
      FROM (SELECT key, value FROM json_each(calls.sources) UNION ALL SELECT key, value FROM json_each(excluded.sources))
      GROUP BY key
    )
  )`;

/**
 * The statement that merges a contribution into its row, unless the event is in the ledger already. It belongs before
 * the insertion of the event, in the same transaction.
 * @param receivedAt when the event came in, ISO 8601 UTC
 * @param now when it is written, ISO 8601 UTC
 */
export function mergeCall(
  db: D1Database,
  eventId: string,
  { call_id, status, values, sources }: Contribution,
  receivedAt: string,
  now: string,
): D1PreparedStatement {
  const told = columns.filter((column) => values[column] !== undefined);
  const moment = momentOf(String(values.started_at ?? values.ended_at ?? receivedAt));
  return db
    .prepare(upsertOf(told))
    .bind(
      call_id,
      status,
      now,
      receivedAt,
      JSON.stringify(sources),
      eventId,
      moment,
      ...told.map((column) => values[column]),
    );
}
