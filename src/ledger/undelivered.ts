import * as z from "zod";
import { cursorOf, writeCursor } from "../http/cursor.ts";
import { askStore, askStoreOnce } from "../stores/ask.ts";
import { type Condition, whereSql } from "./calls.ts";
import { deliveryReference, MESSAGE_PATIENCE_SECONDS } from "./deliveries.ts";
import { type DeliveryRow, type DeliveryState, deliveryRow, type LedgerReader, parseRows } from "./schema.ts";

const claimedRow = deliveryReference.extend({ agent_id: z.string(), occurred_at: z.string() });

/** A delivery that is sent again, with all that its message needs. */
export type ClaimedDelivery = z.infer<typeof claimedRow>;

/** Which deliveries a request means; all of them when no member is given. */
export const deliveryFilter = {
  call_id: z.string().min(1).optional(),
  event_id: z.string().min(1).optional(),
  destination: z.string().min(1).optional(),
};
export type DeliveryFilter = z.infer<z.ZodObject<typeof deliveryFilter>>;

/**
 * Takes pending deliveries whose message was lost, oldest first. They count as sent from now on, so no other run takes them.
 * @param limit of deliveries
 */
export function claimOverdue(db: D1Database, limit: number, now: Date): Promise<ClaimedDelivery[]> {
  return claim(db, "pending", {}, limit, now);
}

/**
 * Takes failed deliveries, to be sent again: they are pending from now on. Their attempts go on counting.
 * @param limit of deliveries
 */
export function claimFailed(
  db: D1Database,
  filter: DeliveryFilter,
  limit: number,
  now: Date,
): Promise<ClaimedDelivery[]> {
  return claim(db, "failed", filter, limit, now);
}

/** Two minutes, doubled nine times: 17 hours. */
const MAX_DOUBLINGS = 9;

async function claim(
  db: D1Database,
  state: DeliveryState,
  { call_id, event_id, destination }: DeliveryFilter,
  limit: number,
  now: Date,
): Promise<ClaimedDelivery[]> {
  const update = db
    .prepare(
      // `state <> 'delivered'` is what lets SQLite use the partial index. The patience doubles with each generation, so that a
      // queue that is only slow is not filled with messages that outrun each other.
      `UPDATE sync_deliveries SET state = 'pending', generation = generation + 1, updated_at = ?2,
         overdue_at = strftime('%Y-%m-%dT%H:%M:%fZ', ?2, (?3 << min(generation + 1, ${MAX_DOUBLINGS})) || ' seconds')
       WHERE (call_id, event, event_id, destination) IN (
         SELECT call_id, event, event_id, destination FROM sync_deliveries
         WHERE state <> 'delivered' AND state = ?1 AND (overdue_at IS NULL OR overdue_at < ?2)
           AND (?5 IS NULL OR event_id = ?5) AND (?6 IS NULL OR destination = ?6) AND (?7 IS NULL OR call_id = ?7)
         ORDER BY overdue_at LIMIT ?4
       )
       RETURNING call_id, event, event_id, destination, generation,
         (SELECT agent_id FROM events WHERE (events.call_id, events.event, events.event_id)
           = (sync_deliveries.call_id, sync_deliveries.event, sync_deliveries.event_id)) AS agent_id,
         (SELECT occurred_at FROM events WHERE (events.call_id, events.event, events.event_id)
           = (sync_deliveries.call_id, sync_deliveries.event, sync_deliveries.event_id)) AS occurred_at`,
    )
    .bind(
      state,
      now.toISOString(),
      MESSAGE_PATIENCE_SECONDS,
      limit,
      event_id ?? null,
      destination ?? null,
      call_id ?? null,
    );
  // Once: a repetition would find its own first try and claim nothing. Claims whose answer is lost are overdue after a while.
  return parseRows(claimedRow, await askStoreOnce("D1", () => update.all()));
}

const listedRow = deliveryRow.extend({ position: z.number() });

/** Where in a listing of deliveries the next page begins: what the last one of the page before goes by. */
export const deliveryCursor = cursorOf(
  z.tuple([z.string().nullable(), z.number().int()]).transform(([overdue_at, position]) => ({ overdue_at, position })),
);

/** A page of deliveries. */
export interface DeliveryQuery extends DeliveryFilter {
  state?: DeliveryState | undefined;
  after?: z.output<typeof deliveryCursor> | undefined;
  limit: number;
}

/**
 * A page of deliveries, newest first; of pending ones those first that are sent again last. Walks the table from its end, the index of
 * what is not delivered, or the deliveries of one call.
 */
export async function listDeliveries(
  db: LedgerReader,
  { state, after, limit, ...filter }: DeliveryQuery,
): Promise<{ deliveries: DeliveryRow[]; next_cursor: string | null }> {
  const conditions: Condition[] = [];
  const isPending = state === "pending";
  // What lets SQLite use the partial index, in its order.
  if (isPending || state === "failed") conditions.push({ sql: "state <> 'delivered'", values: [] });
  if (state === "failed") conditions.push({ sql: "overdue_at IS NULL", values: [] });
  for (const [column, value] of Object.entries({ state, ...filter })) {
    if (value !== undefined) conditions.push({ sql: `${column} = ?`, values: [value] });
  }
  if (after !== undefined) {
    const { overdue_at, position } = after;
    conditions.push(
      isPending
        ? { sql: "(overdue_at, rowid) < (?, ?)", values: [overdue_at ?? "", position] }
        : { sql: "rowid < ?", values: [position] },
    );
  }
  const query = db
    .prepare(
      `SELECT *, rowid AS position FROM sync_deliveries ${whereSql(conditions)}
       ORDER BY ${isPending ? "overdue_at DESC, " : ""}rowid DESC LIMIT ?`,
    )
    // One row more than the page has shows whether there is another page.
    .bind(...conditions.flatMap(({ values }) => values), limit + 1);
  const rows = parseRows(listedRow, await askStore("D1", () => query.all()));
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    deliveries: rows.slice(0, limit).map(({ position, ...delivery }) => delivery),
    next_cursor: last === undefined ? null : writeCursor(last.overdue_at, last.position),
  };
}
