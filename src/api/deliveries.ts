import * as z from "zod";
import { eventName } from "../events/event.ts";
import { nextCursor, nothing, operation } from "../http/operation.ts";
import { instantFrom, instantTo } from "../http/range.ts";
import { pageCursor, writePageCursor } from "../ledger/page.ts";
import { deliveryState, reader } from "../ledger/schema.ts";
import {
  countFailures,
  deliveryFilter,
  failureGroup,
  listDeliveries,
  listedDelivery,
  retryFilter,
} from "../ledger/undelivered.ts";
import { retryFailed } from "../sync/relay.ts";

/** By the event that is delivered, and when it occurred. */
const ofEvents = { event: eventName.optional(), from: instantFrom.optional(), to: instantTo.optional() };

/** `GET /api/deliveries`: deliveries with their state and last error, newest event first. */
export const getDeliveries = operation({
  method: "get",
  path: "/deliveries",
  summary: "What is on its way downstream, has arrived, was skipped, or has failed and why; the newest event first",
  query: z.strictObject({
    ...deliveryFilter,
    ...ofEvents,
    state: deliveryState.optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: pageCursor.optional(),
  }),
  body: nothing,
  answers: {
    "application/json": z.object({ deliveries: z.array(listedDelivery), next_cursor: nextCursor }),
  },
  async perform({ query: { cursor, ...query } }, env) {
    const { rows, next } = await listDeliveries(reader(env.DB), { ...query, after: cursor });
    return Response.json({ deliveries: rows, next_cursor: writePageCursor(next) });
  },
});

/** `GET /api/deliveries/failures`: how many deliveries failed, by the reason and what the other side answered. */
export const getFailures = operation({
  method: "get",
  path: "/deliveries/failures",
  summary: "How many deliveries failed, by destination and error: those with the most first, 50 at the most",
  query: z.strictObject({ destination: deliveryFilter.destination, ...ofEvents }),
  body: nothing,
  answers: {
    "application/json": z.object({
      count: z.number(),
      more: z.boolean().describe("only the newest 20,000 were looked at"),
      groups: z.array(failureGroup),
    }),
  },
  perform: async ({ query }, env) => Response.json(await countFailures(reader(env.DB), query)),
});

/** `POST /api/deliveries/retry`: sends failed deliveries again: one, those to one destination or of one error, or all. */
export const retryDeliveries = operation({
  method: "post",
  path: "/deliveries/retry",
  summary: "Sends failed deliveries again: one, those to one destination or of one error, or all",
  query: nothing,
  body: z.strictObject(retryFilter),
  answers: {
    "application/json": z.object({ retried: z.number(), more: z.boolean().describe("ask again: there may be more") }),
  },
  async perform({ body }, env) {
    return Response.json(await retryFailed(env.DB, env.SYNC_QUEUE, body, new Date()));
  },
});
