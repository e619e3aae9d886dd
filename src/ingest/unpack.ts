import pMap from "p-map";
import { park } from "../parking/index.ts";
import { type ParkedMessage, readParkedMessage, unpackMessage } from "../parking/queue.ts";
import { isOverload, MAX_CONNECTIONS } from "../stores/ask.ts";
import { backoffSeconds } from "../stores/backoff.ts";
import { type Attempt, batchesOfBodies, ingestBatch, isStoreDown, restAfterBatch } from "./batch.ts";
import type { IngestContext } from "./ingest.ts";

/** A queue keeps a message four days and retries it a hundred times: an hour apart is just inside. */
const MAX_DELAY_SECONDS = 3600;

/** Deliveries, some two minutes in all, after which an overload is no burst: the cron takes the body in, one batch at a time. */
const MAX_OVERLOADED_ATTEMPTS = 6;

interface ParkedInQueue extends ParkedMessage {
  message: Message;
}

/**
 * Ingests the bodies that were parked in a queue, in batches, and acknowledges their messages when the body is where it belongs
 * or parked in another store.
 * @returns the messages that carry no body
 */
export async function unpackParked(messages: readonly Message[], context: IngestContext): Promise<Message[]> {
  const others: Message[] = [];
  const parked: ParkedInQueue[] = [];
  for (const message of messages) {
    const content = readParkedMessage(message.body);
    if (content === undefined) others.push(message);
    else parked.push({ ...content, message });
  }
  let isDown = false;
  for (const batch of batchesOfBodies(parked)) {
    if (isDown) {
      for (const { message } of batch) retry(message);
      continue;
    }
    const beganAt = Date.now();
    const read = () => pMap(batch, unpackMessage, { concurrency: 1 });
    const attempts = await ingestBatch(batch, read, context);
    isDown = isStoreDown(attempts);
    await pMap(attempts, (attempt) => acknowledge(attempt, context), { concurrency: MAX_CONNECTIONS });
    await restAfterBatch(beganAt);
  }
  return others;
}

/** Acknowledges a message, or has it delivered again. While D1 is overloaded the queue keeps its messages, ever longer. */
async function acknowledge(
  { parked: { message }, received, kind, failures }: Attempt<ParkedInQueue>,
  context: IngestContext,
): Promise<void> {
  if (kind === "taken") return message.ack();
  const staysHere = isOverload(failures.get("D1") ?? "") && message.attempts < MAX_OVERLOADED_ATTEMPTS;
  if (received === undefined || staysHere) return retry(message);
  const others = new Map(failures).set("queue", "it comes from there");
  const parkedIn = await park(received, others, "came back from the queue", context);
  return parkedIn === undefined ? retry(message) : message.ack();
}

function retry(message: Message): void {
  message.retry({ delaySeconds: Math.min(backoffSeconds(message.attempts), MAX_DELAY_SECONDS) });
}
