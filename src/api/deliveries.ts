import type { IRequest } from "itty-router";
import * as z from "zod";
import type { DeliveryId } from "../ledger/deliveries.ts";
import { listDeliveries } from "../ledger/undelivered.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { retryFailed } from "../sync/relay.ts";
import { readJson, readQuery } from "./input.ts";

/** Deliveries that one request sends again. */
const MAX_RETRIES = 500;

const filter = { event_id: z.string().min(1).optional(), destination: z.string().min(1).optional() };

const query = z.object({
  ...filter,
  state: z.enum(["pending", "delivered", "failed"]).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .refine((text) => readCursor(text) !== undefined, "is not a next_cursor")
    .transform(readCursor)
    .optional(),
});

/** `GET /api/deliveries`: what is on its way downstream, has arrived, or has failed and why. */
export async function listDeliveryRows(request: IRequest, env: Env): Promise<Response> {
  const input = readQuery(request, query);
  if (!input.ok) return input.response;
  const { cursor, limit, ...wanted } = input.value;
  // One more than asked for tells whether there is another page.
  const rows = await attempt(() => listDeliveries(env.DB, { ...wanted, after: cursor, limit: limit + 1 }), STORE_LIMIT);
  const deliveries = rows.slice(0, limit);
  const last = deliveries.at(-1);
  const next_cursor = rows.length > limit && last !== undefined ? writeCursor(last) : null;
  return Response.json({ deliveries, next_cursor });
}

const retry = z.strictObject(filter);

/** `POST /api/deliveries/retry`: sends failed deliveries again, one, those to one destination, or all. */
export async function retryDeliveries(request: IRequest & Request, env: Env): Promise<Response> {
  const input = await readJson(request, retry);
  if (!input.ok) return input.response;
  const { retried } = await retryFailed(env.DB, env.SYNC_QUEUE, input.value, MAX_RETRIES, new Date());
  return Response.json({ retried, more: retried === MAX_RETRIES });
}

function writeCursor({ event_id, destination }: DeliveryId): string {
  return encodeURIComponent(JSON.stringify([event_id, destination]));
}

function readCursor(text: string): DeliveryId | undefined {
  try {
    const [event_id, destination] = z.tuple([z.string(), z.string()]).parse(JSON.parse(decodeURIComponent(text)));
    return { event_id, destination };
  } catch {
    return undefined;
  }
}
