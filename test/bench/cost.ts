import { setTimeout as wait } from "node:timers/promises";
import { wholeCall } from "./bodies.ts";
import { type Booted, boot } from "./boot.ts";
import type { Bundle } from "./bundle.ts";
import { COUNTS_PATH, type Counts, counts } from "./counts.ts";
import type { Downstream } from "./downstream.ts";
import { openSender } from "./load.ts";

const BODY_BYTES = 11_000;
const TIMEOUT_MILLISECONDS = 20_000;

/**
 * What one whole call asks of the stores, from its first event until its analysis is delivered. The call is alone, so its
 * message has a queue batch to itself: the most expensive case.
 */
export async function countCall(bundle: Bundle, downstream: Downstream): Promise<Counts> {
  const worker = await boot(bundle, downstream.url);
  const sender = openSender(worker.webhook, 1);
  const before = downstream.received();
  const events = wholeCall(BODY_BYTES);
  await sender.send(events["call.start"]);
  await sender.send(events["call.end"]);
  await sender.send(events["analytics.completed"]);
  sender.close();

  const deadline = Date.now() + TIMEOUT_MILLISECONDS;
  while (downstream.received() === before && Date.now() < deadline) await wait(50);
  if (downstream.received() === before) throw new Error(`${bundle.name} delivered nothing downstream`);
  const counted = await readCounts(worker);
  await worker.stop();
  return counted;
}

/** Waits for the last write, which comes after the delivery. */
async function readCounts({ url }: Booted): Promise<Counts> {
  await wait(500);
  const response = await fetch(new URL(COUNTS_PATH, url).href);
  return counts.parse(await response.json());
}
