import { setTimeout as wait } from "node:timers/promises";
import type { Bundle } from "../../support/bundle.ts";
import { median, quantile } from "../../support/statistics.ts";
import { type EventName, eventNames, wholeCall } from "./bodies.ts";
import { boot } from "./boot.ts";
import { openSender } from "./load.ts";
import { SLOWNESS_MILLISECONDS } from "./slowness.ts";

const WARM_UP = 10;
const CALLS = 50;
const BODY_BYTES = 11_000;

/** The slowest store an answer has to wait for, in milliseconds: the queue is never one of them. */
export const SLOWEST_AWAITED: Record<EventName, number> = {
  "call.start": SLOWNESS_MILLISECONDS.D1,
  // One after the other: the archive gets what the ledger took.
  "call.end": SLOWNESS_MILLISECONDS.D1 + SLOWNESS_MILLISECONDS.R2,
  "analytics.completed": SLOWNESS_MILLISECONDS.D1,
};

export interface Latency {
  name: string;
  event: EventName;
  /** Milliseconds from sending to the end of the answer. */
  median: number;
  p95: number;
}

/** How long one sender waits for each kind of event, one request after the other, when every store is slow. */
export async function latency({ name, ...bundle }: Bundle, downstream: URL): Promise<Latency[]> {
  const worker = await boot({ name, ...bundle }, downstream);
  const sender = openSender(worker.webhook, 1);
  const waits: Record<EventName, number[]> = {
    "call.start": [],
    "call.end": [],
    "analytics.completed": [],
  };
  for (let call = 0; call < WARM_UP + CALLS; call++) {
    const events = wholeCall(BODY_BYTES);
    for (const event of eventNames) {
      const start = performance.now();
      await sender.send(events[event]);
      if (call >= WARM_UP) waits[event].push(performance.now() - start);
    }
    // What an answer did not wait for is still at work: without this the next call would pay for it.
    await wait(SLOWNESS_MILLISECONDS.queue);
  }
  sender.close();
  await worker.stop();
  return eventNames.map((event) => ({
    name,
    event,
    median: median(waits[event]),
    p95: quantile(waits[event], 0.95),
  }));
}
