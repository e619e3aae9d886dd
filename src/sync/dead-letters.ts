import { type DeliveryReference, deliveryReference, failDeliveries } from "../ledger/deliveries.ts";
import { logError } from "../log.ts";

/**
 * Marks deliveries as failed whose messages ran out of retries; a person can send them again. Throws if D1 fails: nothing is
 * acknowledged, and the queue delivers the batch again.
 */
export async function failDeadLetters(messages: readonly Message[], db: D1Database): Promise<void> {
  const references: DeliveryReference[] = [];
  for (const message of messages) {
    const { data: reference } = deliveryReference.safeParse(message.body);
    if (reference !== undefined) references.push(reference);
    logError({ message: "dead letter", message_id: message.id, ...reference });
  }
  if (references.length > 0) await failDeliveries(db, references, new Date());
  for (const message of messages) message.ack();
}
