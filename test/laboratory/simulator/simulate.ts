import { randomInt } from "node:crypto";
import { type Given, runCommand, UsageError } from "../../../src/commands/command.ts";
import { findWebhookSecret, ledgerToken, ledgerUrl, urlOption, webhookSecret } from "../../../src/commands/target.ts";
import { customerPhones } from "./customers.ts";
import { type Day, DEFAULT_CALLS, lastFullHour, planDay } from "./day.ts";
import type { Delivery } from "./delivery.ts";
import { platforms, type Secrets } from "./platforms/index.ts";
import { type PlatformName, platformNames } from "./platforms/platform.ts";
import { showProgress } from "./progress.ts";
import { removeSimulated } from "./remove.ts";
import { answerFindings, paceOf, printFindings, printSurprises } from "./report.ts";
import { networkReason, send, type Target } from "./send.ts";

const LARGEST_SEED = 2 ** 31;
const HEALTH_TIMEOUT_MILLISECONDS = 30_000;

const options = [
  { name: "calls", value: "<number>", help: `calls of the day (${DEFAULT_CALLS})` },
  { name: "rate", value: "<number>", help: "events a second (as fast as they are answered)" },
  { name: "seed", value: "<number>", help: "other calls; the same seed gives the same ones (random)" },
  { name: "end", value: "<time>", help: "when the day is over, ISO 8601 with Z (the last full hour)" },
  {
    name: "platform",
    value: "<names>",
    help: `of ${platformNames.join(", ")}: one or several, with commas between them (those whose secret is at hand)`,
  },
  { name: "remove", help: "erases everything that was ever simulated at this ledger, instead of playing" },
  urlOption,
] as const;

type Name = (typeof options)[number]["name"];

await runCommand<Name>({
  usage: "npm run simulate -- [options]",
  about: `Plays a working day of calls, the last 24 hours, at a ledger that is running, local or deployed, \
and checks every answer. Some ten seconds with the defaults.`,
  options,
  notes: `The calls stay in the ledger until --remove. Their ${customerPhones.length} customers have numbers that nobody else has, \
${customerPhones.at(0)} to ${customerPhones.at(-1)}: by these --remove erases them, through the API, and calls \
in a browser by their agent.

Variables of the environment: ${platformNames.map((name) => platforms[name].secretsSetting).join(", ")} are the \
ledger's settings of that name, which sign the events; --remove needs LEDGER_TOKEN, its API_TOKEN. For a ledger \
on this machine all are read from .dev.vars, which \`npm run dev\` writes.`,
  run: simulate,
});

async function simulate(given: Given<Name>, interrupted: AbortSignal): Promise<boolean> {
  const url = ledgerUrl(given.text("url"));
  if (given.isOn("remove")) return removeSimulated(url, ledgerToken(url), interrupted);
  const seed = given.number("seed", randomInt(LARGEST_SEED), 0);
  const calls = given.number("calls", DEFAULT_CALLS, 1);
  const secrets = secretsOf(url, given.text("platform"));
  const names = platformNames.filter((name) => secrets[name] !== undefined);
  const day = planDay(seed, calls, endOf(given.text("end")), names);
  const rate = given.text("rate") === undefined ? undefined : given.number("rate", 1, 1);
  await checkHealth(url, interrupted);
  return play(day, { url: url.origin, secrets }, rate, interrupted);
}

/** The secrets of the platforms that are named, or else of those that have one. */
function secretsOf(url: URL, names: string | undefined): Secrets {
  const settings = (names === undefined ? platformNames : namesIn(names)).map((name) => ({
    name,
    setting: platforms[name].secretsSetting,
  }));
  const isAnyAtHand = settings.some(({ setting }) => findWebhookSecret(url, setting) !== undefined);
  const find = names === undefined && isAnyAtHand ? findWebhookSecret : webhookSecret;
  return Object.fromEntries(settings.map(({ name, setting }) => [name, find(url, setting)]));
}

function namesIn(text: string): PlatformName[] {
  return text.split(/[\s,]+/).map((name) => {
    const found = platformNames.find((one) => one === name);
    if (found !== undefined) return found;
    throw new UsageError(`--platform takes some of ${platformNames.join(", ")}, not "${text}".`);
  });
}

function endOf(text: string | undefined): number {
  if (text === undefined) return lastFullHour(Date.now());
  const time = Date.parse(text);
  if (Number.isNaN(time) || !text.endsWith("Z")) {
    throw new UsageError(`--end takes a time like 2026-11-26T14:00:00Z, not "${text}".`);
  }
  return time;
}

async function play(day: Day, target: Target, rate: number | undefined, interrupted: AbortSignal): Promise<boolean> {
  const progress = showProgress();
  const refused = new AbortController();
  const total = day.deliveries.length;
  let done = 0;
  let refusedPlatform: PlatformName | undefined;
  progress.step(
    `Playing a day of ${day.calls} calls of ${day.platforms.join(", ")} (--seed ${day.seed}) at ${target.url}`,
  );
  try {
    const traffic = await send(day.deliveries, target, {
      rate,
      signal: AbortSignal.any([interrupted, refused.signal]),
      onAnswer(delivery, seen) {
        done += 1;
        progress.advance(done, total);
        if (!isRefused(delivery, seen)) return;
        refusedPlatform = delivery.platform;
        refused.abort();
      },
    });
    progress.finish();
    console.log();
    const good = printFindings(answerFindings(day.totals, traffic));
    if (traffic.answers.has("200 stored")) printSurprises(traffic);
    else console.log("Nothing was new to the ledger: it has, or had, this day. Another --seed is another day.");
    console.log(paceOf(traffic));
    console.log(
      `The same events again: --seed ${day.seed} --calls ${day.calls} --end ${new Date(day.end).toISOString()} --platform ${day.platforms.join()}`,
    );
    return good;
  } catch (error) {
    progress.fail();
    if (refusedPlatform === undefined) throw error;
    const { secretsSetting } = platforms[refusedPlatform];
    throw new Error(
      `The ledger at ${target.url} answers 401 to a genuine event: it has another secret. ${secretsSetting} sets it.`,
    );
  }
}

/** Before hundreds of events fail one by one, for a reason that one question tells. */
async function checkHealth(url: URL, interrupted: AbortSignal): Promise<void> {
  const address = new URL("/healthz", url);
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(HEALTH_TIMEOUT_MILLISECONDS)]);
  let response: Response;
  try {
    response = await fetch(address, { signal });
  } catch (error) {
    throw new Error(`The ledger cannot be reached: ${address} gives ${networkReason(error)}.`);
  }
  const text = await response.text();
  if (!response.ok) throw new Error(`The ledger is not well: ${address} answers ${response.status}\n${text}`);
}

function isRefused({ expected }: Delivery, seen: readonly string[]): boolean {
  return !expected.includes("401") && seen.includes("401");
}
