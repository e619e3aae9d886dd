import { takeBodies } from "./ingest/from-queue.ts";
import { ingestContext } from "./ingest/ingest.ts";
import { logError } from "./log.ts";
import { backoffSeconds } from "./stores/backoff.ts";
import { batchesOf } from "./stores/batches.ts";
import { deliverBatch } from "./sync/consumer.ts";
import { failDeadLetters } from "./sync/dead-letters.ts";
import { configuredDestinations, destinationNames } from "./sync/destinations/index.ts";

/** The calls of so many are in memory at once, each a row of 2 MB at the most. */
const DELIVERIES_AT_ONCE = 25;

/**
 * The Worker's queue door. A queue whose name ends in `-dead-letters` is the dead-letter queue, any other the sync queue: whoever
 * deploys may rename both. Whatever fails, messages that are not acknowledged come back later.
 */
export async function consumeQueue(batch: MessageBatch, env: Env, ctx: ExecutionContext): Promise<void> {
  try {
    const messages = await takeBodies(batch.messages, ingestContext(env, ctx, destinationNames(env)));
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
