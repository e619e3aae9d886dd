import { takeBodies } from "./ingest/from-queue.ts";
import { ingestContext } from "./ingest/ingest.ts";
import { logError } from "./log.ts";
import { backoffSeconds } from "./stores/backoff.ts";
import { batchesOf } from "./stores/batches.ts";
import { deliverBatch } from "./sync/consumer.ts";
import { failDeadLetters } from "./sync/dead-letters.ts";
import { configuredDestinations } from "./sync/destinations/index.ts";

/** Deliveries in memory at once, each with the row of its call, which has up to 2 MB. */
const DELIVERIES_AT_ONCE = 25;

/**
 * Consumes a batch of either queue. A queue whose name ends in `-dead-letters` is the dead-letter queue, any other the sync queue, so
 * both can be renamed. Never rejects: if a store fails, the queue delivers unacknowledged messages again.
 */
export async function consumeQueue(batch: MessageBatch, env: Env, ctx: ExecutionContext): Promise<void> {
  try {
    const messages = await takeBodies(batch.messages, ingestContext(env, ctx, configuredDestinations(env)));
    if (batch.queue.endsWith("-dead-letters")) return await failDeadLetters(messages, env.DB);
    for (const some of batchesOf(messages, { maxItems: DELIVERIES_AT_ONCE })) {
      await deliverBatch(some, env.DB, configuredDestinations(env));
    }
  } catch (error) {
    logError({ message: "a batch failed", queue: batch.queue, messages: batch.messages.length }, error);
    const attempts = Math.max(...batch.messages.map((message) => message.attempts));
    // Messages that were acknowledged or retried before stay so: the first call on a message counts.
    batch.retryAll({ delaySeconds: backoffSeconds(attempts) });
  }
}
