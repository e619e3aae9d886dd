import * as z from "zod";
import { eventName } from "../events/event.ts";
import { nextCursor, nothing, operation } from "../http/operation.ts";
import { instantFrom, instantTo } from "../http/range.ts";
import { pageCursor, writePageCursor } from "../ledger/page.ts";
import { deliveryState, reader } from "../ledger/schema.ts";
import {
  countFailures,
  type DeliveryFilter,
  deliveryFilter,
  failureGroup,
  listDeliveries,
  listedDelivery,
  retryFilter,
} from "../ledger/undelivered.ts";
import { planRange, type RangePlan, startSending } from "../sync/again/start.ts";
import { configuredDestinations } from "../sync/destinations/index.ts";
import { retryFailed } from "../sync/relay.ts";
import { cannotBeSent, findSendable } from "../sync/sendable.ts";

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

const retryBody = z
  .strictObject({ ...retryFilter, ...ofEvents })
  .refine(({ from, to }) => (from === undefined) === (to === undefined), { error: "a range takes both from and to" })
  .refine(({ from, call_id, event_id, last_error }) => from === undefined || !(call_id || event_id || last_error), {
    error: "a range takes event and destination alone",
  });

/** `POST /api/deliveries/retry`: sends failed deliveries again, or starts a job that sends a range of events again. */
export const retryDeliveries = operation({
  method: "post",
  path: "/deliveries/retry",
  summary:
    "Sends failed deliveries again: one, those to one destination or of one error, or all. With from and to, starts a job that sends every event of the range again, whether it was delivered or not, to a destination that is new as well",
  query: nothing,
  body: retryBody,
  answers: {
    "application/json": z.object({ retried: z.number(), more: z.boolean().describe("ask again: there may be more") }),
  },
  started: z.object({
    job: z.string().describe("see GET /jobs/{id}"),
    deliveries: z.number().describe("how many the range has"),
  }),
  problems: [409],
  async perform({ body }, env) {
    const meant = await findMeant(body, env);
    switch (meant.kind) {
      case "refused":
        return cannotBeSent(meant.reason);
      case "failed":
        return Response.json(await retryFailed(env.DB, env.SYNC_QUEUE, meant.filter, new Date()));
      case "planned": {
        const { range, deliveries } = meant;
        const job = await startSending(range, deliveries, env);
        return Response.json({ job, deliveries }, { status: 202, headers: { Location: `/api/jobs/${job}` } });
      }
    }
  },
});

/** `POST /api/deliveries/retry/preview`: counts what would be sent again. */
export const previewRetry = operation({
  method: "post",
  path: "/deliveries/retry/preview",
  summary: "How many deliveries would be sent again; sends nothing",
  query: nothing,
  body: retryBody,
  answers: {
    "application/json": z.object({
      deliveries: z.number(),
      more: z.boolean().describe("only the newest 20,000 failed ones were looked at"),
    }),
  },
  problems: [409],
  async perform({ body }, env) {
    const meant = await findMeant(body, env);
    switch (meant.kind) {
      case "refused":
        return cannotBeSent(meant.reason);
      case "failed": {
        const { count, more } = await countFailures(reader(env.DB), meant.filter);
        return Response.json({ deliveries: count, more });
      }
      case "planned":
        return Response.json({ deliveries: meant.deliveries, more: false });
    }
  },
});

/** Finds what a request means: a range of events, or failed deliveries. */
async function findMeant(
  { from, to, ...filter }: z.output<typeof retryBody>,
  env: Env,
): Promise<RangePlan | { kind: "failed"; filter: DeliveryFilter }> {
  if (from !== undefined && to !== undefined) return planRange({ ...filter, from, to }, env);
  const sendable = findSendable(filter.destination, configuredDestinations(env));
  if (sendable.kind === "refused") return sendable;
  return { kind: "failed", filter: { ...filter, destinations: sendable.destinations.map(({ name }) => name) } };
}
