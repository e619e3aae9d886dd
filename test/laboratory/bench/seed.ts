import { join } from "node:path";
import { unstable_readConfig as readConfig } from "wrangler";
import { type Given, runCommand, UsageError } from "../../../src/commands/command.ts";
import { projectFolder, runWrangler } from "../../../src/commands/wrangler.ts";
import { showProgress } from "../simulator/progress.ts";
import { MOST_CALLS } from "./seed/expressions.ts";
import { fill, openLocal, type Write, writeRemotely } from "./seed/fill.ts";
import type { Plan } from "./seed/plan.ts";

const DEFAULT_CALLS = 10_000;
const DEFAULT_DAYS = 365;

/** Three for the row of the call, one for each of its three events, two for its number, two for its delivery, one for its words, one and a half for its tools, and two for the totals of its hour. */
const ROWS_WRITTEN_A_CALL = 14.5;

/** US dollars a million rows written, above what the plan includes (developers.cloudflare.com, November 2026). */
const DOLLARS_A_MILLION = 1;

const options = [
  { name: "calls", value: "<number>", help: `how many (${DEFAULT_CALLS})` },
  { name: "days", value: "<number>", help: `over how many days up to now they are spread (${DEFAULT_DAYS})` },
  { name: "seed", value: "<number>", help: "other calls; the same seed has the same ids, none is written twice (1)" },
  { name: "remote", help: "into the deployed database: D1 bills rows written, so it needs --yes" },
  { name: "yes", help: "do it" },
  { name: "env", short: "e", value: "<name>", help: "an environment of wrangler.toml" },
  { name: "config", short: "c", value: "<file>", help: "another file than wrangler.toml" },
  { name: "profile", value: "<name>", help: "as wrangler takes it" },
] as const;

type Name = (typeof options)[number]["name"];

await runCommand<Name>({
  usage: "npm run seed -- [options]",
  about: `Fills the database of \`npm run dev\` with made-up calls, to try queries and pages at size. Ten \
thousand take some seconds, a million some minutes.`,
  options,
  notes: `Rows alone: these calls have words to search for and no transcript to read; \`npm run simulate\` plays \
calls that have one. Nothing goes downstream by itself, but a failed delivery that you send again \
does. The calls' ids begin with seed-<seed>-.`,
  run: seed,
});

async function seed(given: Given<Name>, interrupted: AbortSignal): Promise<boolean> {
  const [environment, config] = [given.text("env"), given.text("config")];
  const shared = (["env", "config", "profile"] as const).flatMap((name) => {
    const value = given.text(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  const configPath = config ?? join(projectFolder, "wrangler.toml");
  const plan: Plan = {
    calls: given.number("calls", DEFAULT_CALLS, 1),
    days: given.number("days", DEFAULT_DAYS, 1),
    seed: given.number("seed", 1, 0),
    until: new Date(),
    words:
      readConfig({ config: configPath, env: environment }, { hideWarnings: true }).vars["SEARCH_TRANSCRIPTS"] !== "off",
  };
  if (plan.calls > MOST_CALLS) throw new UsageError(`--calls takes ${MOST_CALLS} at the most.`);
  if (given.isOn("remote")) {
    warnOfCost(plan);
    if (!given.isOn("yes")) throw new UsageError("Nothing is written without --yes.");
    await show(writeRemotely(shared), plan, interrupted);
    return true;
  }
  if ((await runWrangler(["d1", "migrations", "apply", "DB", "--local", ...shared])) !== 0) return false;
  await using local = await openLocal(configPath, environment);
  await show(local.write, plan, interrupted);
  return true;
}

function warnOfCost({ calls }: Plan): void {
  const rows = calls * ROWS_WRITTEN_A_CALL;
  const dollars = ((rows / 1_000_000) * DOLLARS_A_MILLION).toFixed(2);
  console.warn(
    `${calls} made-up calls go among the real ones of the deployed database: some ${rows} rows written, $${dollars} above what the plan includes.`,
  );
}

async function show(write: Write, plan: Plan, signal: AbortSignal): Promise<void> {
  const progress = showProgress();
  progress.step(`Making up ${plan.calls} calls of ${plan.days} days (--seed ${plan.seed})`);
  try {
    await fill(write, plan, { signal, onProgress: (calls) => progress.advance(calls, plan.calls) });
    progress.finish();
  } catch (error) {
    progress.fail();
    throw error;
  }
}
