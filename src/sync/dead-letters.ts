import { type DeliveryReference, deliveryReference, failDeliveries } from "../ledger/deliveries.ts";
import { logError } from "../log.ts";

/**
 * Marks deliveries as failed whose messages ran out of retries; they can be sent again. Throws when D1 fails: nothing is
 * acknowledged then, and the queue delivers the batch again.
 */
export async function failDeadLetters(messages: readonly Message[], db: D1Database): Promise<void> {
  const dead: DeliveryReference[] = [];
  for (const message of messages) {
    const { data: reference } = deliveryReference.safeParse(message.body);
    if (reference !== undefined) dead.push(reference);
    logError({ message: "dead letter", message_id: message.id, ...reference });
  }
  if (dead.length > 0) await failDeliveries(db, dead, new Date());
  for (const message of messages) message.ack();
}
