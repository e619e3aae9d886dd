import type { Bundle } from "../../../support/bundle.ts";
import { readUsage } from "../../../support/stores/limited.ts";
import { listKeys } from "../../../support/stores/objects.ts";
import { runCron } from "../../../support/stores/relay.ts";
import { eventNames, wholeCall } from "../bodies.ts";
import { openWorker, startRuntime } from "../boot.ts";
import { sendFresh } from "../drain.ts";
import { openSender } from "../load.ts";
import { holdAll, received } from "../parked.ts";

/** An hour at ten events a second. */
export const OUTAGE_EVENTS = 36_000;
const HOUR_MILLISECONDS = 3_600_000;
const BODY_BYTES = 11_000;

const MAX_RUNS = 60;

const FRESH_EVERY = 100;
/** V8 compiles a path well only after it ran some hundred times. */
const WARM_UP_EVENTS = 200;
const FRESH_BEFORE = 100;

export interface Outage {
  /** Milliseconds until fresh events were answered, before and beside. */
  before: number[];
  beside: number[];
  /** Of the cron. */
  runs: { events: number; seconds: number }[];
  seconds: number;
  /** The most that an invocation asked of the stores. */
  usage: Awaited<ReturnType<typeof readUsage>>;
}

/** Parks the events of an hour in R2, and runs the cron until all of them are in the ledger, beside fresh ones. */
export async function outage(bundle: Bundle, downstream: URL): Promise<Outage> {
  const runtime = await startRuntime([bundle], downstream);
  const { webhook, database, bucket } = await openWorker(runtime, bundle);
  const url = (await runtime.ready).href;
  const until = Date.now();
  await holdAll(hour(until - HOUR_MILLISECONDS), "parked", bucket);
  const query = database
    .prepare("SELECT count(*) AS n FROM events WHERE received_at < ?")
    .bind(new Date(until).toISOString());
  const sender = openSender(webhook, 32);
  await sendFresh(sender, 1, (sent) => sent === WARM_UP_EVENTS);
  const before = await sendFresh(sender, FRESH_EVERY, (sent) => sent === FRESH_BEFORE);

  let isOver = false;
  const beside = sendFresh(sender, FRESH_EVERY, () => isOver);
  const runs: Outage["runs"] = [];
  const began = performance.now();
  for (let stored = 0; stored < OUTAGE_EVENTS; ) {
    if (runs.length === MAX_RUNS) throw new Error(`after ${MAX_RUNS} runs of the cron the ledger has ${stored} events`);
    const runBegan = performance.now();
    await runCron(url, new Date());
    const seconds = (performance.now() - runBegan) / 1000;
    const storedNow = (await query.first<number>("n")) ?? 0;
    runs.push({ events: storedNow - stored, seconds });
    stored = storedNow;
  }
  const seconds = (performance.now() - began) / 1000;
  isOver = true;
  const result = { before, beside: await beside, runs, seconds, usage: await readUsage(url) };
  const left = await listKeys(bucket, "parked/");
  if (left.length > 0) throw new Error(`${left.length} bodies are still parked, though the ledger has their events`);
  sender.close();
  await runtime.dispose();
  return result;
}

/** The events of whole calls, received one after the other within an hour. */
function* hour(from: number) {
  for (let index = 0; index < OUTAGE_EVENTS; ) {
    const call = wholeCall(BODY_BYTES);
    for (const name of eventNames) {
      const at = from + Math.floor((index++ / OUTAGE_EVENTS) * HOUR_MILLISECONDS);
      yield received(call[name].body, new Date(at).toISOString());
    }
  }
}
