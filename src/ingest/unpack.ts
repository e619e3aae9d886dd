import pMap from "p-map";
import type { Received } from "../events/received.ts";
import { logError } from "../log.ts";
import { park } from "../parking/index.ts";
import { readParkedMessage } from "../parking/queue.ts";
import { backoffSeconds } from "../stores/backoff.ts";
import { type IngestContext, ingest } from "./ingest.ts";

/** Few at a time: a message of 128 KB may unpack to `MAX_BODY_BYTES`. */
const CONCURRENCY = 2;

/** A queue keeps a message four days and retries it a hundred times: an hour apart is just inside. */
const MAX_DELAY_SECONDS = 3600;

/**
 * Ingests the bodies that were parked in a queue, and acknowledges their messages when the body is where it belongs or parked
 * in another store.
 * @returns the messages that carry no body
 */
export async function unpackParked(messages: readonly Message[], context: IngestContext): Promise<Message[]> {
  const others = await pMap(
    messages,
    async (message) => {
      const received = await readSafely(message);
      if (received === undefined) return [message];
      if (received !== "corrupt" && (await recoverOne(received, context))) message.ack();
      else message.retry({ delaySeconds: Math.min(backoffSeconds(message.attempts), MAX_DELAY_SECONDS) });
      return [];
    },
    { concurrency: CONCURRENCY },
  );
  return others.flat();
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

async function recoverOne(received: Received, context: IngestContext): Promise<boolean> {
  const result = await ingest(received, context);
  if (result.kind !== "failed") return true;
  const failed = new Set(result.failures.keys()).add("queue");
  return (await park(received, failed, "came back from the queue", context)) !== undefined;
}
