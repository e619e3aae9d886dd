import { askStore } from "./ask.ts";
import { batchesOf } from "./batches.ts";

/** One sendBatch takes 100 messages and 256 KB (developers.cloudflare.com/queues/platform/limits). */
const BATCH_LIMITS = { maxItems: 100, maxWeight: 200_000 };

/**
 * Sends messages in as few batches as they take.
 * @param options `delaySeconds`: how long the queue holds them back
 * @returns the messages that the queue did not take, with the error of each batch
 */
export async function sendMessages<Message>(
  queue: Queue,
  messages: readonly Message[],
  options: { delaySeconds?: number } = {},
): Promise<{ messages: Message[]; error: unknown }[]> {
  const refused: { messages: Message[]; error: unknown }[] = [];
  // UTF-16 needs at most three bytes of UTF-8 a unit.
  for (const batch of batchesOf(messages, BATCH_LIMITS, (message) => JSON.stringify(message).length * 3)) {
    try {
      const [only] = batch;
      await askStore("queue", () =>
        batch.length === 1
          ? queue.send(only, options)
          : queue.sendBatch(
              batch.map((body) => ({ body })),
              options,
            ),
      );
    } catch (error) {
      refused.push({ messages: batch, error });
    }
  }
  return refused;
}
