import * as z from "zod";
import { deliveryRow } from "../ledger/rows.ts";
import { listDeliveries } from "../ledger/undelivered.ts";
import { cursorOf, writeCursor } from "../reading/cursor.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { retryFailed } from "../sync/relay.ts";
import { nothing, operation } from "./operation.ts";

/** Deliveries that one request sends again. */
const MAX_RETRIES = 500;

const filter = { event_id: z.string().min(1).optional(), destination: z.string().min(1).optional() };

/** `GET /api/deliveries`: what is on its way downstream, has arrived, or has failed and why. */
export const getDeliveries = operation({
  method: "get",
  path: "/deliveries",
  summary: "What is on its way downstream, has arrived, or has failed and why",
  query: z.strictObject({
    ...filter,
    state: z.enum(["pending", "delivered", "failed"]).optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: cursorOf(
      z.tuple([z.string(), z.string()]).transform(([event_id, destination]) => ({ event_id, destination })),
    ).optional(),
  }),
  body: nothing,
  answers: {
    "application/json": z.object({ deliveries: z.array(deliveryRow), next_cursor: z.string().nullable() }),
  },
  async perform({ query: { cursor, limit, ...wanted } }, env) {
    // One more than asked for tells whether there is another page.
    const rows = await attempt(
      () => listDeliveries(env.DB, { ...wanted, after: cursor, limit: limit + 1 }),
      STORE_LIMIT,
    );
    const deliveries = rows.slice(0, limit);
    const last = rows.length > limit ? deliveries.at(-1) : undefined;
    const next_cursor = last === undefined ? null : writeCursor(last.event_id, last.destination);
    return Response.json({ deliveries, next_cursor });
  },
});

/** `POST /api/deliveries/retry`: sends failed deliveries again, one, those to one destination, or all. */
export const retryDeliveries = operation({
  method: "post",
  path: "/deliveries/retry",
  summary: "Sends failed deliveries again: one, those to one destination, or all",
  query: nothing,
  body: z.strictObject(filter),
  answers: {
    "application/json": z.object({ retried: z.number(), more: z.boolean().describe("ask again: there may be more") }),
  },
  async perform({ body }, env) {
    const { retried } = await retryFailed(env.DB, env.SYNC_QUEUE, body, MAX_RETRIES, new Date());
    return Response.json({ retried, more: retried === MAX_RETRIES });
  },
});
