import * as z from "zod";
import { pageCursor, writePageCursor } from "../ledger/page.ts";
import { deliveryRow, deliveryState, reader } from "../ledger/schema.ts";
import { deliveryFilter, listDeliveries } from "../ledger/undelivered.ts";
import { retryFailed } from "../sync/relay.ts";
import { nextCursor, nothing, operation } from "./operation.ts";

/** `GET /api/deliveries`: deliveries with their state and last error, newest first. */
export const getDeliveries = operation({
  method: "get",
  path: "/deliveries",
  summary: "What is on its way downstream, has arrived, or has failed and why",
  query: z.strictObject({
    ...deliveryFilter,
    state: deliveryState.optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: pageCursor.optional(),
  }),
  body: nothing,
  answers: {
    "application/json": z.object({ deliveries: z.array(deliveryRow), next_cursor: nextCursor }),
  },
  async perform({ query: { cursor, ...query } }, env) {
    const { rows, next } = await listDeliveries(reader(env.DB), { ...query, after: cursor });
    return Response.json({ deliveries: rows, next_cursor: writePageCursor(next) });
  },
});

/** `POST /api/deliveries/retry`: sends failed deliveries again, one, those to one destination, or all. */
export const retryDeliveries = operation({
  method: "post",
  path: "/deliveries/retry",
  summary: "Sends failed deliveries again: one, those to one destination, or all",
  query: nothing,
  body: z.strictObject(deliveryFilter),
  answers: {
    "application/json": z.object({ retried: z.number(), more: z.boolean().describe("ask again: there may be more") }),
  },
  async perform({ body }, env) {
    return Response.json(await retryFailed(env.DB, env.SYNC_QUEUE, body, new Date()));
  },
});
