import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { styleText } from "node:util";
import pWaitFor, { TimeoutError } from "p-wait-for";
import { type Given, runCommand } from "../../../src/commands/command.ts";
import { relayUntil, setFaults } from "../../support/stores/relay.ts";
import { badDay, badDayFindings, hasRecovered, printBadDay, withoutExplained } from "./bad-day.ts";
import { type Day, DEFAULT_CALLS, DEFAULT_SEED, lastFullHour, planDay } from "./day.ts";
import { type LocalLedger, startLocalLedger } from "./local-ledger.ts";
import { fetchBack, startPlatform, withOutage } from "./outage.ts";
import { newSecret, type Secrets, settingsOf } from "./platforms/index.ts";
import { platformNames } from "./platforms/platform.ts";
import { onTerminal, type Progress, showProgress } from "./progress.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { answerFindings, paceOf, printFindings, printRows, printSurprises } from "./report.ts";
import { send, type Target, type Traffic } from "./send.ts";
import { downstreamFindings, storeFindings } from "./store-findings.ts";
import { openStores, type Stores } from "./stores.ts";

const STATE = ".wrangler/demo";

const SETTLE_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 200;

await runCommand({
  usage: "npm run demo -- [options]",
  about: `Plays a working day of calls of every platform at the real Worker on local D1, R2 and Queues, and checks what became of it. \
Takes about half a minute; on a terminal its dashboard then stays up.`,
  options: [
    { name: "calls", value: "<number>", help: `calls of the day (${DEFAULT_CALLS})` },
    { name: "seed", value: "<number>", help: `other calls; the same seed gives the same ones (${DEFAULT_SEED})` },
    { name: "chaos", help: "D1, R2 and the queue fail at random while the day is played" },
  ],
  notes: `Its data is in ${STATE} until the next run. It needs no account and leaves the ledger \
of \`npm run dev\` alone.`,
  run: demo,
});

async function demo(given: Given<"calls" | "seed" | "chaos">, interrupted: AbortSignal): Promise<boolean> {
  const chaos = given.isOn("chaos");
  const seed = given.number("seed", DEFAULT_SEED, 0);
  const whole = planDay(seed, given.number("calls", DEFAULT_CALLS, 1), lastFullHour(Date.now()));
  // One misfortune at a time: on a bad day everything that happens is to be explained by the stores.
  const { day, outage } = chaos ? { day: whole, outage: { missed: [], events: 0 } } : withOutage(whole);

  const progress = showProgress();
  const syncSecret = `whsec_${randomBytes(32).toString("base64")}`;
  const secrets: Secrets = Object.fromEntries(platformNames.map((name) => [name, newSecret(name)]));
  const apiToken = randomBytes(32).toString("base64url");
  const receiver = await startReceiver(syncSecret);
  const platform = await startPlatform(outage);
  let ledger: LocalLedger | undefined;
  let stores: Stores | undefined;
  try {
    progress.step("Starting the Worker on local D1, R2 and Queues");
    ledger = await startLocalLedger({
      state: STATE,
      variables: {
        ...settingsOf(secrets),
        API_TOKEN: apiToken,
        SYNC_URL: receiver.url,
        SYNC_SECRET: syncSecret,
        SEARCH_TRANSCRIPTS: "on",
        ATOMS_API_KEY: "sk_atoms",
        ATOMS_API_BASE: platform.url,
      },
      ...(chaos && { entry: "test/support/stores/faulty-ledger.ts" }),
      signal: interrupted,
    });
    const target = { url: ledger.url, secrets };
    const signal = AbortSignal.any([interrupted, ledger.died]);
    if (chaos) await setFaults(ledger.url, badDay(seed));
    const traffic = await play(day, target, progress, signal);
    if (chaos) await setFaults(ledger.url, {});
    stores = await openStores(STATE);
    if (chaos) await recover(day, ledger.url, receiver, stores, progress, signal);
    else await settle(day, receiver, stores, progress, signal);
    progress.finish();

    const good = await report(day, traffic, receiver, stores, chaos);
    const isBack = outage.missed.length === 0 || (await fetchBack(outage, ledger.url, stores, signal));
    await printTables(stores);
    conclude(good && isBack, traffic);
    await stores.close();
    stores = undefined;
    goOn(ledger.url, secrets);
    if (onTerminal) await stayUp(`${ledger.url}/?range=24h`, apiToken, signal);
    return good && isBack;
  } catch (error) {
    progress.fail();
    throw error;
  } finally {
    await Promise.allSettled([stores?.close(), ledger?.stop(), receiver.close(), platform.close()]);
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
  return good;
}

/** Prints a few rows of D1. */
async function printTables(stores: Stores): Promise<void> {
  printRows(
    "From calls and events, by platform",
    await stores.query(`SELECT platform, count(*) AS calls, sum(of_call.events) AS events,
         count(DISTINCT agent_id) AS agents, round(avg(duration_seconds)) AS "average s", round(sum(cost_usd), 2) AS "cost $"
       FROM calls JOIN (SELECT call_id, count(*) AS events FROM events GROUP BY call_id) AS of_call USING (call_id)
       GROUP BY platform ORDER BY calls DESC`),
  );
  printRows(
    "From the view daily_calls",
    await stores.query(`SELECT day, agent_id, calls, ended, analyzed, round(average_duration_seconds) AS "average s"
       FROM daily_calls ORDER BY day, agent_id LIMIT 6`),
  );
  printRows(
    "From the view call_metrics",
    await stores.query("SELECT call_id, metric, value, type FROM call_metrics ORDER BY ended_at LIMIT 6"),
  );
}

/** Says in a line how it all went. */
function conclude(good: boolean, traffic: Traffic): void {
  const [color, verdict] = good
    ? (["green", "Everything is as it should be."] as const)
    : (["red", "Something differs: see the lines marked NO."] as const);
  console.log(`\n${styleText(color, verdict)}`);
  console.log(paceOf(traffic));
}

function goOn(url: string, secrets: Secrets): void {
  console.log(`
Look at the same D1 yourself:

  npx wrangler d1 execute DB --local --persist-to ${STATE} \\
    --command "SELECT * FROM daily_calls"
`);
  if (!onTerminal) {
    console.log("On a terminal the Worker would stay up now, and its dashboard with it.");
    return;
  }
  const variables = Object.entries(settingsOf(secrets)).map(([name, secret]) => `  ${name}=${secret} \\\n`);
  console.log(`Send it another day, from another terminal:

${variables.join("")}  npm run simulate -- --url ${url}
`);
}

async function stayUp(dashboard: string, token: string, signal: AbortSignal): Promise<void> {
  console.log(`See the calls in the dashboard, which stays up until you press Ctrl+C:

  ${styleText("bold", dashboard)}
  API token: ${styleText("bold", token)}
`);
  if (!signal.aborted) await once(signal, "abort");
  if (signal.reason instanceof Error && signal.reason.name !== "AbortError") throw signal.reason;
}
