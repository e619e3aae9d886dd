import {
  type DeliveryId,
  type DeliveryRound,
  type DeliveryRow,
  type DeliveryState,
  MESSAGE_PATIENCE_SECONDS,
} from "./deliveries.ts";

/** What a message needs of a delivery that is sent again. */
export interface Resend extends DeliveryRound {
  call_id: string;
  agent_id: string;
  occurred_at: string;
}

/** Which deliveries are meant; all of them when neither is given. */
export interface DeliveryFilter {
  event_id?: string | undefined;
  destination?: string | undefined;
}

/**
 * Takes the deliveries whose message was lost, oldest first. They count as sent from now on, so no other run takes them.
 * @param limit so many at the most
 */
export function claimOverdue(db: D1Database, limit: number, now: Date): Promise<Resend[]> {
  return claim(db, "pending", {}, limit, now);
}

/**
 * Takes failed deliveries, to be sent again: they are pending from now on. Their attempts go on counting.
 * @param limit so many at the most
 */
export function claimFailed(db: D1Database, filter: DeliveryFilter, limit: number, now: Date): Promise<Resend[]> {
  return claim(db, "failed", filter, limit, now);
}

/** Two minutes, doubled nine times: 17 hours. */
const MAX_DOUBLINGS = 9;

async function claim(
  db: D1Database,
  state: DeliveryState,
  { event_id, destination }: DeliveryFilter,
  limit: number,
  now: Date,
): Promise<Resend[]> {
  const { results } = await db
    .prepare(
      // `state <> 'delivered'` is what lets SQLite use the partial index. The patience doubles with each round, so that a
      // queue that is only slow is not filled with messages that outrun each other.
      `UPDATE sync_deliveries SET state = 'pending', round = round + 1, updated_at = ?2,
         overdue_at = strftime('%Y-%m-%dT%H:%M:%fZ', ?2, (?3 << min(round + 1, ${MAX_DOUBLINGS})) || ' seconds')
       WHERE (event_id, destination) IN (
         SELECT event_id, destination FROM sync_deliveries
         WHERE state <> 'delivered' AND state = ?1 AND (overdue_at IS NULL OR overdue_at < ?2)
           AND (?5 IS NULL OR event_id = ?5) AND (?6 IS NULL OR destination = ?6)
         ORDER BY overdue_at LIMIT ?4
       )
       RETURNING event_id, destination, round, call_id,
         (SELECT agent_id FROM events WHERE events.event_id = sync_deliveries.event_id) AS agent_id,
         (SELECT occurred_at FROM events WHERE events.event_id = sync_deliveries.event_id) AS occurred_at`,
    )
    .bind(state, now.toISOString(), MESSAGE_PATIENCE_SECONDS, limit, event_id ?? null, destination ?? null)
    .all<Resend>();
  return results;
}

/** Which rows a listing of deliveries shows, and where it goes on. */
export interface DeliveryQuery extends DeliveryFilter {
  state?: DeliveryState | undefined;
  /** The last row of the page before. */
  after?: DeliveryId | undefined;
  limit: number;
}

/** Deliveries in the order of their ids. */
export async function listDeliveries(db: D1Database, query: DeliveryQuery): Promise<DeliveryRow[]> {
  const { state, event_id, destination, after, limit } = query;
  const undelivered = state === undefined || state === "delivered" ? "" : "state <> 'delivered' AND";
  const { results } = await db
    .prepare(
      `SELECT * FROM sync_deliveries
       WHERE ${undelivered} (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR event_id = ?2) AND (?3 IS NULL OR destination = ?3)
         AND (?4 IS NULL OR (event_id, destination) > (?4, ?5))
       ORDER BY event_id, destination LIMIT ?6`,
    )
    .bind(
      state ?? null,
      event_id ?? null,
      destination ?? null,
      after?.event_id ?? null,
      after?.destination ?? null,
      limit,
    )
    .all<DeliveryRow>();
  return results;
}
