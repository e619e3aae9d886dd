import * as z from "zod";
import type { AnalyticsCompleted } from "../events/event.ts";
import type { DeliveryId } from "../ledger/deliveries.ts";
import { byteLength } from "../ledger/fit.ts";

/** A message of the sync queue: one event for one destination. */
export interface SyncMessage extends DeliveryId {
  /** How often the delivery was sent again; absent the first time. */
  round?: number;
  event: EventReference | AnalyticsCompleted;
}

/** What is always small of an event. */
type EventReference = Pick<AnalyticsCompleted, "event" | "timestamp" | "agent_id" | "call_id">;

/** A queue takes 128 KB of 1,000 bytes a message, some 100 of them its own (developers.cloudflare.com/queues/platform/limits). */
const MAX_MESSAGE_BYTES = 127_000;

/** The message that carries an event; one too large travels without its bulk, which the consumer has from D1 anyway. */
export function syncMessage(destination: string, eventId: string, event: AnalyticsCompleted): SyncMessage {
  const message: SyncMessage = { destination, event_id: eventId, event };
  if (byteLength(JSON.stringify(message)) <= MAX_MESSAGE_BYTES) return message;
  const { event: name, timestamp, agent_id, call_id } = event;
  return { ...message, event: { event: name, timestamp, agent_id, call_id } };
}

/** What the consumers need of a message. The event's facts come from D1, where later events are merged in. */
export const deliveryRound = z.object({
  destination: z.string(),
  event_id: z.string(),
  round: z.number().int().default(0),
});
