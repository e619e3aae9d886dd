import type { Received } from "../events/received.ts";
import { type IngestContext, ingestAll, ingestOrHold } from "../ingest/ingest.ts";
import { receive } from "../ingest/receive.ts";
import type { ReceiveResult } from "../ingest/result.ts";
import { findPlatform } from "../platforms/index.ts";
import type { FetchedBody } from "./client.ts";

/** Time that the stores have for the bodies of a call; no sender waits for it. */
const INGEST_TIMEOUT_MS = 20_000;

/** How taking in what was fetched of a call ended. */
export interface TakenIn {
  /** Bodies that brought something, or wait in R2 to do so. */
  stored: number;
  /** Bodies that did not fit, and are in quarantine. */
  unfit: number;
}

/**
 * Takes in fetched bodies of one call by the same door as webhooks. Safe to repeat.
 * @throws when no store could take a body
 */
export async function takeIn(
  platformName: string,
  bodies: readonly FetchedBody[],
  context: IngestContext,
): Promise<TakenIn> {
  const platform = findPlatform(platformName);
  if (platform === undefined) throw new Error(`there is no platform ${platformName}`);
  const now = new Date();
  const received: Received[] = [];
  for (const { body, time } of bodies) {
    const bytes = await new Blob([JSON.stringify(body)]).arrayBuffer();
    received.push({ ...(await receive(platform, bytes, now)), fetched: { time } });
  }
  const until = () => Date.now() + INGEST_TIMEOUT_MS;
  const results = await ingestAll(received, context, until());
  const taken: TakenIn = { stored: 0, unfit: 0 };
  for (const [index, one] of received.entries()) {
    const first = results[index];
    const isDone = first !== undefined && first.kind !== "failed" && first.kind !== "faulty";
    // A body that fails the transaction of all may not hold up the others; a store that is down gets them later.
    const result: ReceiveResult = isDone ? first : await ingestOrHold(one, context, until());
    if (result.kind === "not-stored") throw new Error(`no store took a body: ${result.failed}`);
    if (result.kind === "stored" || result.kind === "parked") taken.stored++;
    else if (result.kind !== "duplicate" && result.kind !== "erased" && result.kind !== "ignored") taken.unfit++;
  }
  return taken;
}
