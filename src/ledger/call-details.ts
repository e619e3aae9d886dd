import * as z from "zod";
import { type ListedCall, listedColumns } from "./call-list.ts";
import type { DeliveryRow } from "./deliveries.ts";
import type { EventRow } from "./events.ts";
import { callRow, deliveryRow, eventRow } from "./rows.ts";

/** Everything that D1 has of one call. */
export interface CallDetails {
  call: ListedCall;
  /** In the order in which they occurred. */
  events: EventRow[];
  deliveries: DeliveryRow[];
}

/** The ids of a call's events are in its row, so its events and deliveries are found by their primary keys. */
const EVENT_IDS = "SELECT value FROM calls, json_each(calls.event_ids) WHERE calls.call_id = ?1";

/** A call with its events and deliveries, in one round trip; `undefined` when there is none of this id. */
export async function readCall(db: D1Database, callId: string): Promise<CallDetails | undefined> {
  const [calls, events, deliveries] = await db.batch(
    [
      `SELECT ${listedColumns.join(", ")} FROM calls WHERE call_id = ?1`,
      `SELECT * FROM events WHERE event_id IN (${EVENT_IDS}) ORDER BY occurred_at, received_at, event_id`,
      `SELECT * FROM sync_deliveries WHERE event_id IN (${EVENT_IDS}) ORDER BY event_id, destination`,
    ].map((sql) => db.prepare(sql).bind(callId)),
  );
  const [call] = z.array(callRow).parse(calls?.results);
  if (call === undefined) return undefined;
  return {
    call,
    events: z.array(eventRow).parse(events?.results),
    deliveries: z.array(deliveryRow).parse(deliveries?.results),
  };
}
