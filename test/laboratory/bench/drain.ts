import { setTimeout as wait } from "node:timers/promises";
import type { Bundle } from "../../support/bundle.ts";
import { runCron } from "../../support/stores/relay.ts";
import { eventNames, wholeCall } from "./bodies.ts";
import { openWorker, startRuntime } from "./boot.ts";
import { openSender, type Sender } from "./load.ts";
import { holdAll, received, sendToQueue } from "./parked.ts";

/** Where bodies are parked, and what carries them while R2 is down. */
export const waitingPlaces = ["R2", "queue"] as const;
export type WaitingPlace = (typeof waitingPlaces)[number];

/** Three events each. */
const CALLS = 1_000;
const BODY_BYTES = 11_000;

/** One fresh event in so many milliseconds: a hundred times what 11,000 calls a day bring. */
const FRESH_EVERY = 25;
const FRESH_BEFORE = 200;

const POLL_MILLISECONDS = 20;

export interface Drain {
  store: WaitingPlace;
  events: number;
  seconds: number;
  /** Milliseconds until fresh events were answered, before the drain and beside it. */
  before: number[];
  beside: number[];
}

/** Parks the events of calls, and measures how fast they come back while fresh events are answered. */
export async function drain(store: WaitingPlace, bundle: Bundle, downstream: URL): Promise<Drain> {
  const runtime = await startRuntime([bundle], downstream);
  const { webhook } = await openWorker(runtime, bundle);
  const bindings = await runtime.getBindings<Env>(bundle.name);
  const sender = openSender(webhook, 32);
  // Twice: V8 compiles a path well only after it ran some hundred times.
  await sendFresh(sender, FRESH_EVERY, (sent) => sent === FRESH_BEFORE);
  const before = await sendFresh(sender, FRESH_EVERY, (sent) => sent === FRESH_BEFORE);

  const calls = Array.from({ length: CALLS }, () => wholeCall(BODY_BYTES));
  const receivedAt = new Date(Date.now() - 15 * 60_000).toISOString();
  const parked = calls.flatMap((call) => eventNames.map((name) => received(call[name].body, receivedAt)));
  if (store === "R2") await holdAll(parked, "parked", bindings.ARCHIVE);
  const query = bindings.DB.prepare("SELECT count(*) AS n FROM events WHERE received_at = ?").bind(receivedAt);

  let isOver = false;
  const began = performance.now();
  const beside = sendFresh(sender, FRESH_EVERY, () => isOver);
  if (store === "queue") await sendToQueue(parked, bindings.SYNC_QUEUE);
  while ((await query.first<number>("n")) !== parked.length) {
    if (store === "queue") await wait(POLL_MILLISECONDS);
    else await runCron((await runtime.ready).href, new Date());
  }
  const seconds = (performance.now() - began) / 1000;
  isOver = true;
  const result = { store, events: parked.length, seconds, before, beside: await beside };
  sender.close();
  await runtime.dispose();
  return result;
}

/**
 * Sends events of 11 KB at their pace, whatever the answers take.
 * @param every so many milliseconds
 * @returns milliseconds until each answer
 */
export async function sendFresh(sender: Sender, every: number, isEnough: (sent: number) => boolean): Promise<number[]> {
  const answers: Promise<number>[] = [];
  while (!isEnough(answers.length)) {
    const events = wholeCall(BODY_BYTES);
    const name = eventNames[answers.length % eventNames.length] ?? "call.start";
    const sent = performance.now();
    answers.push(sender.send(events[name]).then(() => performance.now() - sent));
    await wait(every);
  }
  return Promise.all(answers);
}
