import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { parseArgs, styleText } from "node:util";
import pWaitFor, { TimeoutError } from "p-wait-for";
import { relayUntil, setFaults } from "../chaos/relay.ts";
import { badDay, badDayFindings, hasRecovered, printBadDay, withoutExplained } from "./bad-day.ts";
import { type Day, DEFAULT_CALLS, DEFAULT_SEED, planDay } from "./day.ts";
import { type LocalLedger, startLocalLedger } from "./local-ledger.ts";
import { numberOption } from "./options.ts";
import { onTerminal, type Progress, showProgress } from "./progress.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { answerFindings, paceOf, printFindings, printRows, printSurprises } from "./report.ts";
import { run } from "./run.ts";
import { send, type Target, type Traffic } from "./send.ts";
import { downstreamFindings, storeFindings } from "./store-findings.ts";
import { openStores, type Stores } from "./stores.ts";

const STATE = ".wrangler/demo";

const help = `npm run demo -- [options]

Plays a working day of calls at the real Worker on local D1, R2 and Queues, and checks what became of it.

  --calls <number>   calls of the day (${DEFAULT_CALLS})
  --seed <number>    another day; the same seed gives the same one (${DEFAULT_SEED})
  --chaos            D1, R2 and the queue fail at random while the day is played
  --help             this text

What it leaves behind is in ${STATE}, until the next run.`;

const SETTLE_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 200;

await run(demo);

async function demo(interrupted: AbortSignal): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      calls: { type: "string" },
      seed: { type: "string" },
      chaos: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(help);
    return true;
  }
  const { chaos } = values;
  const seed = numberOption("seed", values.seed, DEFAULT_SEED, 0);
  const day = planDay(seed, numberOption("calls", values.calls, DEFAULT_CALLS, 1));

  const progress = showProgress();
  const syncSecret = `whsec_${randomBytes(32).toString("base64")}`;
  const webhookSecret = randomBytes(16).toString("hex");
  const apiToken = randomBytes(32).toString("base64url");
  const receiver = await startReceiver(syncSecret);
  let ledger: LocalLedger | undefined;
  let stores: Stores | undefined;
  try {
    progress.step("Starting the Worker on local D1, R2 and Queues");
    ledger = await startLocalLedger({
      state: STATE,
      variables: {
        ATOMS_WEBHOOK_SECRETS: webhookSecret,
        API_TOKEN: apiToken,
        SYNC_URL: receiver.url,
        SYNC_SECRET: syncSecret,
        SEARCH_TRANSCRIPTS: "on",
      },
      ...(chaos && { entry: "test/chaos/faulty-ledger.ts" }),
      signal: interrupted,
    });
    const target = {
      url: `${ledger.url}/webhooks/atoms`,
      secret: webhookSecret,
    };
    const signal = AbortSignal.any([interrupted, ledger.died]);
    if (chaos) await setFaults(ledger.url, badDay(seed));
    const traffic = await play(day, target, progress, signal);
    if (chaos) await setFaults(ledger.url, {});
    stores = await openStores(STATE);
    if (chaos) await recover(day, ledger.url, receiver, stores, progress, signal);
    else await settle(day, receiver, stores, progress, signal);
    progress.finish();

    const good = await report(day, traffic, receiver, stores, chaos);
    await stores.close();
    stores = undefined;
    goOn(target);
    if (onTerminal) await stayUp(dashboardOf(ledger.url, day), apiToken, signal);
    return good;
  } catch (error) {
    progress.fail();
    throw error;
  } finally {
    await Promise.allSettled([stores?.close(), ledger?.stop(), receiver.close()]);
  }
}

async function play(day: Day, target: Target, progress: Progress, signal: AbortSignal) {
  const { deliveries, calls, seed } = day;
  let done = 0;
  progress.step(`Playing a day of ${calls} calls (seed ${seed})`);
  return send(deliveries, target, {
    signal,
    onAnswer() {
      done += 1;
      progress.advance(done, deliveries.length);
    },
  });
}

/** Waits until every delivery has an end, in the receiver and in D1; what has none by then is for the report. */
async function settle(day: Day, receiver: Receiver, stores: Stores, progress: Progress, signal: AbortSignal) {
  const expected = day.totals.rows.deliveries;
  progress.step("Waiting for the deliveries downstream");
  const isDelivered = async () => {
    progress.advance(Math.min(receiver.received.size, expected), expected);
    if (receiver.received.size < expected) return false;
    return (await stores.count("SELECT count(*) FROM sync_deliveries WHERE state = 'pending'")) === 0;
  };
  await orTimeout(pWaitFor(isDelivered, { interval: POLL_MILLISECONDS, timeout: SETTLE_MILLISECONDS, signal }));
}

/** The same after a bad day: a few minutes pass in a hurry, until nothing waits any more. */
async function recover(
  { totals }: Day,
  url: string,
  receiver: Receiver,
  stores: Stores,
  progress: Progress,
  signal: AbortSignal,
) {
  progress.step("The stores are well again: waiting for what had to wait");
  const options = { timeoutMilliseconds: SETTLE_MILLISECONDS, signal };
  // Two runtimes on one database: while the other one is at work, this one now and then finds it locked.
  const recovered = () => hasRecovered(totals, receiver, stores).catch(() => false);
  await orTimeout(relayUntil(url, recovered, options));
}

async function orTimeout(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
}

async function report(day: Day, played: Traffic, receiver: Receiver, stores: Stores, chaos: boolean): Promise<boolean> {
  console.log();
  const traffic = chaos ? withoutExplained(played) : played;
  if (chaos) printBadDay(day.totals, traffic);
  const good = printFindings([
    ...(chaos ? badDayFindings(day.totals, traffic) : answerFindings(day.totals, traffic)),
    ...(await storeFindings(day.totals, stores)),
    ...downstreamFindings(day.totals, receiver, chaos ? "at least once" : "once"),
  ]);
  printSurprises(traffic);
  const [color, verdict] = good
    ? (["green", "Everything is as it should be."] as const)
    : (["red", "Something differs: see the lines marked NO."] as const);
  console.log(`\n${styleText(color, verdict)}`);
  console.log(paceOf(traffic));

  printRows(
    "From the view daily_calls",
    await stores.query(`SELECT day, agent_id, calls, ended, analyzed,
         round(average_duration_seconds, 1) AS average_duration_seconds
       FROM daily_calls ORDER BY day, agent_id LIMIT 6`),
  );
  printRows(
    "From the view call_metrics",
    await stores.query("SELECT call_id, agent_id, metric, value, type FROM call_metrics ORDER BY ended_at LIMIT 6"),
  );
  return good;
}

function goOn({ url, secret }: Target): void {
  console.log(`
Look at the same D1 yourself:

  npx wrangler d1 execute DB --local --persist-to ${STATE} --command "SELECT * FROM daily_calls"
`);
  if (!onTerminal) {
    console.log("On a terminal the Worker would stay up now, and its dashboard with it.");
    return;
  }
  console.log(`Send it another day, from another terminal:

  npm run simulate -- --url ${url} --secret ${secret}
`);
}

/** The overview of the day that was played, which lies some weeks back. */
function dashboardOf(url: string, { deliveries }: Day): string {
  const day = new Date(deliveries[0]?.at ?? 0).toISOString().slice(0, "2026-09-29".length);
  return `${url}/?range=own&from=${day}&to=${day}`;
}

async function stayUp(dashboard: string, token: string, signal: AbortSignal): Promise<void> {
  console.log(`See the calls in the dashboard, which stays up until you press Ctrl+C:

  ${styleText("bold", dashboard)}
  API token: ${styleText("bold", token)}
`);
  if (!signal.aborted) await once(signal, "abort");
  if (signal.reason instanceof Error && signal.reason.name !== "AbortError") throw signal.reason;
}
