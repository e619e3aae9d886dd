import { type DeliveryId, failDeliveries } from "../ledger/deliveries.ts";
import { logError } from "../log.ts";
import { deliveryId } from "./messages.ts";

/**
 * Ends the deliveries whose messages ran out of retries: their rows say `failed` and why, and can be sent again. When D1
 * fails this throws, nothing is acknowledged, and the queue brings the batch back.
 */
export async function buryDeliveries(messages: readonly Message[], db: D1Database): Promise<void> {
  const ids: DeliveryId[] = [];
  for (const message of messages) {
    const id = deliveryId.safeParse(message.body);
    if (id.success) ids.push(id.data);
    logError({ message: "dead letter", message_id: message.id, ...(id.success ? id.data : {}) });
  }
  if (ids.length > 0) await failDeliveries(db, ids, new Date());
  for (const message of messages) message.ack();
}
