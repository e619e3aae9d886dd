import { type DeliveryRound, failDeliveries } from "../ledger/deliveries.ts";
import { logError } from "../log.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { deliveryRound } from "./messages.ts";

/**
 * Ends the deliveries whose messages ran out of retries: their rows say `failed` and why, and can be sent again. When D1
 * fails this throws, nothing is acknowledged, and the queue brings the batch back.
 */
export async function buryDeliveries(messages: readonly Message[], db: D1Database): Promise<void> {
  const ids: DeliveryRound[] = [];
  for (const message of messages) {
    const id = deliveryRound.safeParse(message.body);
    if (id.success) ids.push(id.data);
    logError({ message: "dead letter", message_id: message.id, ...(id.success ? id.data : {}) });
  }
  if (ids.length > 0) await attempt(() => failDeliveries(db, ids, new Date()), STORE_LIMIT);
  for (const message of messages) message.ack();
}
