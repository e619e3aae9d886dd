import pMap from "p-map";
import type { Received } from "../events/received.ts";
import { logError, reasonOf } from "../log.ts";
import { park } from "../parking/index.ts";
import { readParkedMessage } from "../parking/queue.ts";
import { delaySeconds } from "../stores/backoff.ts";
import { accept } from "./accept.ts";

/** Few at a time: a message of 128 KB may unpack to `MAX_BODY_BYTES`. */
const CONCURRENCY = 2;

/** A queue keeps a message four days and retries it a hundred times: an hour apart is just inside. */
const MAX_REST_SECONDS = 3600;

/**
 * Takes in the bodies among a queue's messages and settles those messages; whatever queue they have come to, they are
 * acknowledged only when the body is where it belongs, or on a shelf.
 * @returns the messages that carry no body
 */
export async function unpackParked(messages: readonly Message[], env: Env, ctx: ExecutionContext): Promise<Message[]> {
  const others = await pMap(
    messages,
    async (message) => {
      const received = await readSafely(message);
      if (received === undefined) return [message];
      if (received !== "unreadable" && (await takeIn(received, env, ctx))) message.ack();
      else message.retry({ delaySeconds: Math.min(delaySeconds(message.attempts), MAX_REST_SECONDS) });
      return [];
    },
    { concurrency: CONCURRENCY },
  );
  return others.flat();
}

/** Never rejects: one body that cannot be unpacked must not send the others of its batch back. */
async function readSafely(message: Message): Promise<Received | "unreadable" | undefined> {
  try {
    return await readParkedMessage(message.body);
  } catch (error) {
    logError({ message: "could not unpack", message_id: message.id, error: reasonOf(error) });
    return "unreadable";
  }
}

async function takeIn(received: Received, env: Env, ctx: ExecutionContext): Promise<boolean> {
  const accepted = await accept(received, env, ctx);
  if (accepted.kind !== "not-kept") return true;
  const failed = new Set(accepted.failures.keys()).add("queue");
  return (await park(received, failed, "came back from the queue", env)) !== undefined;
}
