import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { DEFAULT_CALLS, planDay } from "./day.ts";
import type { Delivery } from "./delivery.ts";
import { numberOption, UsageError } from "./options.ts";
import { showProgress } from "./progress.ts";
import { answerFindings, paceOf, printFindings, printSurprises } from "./report.ts";
import { run } from "./run.ts";
import { networkReason, send } from "./send.ts";

const help = `npm run simulate -- --url <ledger> --secret <secret> [options]

Plays a working day of calls at a ledger that is running, local or deployed, and checks every answer.

  --url <url>        where the ledger is: https://call-ledger.example.workers.dev, or the whole address of its webhook
  --secret <secret>  one of its ATOMS_WEBHOOK_SECRETS
  --calls <number>   calls of the day (${DEFAULT_CALLS})
  --rate <number>    events a second (as fast as they are answered)
  --seed <number>    another day; the same seed gives the same one, whose events are duplicates the second time (random)
  --help             this text

The calls stay in the ledger. Their ids differ from seed to seed, so days do not get mixed up.`;

const LARGEST_SEED = 2 ** 31;
const HEALTH_TIMEOUT_MILLISECONDS = 30_000;

await run(simulate);

async function simulate(interrupted: AbortSignal): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      url: { type: "string" },
      secret: { type: "string" },
      calls: { type: "string" },
      rate: { type: "string" },
      seed: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(help);
    return true;
  }
  if (!values.url || !values.secret) throw new UsageError(`--url and --secret are needed.\n\n${help}`);
  const url = webhookUrl(values.url);
  const seed = numberOption("seed", values.seed, randomInt(LARGEST_SEED), 0);
  const day = planDay(seed, numberOption("calls", values.calls, DEFAULT_CALLS, 1));
  const rate = values.rate === undefined ? undefined : numberOption("rate", values.rate, 1, 1);
  await checkHealth(url, interrupted);

  const progress = showProgress();
  const refused = new AbortController();
  const total = day.deliveries.length;
  let done = 0;
  progress.step(`Playing a day of ${day.calls} calls (--seed ${seed}) at ${url}`);
  try {
    const traffic = await send(
      day.deliveries,
      { url: url.href, secret: values.secret },
      {
        rate,
        signal: AbortSignal.any([interrupted, refused.signal]),
        onAnswer(delivery, seen) {
          done += 1;
          progress.advance(done, total);
          if (isRefused(delivery, seen)) refused.abort();
        },
      },
    );
    progress.finish();
    console.log();
    const good = printFindings(answerFindings(day.totals, traffic));
    if (traffic.answers.has("200 stored")) printSurprises(traffic);
    else console.log("Nothing was new to the ledger: this day was played at it before. Another --seed is another day.");
    console.log(paceOf(traffic));
    console.log(`The same day again: --seed ${seed} --calls ${day.calls}`);
    return good;
  } catch (error) {
    progress.fail();
    if (!refused.signal.aborted) throw error;
    throw new Error(
      `The ledger at ${url} answers 401 to a genuine event: --secret is none of its ATOMS_WEBHOOK_SECRETS.`,
    );
  }
}

function webhookUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--url takes an http or https URL, not "${text}".`);
  if (url.pathname === "/") url.pathname = "/webhooks/atoms";
  return url;
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
