import type { CallEvent, JsonObject } from "../events/event.ts";
import { fitObject, fits } from "./fit.ts";

/** A row of `events`. Times are ISO 8601 UTC with milliseconds. */
export interface EventRow {
  event_id: string;
  call_id: string;
  agent_id: string;
  event: CallEvent["event"];
  occurred_at: string;
  received_at: string;
  /** The name of the wire format. */
  format: string;
  /** The body as JSON, without the transcript. */
  payload: string;
}

/** With the ids beside it, the row stays below the 2,000,000 bytes of a D1 row. */
const PAYLOAD_BYTES = 1_900_000;

/** The payload column, and whether it had to be cut. */
export function payloadColumn(
  payload: string,
  body: JsonObject,
  overflowKey: string,
): { payload: string; cut: boolean } {
  if (fits(payload, PAYLOAD_BYTES)) return { payload, cut: false };
  return { payload: fitObject(body, PAYLOAD_BYTES, overflowKey), cut: true };
}

/** The statement that adds an event; a row comes back when it is new, none when it is in the ledger already. */
export function insertEvent(db: D1Database, row: EventRow): D1PreparedStatement {
  const { event_id, call_id, agent_id, event, occurred_at, received_at, format, payload } = row;
  return db
    .prepare(
      `INSERT INTO events (event_id, call_id, agent_id, event, occurred_at, received_at, format, payload)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
       ON CONFLICT (event_id) DO NOTHING
       RETURNING 1`,
    )
    .bind(event_id, call_id, agent_id, event, occurred_at, received_at, format, payload);
}

/** What names the body of an event in the archive; null when the event is not in the ledger. */
export function findEvent(
  db: D1Database,
  eventId: string,
): Promise<Pick<EventRow, "call_id" | "event" | "occurred_at"> | null> {
  return db
    .prepare("SELECT call_id, event, occurred_at FROM events WHERE event_id = ?1")
    .bind(eventId)
    .first<Pick<EventRow, "call_id" | "event" | "occurred_at">>();
}
