import { type CallRow, callColumns } from "./calls.ts";

export type DeliveryState = "pending" | "delivered" | "failed";

/** A row of `sync_deliveries`: one event on its way to one destination. Times are ISO 8601 UTC with milliseconds. */
export interface DeliveryRow {
  event_id: string;
  destination: string;
  call_id: string;
  state: DeliveryState;
  attempts: number;
  /** null: none yet. */
  last_error: string | null;
  updated_at: string;
  /** When a pending delivery counts as forgotten; null once it is settled. */
  overdue_at: string | null;
  /** How often it was sent again. */
  round: number;
}

/** What names a delivery. */
export type DeliveryId = Pick<DeliveryRow, "event_id" | "destination">;

/** A delivery as one message knows it: of an earlier round, the message is out of date. */
export type DeliveryRound = DeliveryId & Pick<DeliveryRow, "round">;

/** How one attempt ended. */
export interface Attempt extends DeliveryRound {
  state: DeliveryState;
  /** How many there are with this one. */
  attempts: number;
  /** null when it was delivered. */
  error: string | null;
  overdue_at: string | null;
}

/** A message that nobody has seen for so long was lost: longer than a batch waits, and a queue stalls now and then. */
export const MESSAGE_PATIENCE_SECONDS = 120;

/**
 * When a delivery whose message is sent now, or comes back after a while, counts as forgotten.
 * @param delaySeconds how long the message rests before it comes back
 */
export function overdueAt(now: Date, delaySeconds = 0): string {
  return new Date(now.getTime() + (delaySeconds + MESSAGE_PATIENCE_SECONDS) * 1000).toISOString();
}

/**
 * The statement that plans the deliveries of an event, unless the event is in the ledger already. It belongs before the
 * insertion of the event, in the same transaction, so that there is never an event without its deliveries.
 */
export function insertDeliveries(
  db: D1Database,
  eventId: string,
  callId: string,
  destinations: readonly string[],
  now: Date,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO sync_deliveries (event_id, destination, call_id, state, attempts, updated_at, overdue_at)
       SELECT ?1, value, ?2, 'pending', 0, ?3, ?4 FROM json_each(?5)
       WHERE NOT EXISTS (SELECT 1 FROM events WHERE event_id = ?1)
       ON CONFLICT DO NOTHING`,
    )
    .bind(eventId, callId, now.toISOString(), overdueAt(now), JSON.stringify(destinations));
}

/** A delivery with the call it tells about, as the ledger has it now. */
export interface PlannedDelivery extends DeliveryRound {
  state: DeliveryState;
  attempts: number;
  occurred_at: string;
  call: CallRow;
}

/** The deliveries of a batch with their calls, in one read. Ids that are not in the ledger are not in the answer. */
export async function readDeliveries(db: D1Database, ids: readonly DeliveryId[]): Promise<PlannedDelivery[]> {
  const { results } = await db
    .prepare(
      `SELECT delivery.event_id, delivery.destination, delivery.round, delivery.state, delivery.attempts, event.occurred_at,
         ${callColumns.map((column) => `call.${column}`).join(", ")}
       FROM json_each(?1) AS wanted
       JOIN sync_deliveries AS delivery
         ON delivery.event_id = wanted.value ->> 'event_id' AND delivery.destination = wanted.value ->> 'destination'
       JOIN events AS event ON event.event_id = delivery.event_id
       JOIN calls AS call ON call.call_id = delivery.call_id`,
    )
    .bind(JSON.stringify(ids))
    .all<Omit<PlannedDelivery, "call"> & CallRow>();
  return results.map(({ event_id, destination, round, state, attempts, occurred_at, ...call }) => ({
    event_id,
    destination,
    round,
    state,
    attempts,
    occurred_at,
    call,
  }));
}

/**
 * Writes how a batch of attempts ended, in one statement. What is settled, or has gone into another round, stays as it is.
 * Safe to repeat.
 */
export async function saveAttempts(db: D1Database, attempts: readonly Attempt[], now: Date): Promise<void> {
  await db
    .prepare(
      `UPDATE sync_deliveries
       SET state = attempt.value ->> 'state', attempts = attempt.value ->> 'attempts', updated_at = ?2,
         last_error = coalesce(attempt.value ->> 'error', last_error), overdue_at = attempt.value ->> 'overdue_at'
       FROM json_each(?1) AS attempt
       WHERE sync_deliveries.event_id = attempt.value ->> 'event_id'
         AND sync_deliveries.destination = attempt.value ->> 'destination'
         AND sync_deliveries.round = attempt.value ->> 'round' AND sync_deliveries.state = 'pending'`,
    )
    .bind(JSON.stringify(attempts), now.toISOString())
    .run();
}

/** Marks deliveries as failed whose message ran out of retries. */
export async function failDeliveries(db: D1Database, ids: readonly DeliveryRound[], now: Date): Promise<void> {
  await db
    .prepare(
      `UPDATE sync_deliveries
       SET state = 'failed', updated_at = ?2, overdue_at = NULL,
         last_error = 'out of retries: ' || coalesce(last_error, 'no attempt was recorded')
       FROM json_each(?1) AS dead
       WHERE sync_deliveries.event_id = dead.value ->> 'event_id'
         AND sync_deliveries.destination = dead.value ->> 'destination'
         AND sync_deliveries.round = dead.value ->> 'round' AND sync_deliveries.state = 'pending'`,
    )
    .bind(JSON.stringify(ids), now.toISOString())
    .run();
}
