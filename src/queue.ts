import { unpackParked } from "./ingest/unpack.ts";
import { logError, reasonOf } from "./log.ts";
import { delaySeconds } from "./stores/backoff.ts";
import { deliverBatch } from "./sync/consumer.ts";
import { buryDeliveries } from "./sync/dead-letters.ts";
import { configuredDestinations } from "./sync/destinations/index.ts";

/**
 * The Worker's queue door. Queues are told apart by the ends of their names, so that a copy of this Worker can give them
 * other beginnings. Whatever fails, unsettled messages come back later.
 */
export async function consume(batch: MessageBatch, env: Env, ctx: ExecutionContext): Promise<void> {
  try {
    const messages = await unpackParked(batch.messages, env, ctx);
    if (batch.queue.endsWith("-sync")) await deliverBatch(messages, env.DB, configuredDestinations(env));
    else if (batch.queue.endsWith("-dead-letters")) await buryDeliveries(messages, env.DB);
    else throw new Error(`no consumer for the queue ${batch.queue}: its name ends in neither -sync nor -dead-letters`);
  } catch (error) {
    logError({
      message: "a batch failed",
      queue: batch.queue,
      messages: batch.messages.length,
      error: reasonOf(error),
    });
    const attempts = Math.max(...batch.messages.map((message) => message.attempts));
    // What was settled before stays so: the first word on a message counts.
    batch.retryAll({ delaySeconds: delaySeconds(attempts) });
  }
}
