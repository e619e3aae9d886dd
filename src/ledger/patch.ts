import type { CallEvent, CallFacts, CallStatus, EventName, JsonObject } from "../events/event.ts";
import { isJsonObject } from "../events/fields.ts";
import { phoneDigits } from "../events/phone.ts";
import type { Received } from "../events/received.ts";
import { eventVersion, transcriptVersion } from "../events/version.ts";
import { fitObject, fits, fitText, jsonText } from "./fit.ts";

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
  disposition: 20_000,
  variables: 900_000,
  metrics: 600_000,
  summary: 200_000,
  recording_url: 20_000,
  transcript_turns: Number.POSITIVE_INFINITY,
  agent_digits: Number.POSITIVE_INFINITY,
  transcript_key: Number.POSITIVE_INFINITY,
} satisfies Record<keyof CallFacts | "agent_id" | "agent_digits" | "transcript_key", number>;

/** A column that events set, directly or by way of another. */
export type PatchColumn = keyof typeof maxBytes;

const patchColumns = Object.keys(maxBytes).filter((column): column is PatchColumn => column in maxBytes);
const factColumns = patchColumns.filter((column) => column !== "agent_digits" && column !== "transcript_key");

/**
 * Holds what the events of a body say of their call's row. A column is a last-writer-wins register: over all events of a call the
 * highest version of a column wins, so neither order nor repetition changes the row.
 */
export interface CallPatch {
  status: CallStatus;
  values: { [column in PatchColumn]?: string | number };
  versions: { [column in PatchColumn]?: string };
  /** A value was too large for the row, so the body must be kept whole in R2. */
  isCut: boolean;
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
 * @param keys R2 keys of the body: as the transcript of its call, and as what keeps it whole should something be cut
 */
export function patchOf(
  events: readonly CallEvent[],
  received: Received,
  keys: { transcript: string; overflow: string },
): CallPatch {
  const patch: CallPatch = { status: "active", values: {}, versions: {}, isCut: false };
  const set = (column: PatchColumn, fact: string | number | JsonObject | undefined, version: string) => {
    if (fact === undefined || version <= (patch.versions[column] ?? "")) return;
    const { value, isCut } = columnValue(fact, maxBytes[column], keys.overflow);
    patch.values[column] = value;
    patch.versions[column] = version;
    patch.isCut ||= isCut;
  };
  for (const event of events) {
    const status = statuses[event.event];
    if (statusOrder.indexOf(status) > statusOrder.indexOf(patch.status)) patch.status = status;
    const version = eventVersion(event, received);
    for (const column of factColumns) set(column, event[column], version);
    set("agent_digits", event.agent_phone && phoneDigits(event.agent_phone), version);
    if (event.event === "call.end") set("transcript_key", keys.transcript, transcriptVersion(event, received));
  }
  return patch;
}

function columnValue(fact: string | number | JsonObject, budget: number, overflowKey: string) {
  if (typeof fact === "number") return { value: fact, isCut: false };
  const text = isJsonObject(fact) ? jsonText(fact) : fact;
  if (fits(text, budget)) return { value: text, isCut: false };
  const value = isJsonObject(fact) ? fitObject(fact, budget, overflowKey) : fitText(text, budget, overflowKey);
  return { value, isCut: true };
}

/**
 * Statements by the columns that they set, and by events: an event sets some of the columns, mostly the same ones, and every other
 * one would be sent, compiled and compared for nothing.
 */
const upserts = new Map<string, string>();

function upsertOf(setColumns: readonly PatchColumn[], events: readonly EventName[]): string {
  const key = [...events, ...setColumns].join();
  const known = upserts.get(key);
  if (known !== undefined) return known;
  // In one line: white space that JSON has to escape takes longer to send and to read than the rest of the text.
  const upsert = upsertSql(setColumns, events).replaceAll(/\s+/g, " ");
  upserts.set(key, upsert);
  return upsert;
}

/**
 * A condition for the events of a body that one run of ingest wrote: what follows from events is written for that run alone.
 * Parameters: 1 call_id, 2 event_id, 3 ingest_id.
 */
export function writtenSql(events: readonly EventName[]): string {
  const names = events.map((event) => `'${event}'`).join(", ");
  return `events.call_id = ?1 AND events.event IN (${names}) AND events.event_id = ?2 AND events.ingest_id = ?3`;
}

/**
 * Parameters: those of {@link writtenSql}, 4 platform, 5 status, 6 called_at, 7 now, 8 received_at, 9 column_versions, then a value for
 * each column. `called_at` of a row that is there is kept right by a trigger. SQLite chooses the id where it is NULL; the row of an
 * erased call's words must not become another call's.
 */
const upsertSql = (setColumns: readonly PatchColumn[], events: readonly EventName[]) => `
INSERT INTO calls (id, call_id, platform, status, called_at, updated_at, first_received_at, column_versions${setColumns.map((column) => `, ${column}`).join("")})
SELECT (SELECT max(words_id) + 1 FROM erased_calls WHERE words_id > (SELECT coalesce(max(id), 0) FROM calls)), ?1, ?4, ?5, ?6, ?7, ?8, ?9${setColumns.map((_, index) => `, ?${index + 10}`).join("")}
WHERE EXISTS (SELECT 1 FROM events WHERE ${writtenSql(events)})
ON CONFLICT (call_id) DO UPDATE SET
  status = CASE
    WHEN 'analyzed' IN (status, excluded.status) THEN 'analyzed'
    WHEN 'ended' IN (status, excluded.status) THEN 'ended'
    ELSE 'active'
  END,
  updated_at = max(updated_at, excluded.updated_at),
  first_received_at = min(first_received_at, excluded.first_received_at),
  ${setColumns.map((column) => `${column} = iif(excluded.column_versions ->> '${column}' > coalesce(column_versions ->> '${column}', ''), excluded.${column}, ${column}),`).join("\n  ")}
  column_versions = (
    SELECT json_group_object(key, version) FROM (
      SELECT key, max(value) AS version
      FROM (
        SELECT key, value FROM json_each(calls.column_versions)
        UNION ALL SELECT key, value FROM json_each(excluded.column_versions)
      )
      GROUP BY key
    )
  )`;

/** Names the row of an event that one run of ingest wrote. */
export interface WrittenEvent {
  call_id: string;
  event: EventName;
  event_id: string;
  ingest_id: string;
}

/** Names the rows of a body's events. */
export type WrittenEvents = Omit<WrittenEvent, "event"> & {
  events: readonly EventName[];
};

/**
 * Merges a patch into the row of its call. No-op unless this run of ingest wrote one of the events. Run after the insertion of the
 * events, in one batch.
 * @param receivedAt when they came in, ISO 8601 UTC
 * @param now when it is written, ISO 8601 UTC
 */
export function mergeCall(
  db: D1Database,
  { call_id, events, event_id, ingest_id }: WrittenEvents,
  platform: string,
  { status, values, versions }: CallPatch,
  receivedAt: string,
  now: string,
): D1PreparedStatement {
  const setColumns = patchColumns.filter((column) => values[column] !== undefined);
  const calledAt = values.started_at ?? values.ended_at ?? receivedAt;
  return db
    .prepare(upsertOf(setColumns, events))
    .bind(
      call_id,
      event_id,
      ingest_id,
      platform,
      status,
      calledAt,
      now,
      receivedAt,
      JSON.stringify(versions),
      ...setColumns.map((column) => values[column]),
    );
}
