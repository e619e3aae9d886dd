import pMap from "p-map";
import { readAgain, type StoredBody } from "../events/received.ts";
import { hold } from "../held/held.ts";
import { type BodyMessage, readBodyMessage, unpackBody } from "../held/message.ts";
import { logError } from "../log.ts";
import { STORE_TIMEOUT_MS, type StoreName } from "../stores/ask.ts";
import { backoffSeconds } from "../stores/backoff.ts";
import { batchesOfBodies, ingestAgain } from "./bring-back.ts";
import type { IngestContext } from "./ingest.ts";

/** The dead-letter queue retries a body 100 times (`wrangler.toml`), and keeps it for four days: retries an hour apart just fit. */
const MAX_DELAY_SECONDS = 3600;

interface CarriedBody extends BodyMessage {
  message: Message;
}

/**
 * Ingests the bodies that a queue carried while R2 was down. Acknowledges their messages once they are ingested, or parked in R2.
 * @returns the messages that carry no body
 */
export async function takeBodies(messages: readonly Message[], context: IngestContext): Promise<Message[]> {
  const others: Message[] = [];
  const carried: CarriedBody[] = [];
  for (const message of messages) {
    const content = readBodyMessage(message.body);
    if (content === undefined) others.push(message);
    else carried.push({ ...content, message });
  }
  for (const batch of batchesOfBodies(carried)) {
    // A body that cannot be unpacked does not hold up the others.
    const stored = await pMap(batch, (one) => unpackBody(one).catch(() => undefined), { concurrency: 1 });
    const unpacked = stored.filter((body) => body !== undefined);
    const results = (await ingestAgain(unpacked, context)).values();
    for (const [index, { message }] of batch.entries()) {
      const body = stored[index];
      const result = body && results.next().value;
      if (body === undefined || result === undefined) message.retry();
      else if (result.kind !== "failed" || (await park(context.bucket, body, result))) message.ack();
      else message.retry({ delaySeconds: Math.min(backoffSeconds(message.attempts), MAX_DELAY_SECONDS) });
    }
  }
  return others;
}

/** Parks a body, and returns whether R2 took it. Never rejects. */
async function park(
  bucket: R2Bucket,
  body: StoredBody,
  { store, reason }: { store: StoreName; reason: string },
): Promise<boolean> {
  try {
    const until = Date.now() + STORE_TIMEOUT_MS;
    await hold(bucket, readAgain(body), "parked", { reason: store, detail: reason }, until);
    return true;
  } catch (error) {
    logError({ message: "could not park", event_id: body.sha256 }, error);
    return false;
  }
}
