import * as z from "zod";
import { cursorOf, writeCursor } from "../http/cursor.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import type { DeliveryRow } from "./deliveries.ts";
import { type DeliveryQuery, listDeliveries } from "./undelivered.ts";

/** Which deliveries are meant, to be listed or to be sent again. */
export const deliveryFilter = { event_id: z.string().min(1).optional(), destination: z.string().min(1).optional() };

export const deliveryState = z.enum(["pending", "delivered", "failed"]);

/** Where in a listing of deliveries the next page begins. */
export const deliveryPosition = cursorOf(
  z.tuple([z.string(), z.string()]).transform(([event_id, destination]) => ({ event_id, destination })),
);

/**
 * A page of deliveries in the order of their ids.
 * @param query with the rows of a page as its limit
 */
export async function readDeliveryPage(
  db: D1Database,
  query: DeliveryQuery,
): Promise<{ deliveries: DeliveryRow[]; next_cursor: string | null }> {
  const { limit } = query;
  // One more than asked for tells whether there is another page.
  const rows = await attempt(() => listDeliveries(db, { ...query, limit: limit + 1 }), STORE_LIMIT);
  const deliveries = rows.slice(0, limit);
  const last = rows.length > limit ? deliveries.at(-1) : undefined;
  return { deliveries, next_cursor: last === undefined ? null : writeCursor(last.event_id, last.destination) };
}
