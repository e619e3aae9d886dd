import * as z from "zod";
import { askStoreOnce } from "../stores/ask.ts";
import { deliveryReference, MESSAGE_PATIENCE_SECONDS } from "./deliveries.ts";
import { type Condition, type Page, type PageAt, readPage } from "./page.ts";
import { type DeliveryRow, type DeliveryState, deliveryRow, type LedgerReader, parseRows } from "./schema.ts";

const claimedRow = deliveryReference.extend({ agent_id: z.string(), occurred_at: z.string() });

/** A delivery whose message is sent again. */
export type ClaimedDelivery = z.infer<typeof claimedRow>;

/** The filter of deliveries; an absent member filters nothing. */
export const deliveryFilter = {
  call_id: z.string().min(1).optional(),
  event_id: z.string().min(1).optional(),
  destination: z.string().min(1).optional(),
};
export type DeliveryFilter = z.infer<z.ZodObject<typeof deliveryFilter>>;

/**
 * Claims pending deliveries whose message counts as lost, oldest first. They count as sent again, so no other run claims them.
 * @param limit of deliveries
 */
export function claimOverdue(db: D1Database, limit: number, now: Date): Promise<ClaimedDelivery[]> {
  return claim(db, "pending", {}, limit, now);
}

/**
 * Claims failed deliveries, to be sent again: they become pending. Their attempts go on counting.
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
      // `state <> 'delivered'` lets SQLite use the partial index. The patience doubles with each generation, so that a
      // queue that is only slow is not filled with messages that outrun each other.
      `UPDATE sync_deliveries SET state = 'pending', ledger_generation = ledger_generation + 1, updated_at = ?2,
         overdue_at = strftime('%Y-%m-%dT%H:%M:%fZ', ?2, (?3 << min(ledger_generation + 1, ${MAX_DOUBLINGS})) || ' seconds')
       WHERE (call_id, event, event_id, destination) IN (
         SELECT call_id, event, event_id, destination FROM sync_deliveries
         WHERE state <> 'delivered' AND state = ?1 AND (overdue_at IS NULL OR overdue_at < ?2)
           AND (?5 IS NULL OR event_id = ?5) AND (?6 IS NULL OR destination = ?6) AND (?7 IS NULL OR call_id = ?7)
         ORDER BY overdue_at LIMIT ?4
       )
       RETURNING call_id, event, event_id, destination, ledger_generation AS generation,
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

/** A page of deliveries. */
export interface DeliveryQuery extends DeliveryFilter, PageAt {
  state?: DeliveryState | undefined;
}

/** SQL of the orders of deliveries. */
const CREATION = "sync_deliveries.rowid";
const NEXT_SENDING = "sync_deliveries.overdue_at";

/**
 * Lists deliveries, newest first; pending ones by the time at which they are sent again, latest first. Walks the table from its end,
 * the index of undelivered ones, or the deliveries of one call.
 */
export function listDeliveries(
  db: LedgerReader,
  { limit, after, ...query }: DeliveryQuery,
): Promise<Page<DeliveryRow>> {
  const key = query.state === "pending" ? NEXT_SENDING : CREATION;
  const walk = { table: "sync_deliveries", key, id: CREATION };
  return readPage(db, { row: deliveryRow, table: "sync_deliveries", walk, ...conditionsOf(query) }, { limit, after });
}

function conditionsOf({ call_id, event_id, destination, state }: Omit<DeliveryQuery, "limit">) {
  const range = equals({ call_id });
  const filter = equals({ event_id, destination });
  if (call_id === undefined && (state === "pending" || state === "failed")) {
    // These let SQLite use the partial index, in its order.
    range.push({ sql: "state <> 'delivered'", values: [] }, ...equals({ state }));
    if (state === "failed") range.push({ sql: "overdue_at IS NULL", values: [] });
  } else {
    filter.push(...equals({ state }));
  }
  return { range, filter };
}

function equals(columns: { [column: string]: string | undefined }): Condition[] {
  return Object.entries(columns).flatMap(([column, value]) =>
    value === undefined ? [] : [{ sql: `${column} = ?`, values: [value] }],
  );
}
