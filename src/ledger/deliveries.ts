import { type CallRow, callColumns } from "./calls.ts";

export type DeliveryState = "pending" | "delivered" | "failed";

/** A row of `sync_deliveries`: one event on its way to one destination. */
export interface DeliveryRow {
  event_id: string;
  destination: string;
  call_id: string;
  state: DeliveryState;
  attempts: number;
  /** null: none yet. */
  last_error: string | null;
  updated_at: string;
}

/** What names a delivery. */
export type DeliveryId = Pick<DeliveryRow, "event_id" | "destination">;

/** How one attempt ended. */
export interface Attempt extends DeliveryId {
  state: DeliveryState;
  /** null when it was delivered. */
  error: string | null;
}

/**
 * The statement that plans the deliveries of an event, unless the event is in the ledger already. It belongs before the
 * insertion of the event, in the same transaction, so that there is never an event without its deliveries.
 * @param now ISO 8601 UTC
 */
export function insertDeliveries(
  db: D1Database,
  eventId: string,
  callId: string,
  destinations: readonly string[],
  now: string,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO sync_deliveries (event_id, destination, call_id, state, attempts, updated_at)
       SELECT ?1, value, ?2, 'pending', 0, ?3 FROM json_each(?4)
       WHERE NOT EXISTS (SELECT 1 FROM events WHERE event_id = ?1)
       ON CONFLICT DO NOTHING`,
    )
    .bind(eventId, callId, now, JSON.stringify(destinations));
}

/** A delivery with the call it tells about, as the ledger has it now. */
export type PlannedDelivery = Pick<DeliveryRow, "event_id" | "destination" | "state"> & {
  occurred_at: string;
  call: CallRow;
};

/** The deliveries of a batch with their calls, in one read. Ids that are not in the ledger are not in the answer. */
export async function readDeliveries(db: D1Database, ids: readonly DeliveryId[]): Promise<PlannedDelivery[]> {
  const { results } = await db
    .prepare(
      `SELECT delivery.event_id, delivery.destination, delivery.state, event.occurred_at,
         ${callColumns.map((column) => `call.${column}`).join(", ")}
       FROM json_each(?1) AS wanted
       JOIN sync_deliveries AS delivery
         ON delivery.event_id = wanted.value ->> 'event_id' AND delivery.destination = wanted.value ->> 'destination'
       JOIN events AS event ON event.event_id = delivery.event_id
       JOIN calls AS call ON call.call_id = delivery.call_id`,
    )
    .bind(JSON.stringify(ids))
    .all<Pick<PlannedDelivery, "event_id" | "destination" | "state" | "occurred_at"> & CallRow>();
  return results.map(({ event_id, destination, state, occurred_at, ...call }) => ({
    event_id,
    destination,
    state,
    occurred_at,
    call,
  }));
}

/**
 * Writes how a batch of attempts ended, in one statement. A delivery that is done stays done, whichever message about it
 * comes late.
 * @param now ISO 8601 UTC
 */
export async function saveAttempts(db: D1Database, attempts: readonly Attempt[], now: string): Promise<void> {
  await db
    .prepare(
      `UPDATE sync_deliveries
       SET state = attempt.value ->> 'state', attempts = attempts + 1,
         last_error = coalesce(attempt.value ->> 'error', last_error), updated_at = ?2
       FROM json_each(?1) AS attempt
       WHERE sync_deliveries.event_id = attempt.value ->> 'event_id'
         AND sync_deliveries.destination = attempt.value ->> 'destination'
         AND sync_deliveries.state <> 'delivered'`,
    )
    .bind(JSON.stringify(attempts), now)
    .run();
}

/**
 * Marks deliveries as failed whose message ran out of retries.
 * @param now ISO 8601 UTC
 */
export async function failDeliveries(db: D1Database, ids: readonly DeliveryId[], now: string): Promise<void> {
  await db
    .prepare(
      `UPDATE sync_deliveries
       SET state = 'failed', last_error = 'out of retries: ' || coalesce(last_error, 'no attempt was recorded'), updated_at = ?2
       FROM json_each(?1) AS dead
       WHERE sync_deliveries.event_id = dead.value ->> 'event_id'
         AND sync_deliveries.destination = dead.value ->> 'destination'
         AND sync_deliveries.state = 'pending'`,
    )
    .bind(JSON.stringify(ids), now)
    .run();
}
