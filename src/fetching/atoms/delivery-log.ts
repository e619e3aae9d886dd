import * as z from "zod";
import type { JsonObject } from "../../events/event.ts";
import { isJsonObject, withoutMembers } from "../../events/fields.ts";
import type { CallList, ListedCall, WantedEvent } from "../client.ts";
import { createdAtOf } from "./item.ts";
import { dataOf } from "./lists.ts";

/** Every webhook of the organisation, each with its signing secret: nothing but the id of ours is read. */
const webhooks = z.array(z.unknown());
const webhook = z.object({ _id: z.string().min(1), url: z.string() });

/** The part of the address that every ledger's webhook ends with. */
const OUR_PATH = /\/webhooks\/atoms\/?$/;

const payload = z.object({
  metadata: z.looseObject({ callId: z.string().min(1), eventType: z.string(), agentId: z.string().min(1) }),
});

const wanted: Record<string, WantedEvent> = {
  "post-conversation": "call.end",
  "analytics-completed": "analytics.completed",
};

/**
 * The platform's log of deliveries, with the bodies as it sent them: exact times, and no request a call. Undocumented, so every
 * unknown shape counts as none.
 */
export const deliveryLog: CallList = {
  name: "delivery log",
  isOptional: true,
  async list(_span, cursor, api) {
    const open = cursor === undefined ? ourWebhooks(await api.get("/webhook")) : cursor.split(",");
    const [first, ...others] = open;
    if (first === undefined) return { calls: [], next: undefined };
    const answer = await api.get("/webhook/events", { webhookId: first });
    return { calls: rowsOf(answer).flatMap(deliveredCall), next: others.length === 0 ? undefined : others.join() };
  },
};

function ourWebhooks(answer: unknown): string[] {
  return (webhooks.safeParse(dataOf(answer)).data ?? []).flatMap((one) => {
    const { data } = webhook.safeParse(one);
    return data !== undefined && OUR_PATH.test(data.url) ? [data._id] : [];
  });
}

/** The first list there is: at the top, or under a name. */
function rowsOf(answer: unknown): unknown[] {
  const data = dataOf(answer);
  const lists = isJsonObject(data) ? [data["events"], data["logs"]] : [data];
  return lists.find((list) => Array.isArray(list)) ?? [];
}

function deliveredCall(row: unknown): ListedCall[] {
  const body = isJsonObject(row) ? wholeBody(row["payload"], row["eventType"]) : undefined;
  const parsed = payload.safeParse(body);
  if (!parsed.success || body === undefined) return [];
  const { callId: call_id, eventType } = parsed.data.metadata;
  const event = wanted[eventType];
  if (event === undefined) return [];
  const item = { delivered: body };
  return [{ call_id, state: "ended", createdAt: createdAtOf(call_id), tells: [event], item }];
}

/** The payload may be the whole body, or its metadata only. */
function wholeBody(given: unknown, eventType: unknown): JsonObject | undefined {
  if (!isJsonObject(given)) return undefined;
  const body = isJsonObject(given["metadata"]) ? given : { metadata: given };
  const metadata = isJsonObject(body["metadata"]) ? body["metadata"] : {};
  return { ...body, metadata: { eventType, ...metadata } };
}

/** Returns the body of an item of the log; `undefined` for an item of another list. Without its id: one that comes after all has it. */
export function deliveredBody({ delivered }: JsonObject): JsonObject | undefined {
  return isJsonObject(delivered) ? withoutMembers(delivered, (name) => name === "id") : undefined;
}
