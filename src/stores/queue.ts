import { askStore } from "./ask.ts";

/** One sendBatch takes 100 messages and 256 KB (developers.cloudflare.com/queues/platform/limits). */
const BATCH_MESSAGES = 100;
const BATCH_BYTES = 200_000;

/**
 * Sends messages in as few batches as they take.
 * @param options `delaySeconds`: how long they rest before they are delivered
 * @returns the messages that the queue did not take, with the error of each batch
 */
export async function sendMessages<Message>(
  queue: Queue,
  messages: readonly Message[],
  options: { delaySeconds?: number } = {},
): Promise<{ messages: Message[]; error: unknown }[]> {
  const refused: { messages: Message[]; error: unknown }[] = [];
  for (const batch of batches(messages)) {
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

function batches<Message>(messages: readonly Message[]): Message[][] {
  const filled: Message[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    // UTF-16 needs at most three bytes of UTF-8 a unit.
    const size = JSON.stringify(message).length * 3;
    const current = filled.at(-1);
    if (current === undefined || current.length === BATCH_MESSAGES || bytes + size > BATCH_BYTES) {
      filled.push([message]);
      bytes = size;
    } else {
      current.push(message);
      bytes += size;
    }
  }
  return filled;
}
