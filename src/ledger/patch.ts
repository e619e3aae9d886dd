import type { CallEvent, CallFacts, CallStatus, EventName, JsonObject } from "../events/event.ts";
import { isJsonObject } from "../events/fields.ts";
import type { StoredBody } from "../events/received.ts";
import { eventVersion, transcriptVersion } from "../events/version.ts";
import { fits, jsonText, overflowText } from "./overflow.ts";

/**
 * The columns that events set, each with the bytes it may take; unbounded where the event is bounded already (ids, times,
 * numbers). Together they stay below the 2,000,000 bytes of a D1 row, whichever events set them.
 */
const maxBytes = {
  agent_id: Number.POSITIVE_INFINITY,
  call_direction: Number.POSITIVE_INFINITY,
  caller_phone: 10_000,
  agent_phone: 10_000,
  started_at: Number.POSITIVE_INFINITY,
  ended_at: Number.POSITIVE_INFINITY,
  analyzed_at: Number.POSITIVE_INFINITY,
  duration_seconds: Number.POSITIVE_INFINITY,
  cost_usd: Number.POSITIVE_INFINITY,
  latency_ms: Number.POSITIVE_INFINITY,
  agent_version: 1_000,
  disposition: 20_000,
  variables: 900_000,
  metrics: 600_000,
  summary: 200_000,
  recording_url: 20_000,
  transcript_turns: Number.POSITIVE_INFINITY,
  transcript_key: Number.POSITIVE_INFINITY,
} satisfies Record<keyof CallFacts | "agent_id" | "transcript_key", number>;

/** A column that events set, directly or by way of another. */
export type PatchColumn = keyof typeof maxBytes;

const patchColumns = Object.keys(maxBytes).filter((column): column is PatchColumn => column in maxBytes);
const factColumns = patchColumns.filter((column) => column !== "transcript_key");

/**
 * Holds what the events of a body say of their call's row. A column is a last-writer-wins register: over all events of a call the
 * highest version of a column wins, so neither order nor repetition changes the row.
 */
export interface CallPatch {
  status: CallStatus;
  values: { [column in PatchColumn]?: string | number };
  versions: { [column in PatchColumn]?: string };
  /** Whether a value is too large for the row, so that R2 gets the whole body. */
  isOverflow: boolean;
}

const statuses: Record<EventName, CallStatus> = {
  "call.start": "active",
  "call.end": "ended",
  "analytics.completed": "analyzed",
};

/** From the first status of a call to the last. */
const statusOrder: readonly CallStatus[] = ["active", "ended", "analyzed"];

/**
 * Works out the patch of a body's events. Pure.
 * @param keys R2 keys of the body, as the transcript of its call and as an overflow object
 */
export function patchOf(
  events: readonly CallEvent[],
  received: StoredBody,
  keys: { transcript: string; overflow: string },
): CallPatch {
  const patch: CallPatch = { status: "active", values: {}, versions: {}, isOverflow: false };
  const set = (column: PatchColumn, fact: string | number | JsonObject | undefined, version: string) => {
    if (fact === undefined || version <= (patch.versions[column] ?? "")) return;
    const { value, isOverflow } = columnValue(fact, maxBytes[column], keys.overflow);
    patch.values[column] = value;
    patch.versions[column] = version;
    patch.isOverflow ||= isOverflow;
  };
  for (const event of events) {
    const status = statuses[event.event];
    if (statusOrder.indexOf(status) > statusOrder.indexOf(patch.status)) patch.status = status;
    for (const column of factColumns) set(column, event[column], eventVersion(event, column, received));
    if (event.event === "call.end") set("transcript_key", keys.transcript, transcriptVersion(event, received));
  }
  return patch;
}

function columnValue(fact: string | number | JsonObject, budget: number, overflowKey: string) {
  if (typeof fact === "number") return { value: fact, isOverflow: false };
  const text = isJsonObject(fact) ? jsonText(fact) : fact;
  const isOverflow = !fits(text, budget);
  return { value: isOverflow ? overflowText(overflowKey) : text, isOverflow };
}

/**
 * A condition for the events of a body that one run of ingest wrote: all other rows are written for that run only.
 * Parameters: 1 call_id, 2 event_id, 3 ledger_ingest_id.
 */
export const writtenSql = "events.call_id = ?1 AND events.event_id = ?2 AND events.ledger_ingest_id = ?3";

/** Parameters: those of {@link writtenSql}, 4 platform, 5 status, 6 now, 7 received_at, 8 ledger_column_versions, then each column's value. */
const upsertSql = `
INSERT INTO calls (call_id, platform, status, updated_at, ledger_first_received_at, ledger_column_versions, ${patchColumns.join(", ")})
SELECT ?1, ?4, ?5, ?6, ?7, ?8, ${patchColumns.map((_, index) => `?${index + 9}`).join(", ")}
WHERE EXISTS (SELECT 1 FROM events WHERE ${writtenSql})
ON CONFLICT (call_id) DO UPDATE SET
  status = CASE
    WHEN 'analyzed' IN (status, excluded.status) THEN 'analyzed'
    WHEN 'ended' IN (status, excluded.status) THEN 'ended'
    ELSE 'active'
  END,
  updated_at = max(updated_at, excluded.updated_at),
  ledger_first_received_at = min(ledger_first_received_at, excluded.ledger_first_received_at),
  ${patchColumns
    .map(
      (
        column,
      ) => `${column} = iif(excluded.ledger_column_versions ->> '${column}' > coalesce(ledger_column_versions ->> '${column}', ''),
    excluded.${column}, ${column}),`,
    )
    .join("\n  ")}
  ledger_column_versions = (
    SELECT json_group_object(key, version) FROM (
      SELECT key, max(value) AS version
      FROM (
        SELECT key, value FROM json_each(calls.ledger_column_versions)
        UNION ALL SELECT key, value FROM json_each(excluded.ledger_column_versions)
      )
      GROUP BY key
    )
  )`;

/** Names the row of an event that one run of ingest wrote. */
export interface WrittenEvent {
  call_id: string;
  event: EventName;
  event_id: string;
  ledger_ingest_id: string;
}

/** Names the rows of a body's events. */
export type WrittenEvents = Omit<WrittenEvent, "event">;

/**
 * Merges a patch into the row of its call. No-op unless this run of ingest wrote one of the events. Run after the insertion of the
 * events, in one batch.
 * @param receivedAt when they came in, ISO 8601 UTC
 * @param now when it is written, ISO 8601 UTC
 */
export function mergeCall(
  db: D1Database,
  { call_id, event_id, ledger_ingest_id }: WrittenEvents,
  platform: string,
  { status, values, versions }: CallPatch,
  receivedAt: string,
  now: string,
): D1PreparedStatement {
  return db
    .prepare(upsertSql)
    .bind(
      ...[call_id, event_id, ledger_ingest_id, platform, status, now, receivedAt, JSON.stringify(versions)],
      ...patchColumns.map((column) => values[column] ?? null),
    );
}
