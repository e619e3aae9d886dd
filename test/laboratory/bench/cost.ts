import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import pWaitFor from "p-wait-for";
import type { Bundle } from "../../support/bundle.ts";
import { addCounts, COUNTS_PATH, type Counts, counts, noCounts } from "../../support/stores/counts.ts";
import { type EventName, eventNames, type Vocabulary, wholeCall } from "./bodies.ts";
import { type Booted, boot } from "./boot.ts";
import type { Downstream } from "./downstream.ts";
import { openSender } from "./load.ts";

const BODY_BYTES = 11_000;
const TIMEOUT_MILLISECONDS = 20_000;
const POLL_MILLISECONDS = 50;

/** How long the last write may take, which comes after the delivery. */
const LAST_WRITE_MILLISECONDS = 500;

/** The steps of a call, each with what it asks of the stores. */
export type CallCounts = Record<EventName | "delivery", Counts>;

/**
 * Counts what one whole call asks of the stores, from its first event until its analysis is delivered. The call is alone, so its
 * message has a queue batch to itself: the most expensive case.
 */
export async function countCall(bundle: Bundle, vocabulary: Vocabulary, downstream: Downstream): Promise<CallCounts> {
  const worker = await boot(bundle, downstream.url);
  const sender = openSender(worker.webhook, 1);
  const before = downstream.received();
  const events = wholeCall(BODY_BYTES, randomUUID(), vocabulary);
  const counted: CallCounts = {
    "call.start": noCounts,
    "call.end": noCounts,
    "analytics.completed": noCounts,
    delivery: noCounts,
  };
  for (const name of eventNames) {
    await sender.send(events[name]);
    // A batch of the queue waits for two seconds, so nothing of it is counted here.
    counted[name] = await readCounts(worker);
  }
  sender.close();
  await pWaitFor(() => downstream.received() > before, {
    interval: POLL_MILLISECONDS,
    timeout: { milliseconds: TIMEOUT_MILLISECONDS, message: `${bundle.name} delivered nothing downstream` },
  });
  await wait(LAST_WRITE_MILLISECONDS);
  counted.delivery = await readCounts(worker);
  await worker.stop();
  return counted;
}

/** What all steps of a call ask together. */
export function wholeCost(call: CallCounts): Counts {
  return Object.values(call).reduce(addCounts, noCounts);
}

async function readCounts({ url }: Booted): Promise<Counts> {
  const response = await fetch(new URL(COUNTS_PATH, url).href);
  return counts.parse(await response.json());
}
