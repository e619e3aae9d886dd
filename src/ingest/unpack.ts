import pMap from "p-map";
import type { Received } from "../events/received.ts";
import { logError } from "../log.ts";
import { park } from "../parking/index.ts";
import { readParkedMessage } from "../parking/queue.ts";
import { MAX_CONNECTIONS } from "../stores/ask.ts";
import { backoffSeconds } from "../stores/backoff.ts";
import { type IngestContext, ingestAll } from "./ingest.ts";
import type { IngestResult } from "./result.ts";

/** Few at a time: a message of 128 KB may unpack to `MAX_BODY_BYTES`. */
const CONCURRENCY = 2;

/** A queue keeps a message four days and retries it a hundred times: an hour apart is just inside. */
const MAX_DELAY_SECONDS = 3600;

/**
 * Ingests the bodies that were parked in a queue, all in one batch, and acknowledges their messages when the body is where it
 * belongs or parked in another store.
 * @returns the messages that carry no body
 */
export async function unpackParked(messages: readonly Message[], context: IngestContext): Promise<Message[]> {
  const read = await pMap(messages, readSafely, { concurrency: CONCURRENCY });
  const bodies = messages.flatMap((message, index) => {
    const received = read[index];
    return typeof received === "object" ? [{ message, received }] : [];
  });
  const results = await ingestAll(
    bodies.map(({ received }) => received),
    context,
  );
  await pMap(
    bodies,
    async ({ message, received }, index) => {
      if (await isSafe(received, results[index], context)) message.ack();
      else retry(message);
    },
    { concurrency: MAX_CONNECTIONS },
  );
  for (const [index, message] of messages.entries()) if (read[index] === "corrupt") retry(message);
  return messages.filter((_, index) => read[index] === undefined);
}

function retry(message: Message): void {
  message.retry({ delaySeconds: Math.min(backoffSeconds(message.attempts), MAX_DELAY_SECONDS) });
}

/** Never rejects: one corrupt body must not send the others of its batch back. */
async function readSafely(message: Message): Promise<Received | "corrupt" | undefined> {
  try {
    return await readParkedMessage(message.body);
  } catch (error) {
    logError({ message: "could not unpack a parked body", message_id: message.id }, error);
    return "corrupt";
  }
}

/** Whether the body is where it belongs, or parked in another store. */
async function isSafe(received: Received, result: IngestResult | undefined, context: IngestContext): Promise<boolean> {
  if (result?.kind !== "failed") return result !== undefined;
  const failed = new Set(result.failures.keys()).add("queue");
  return (await park(received, failed, "came back from the queue", context)) !== undefined;
}
