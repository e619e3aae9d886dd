import { join } from "node:path";
import { parseArgs } from "node:util";
import { unstable_readConfig as readConfig } from "wrangler";
import { splitArguments } from "../../src/commands/arguments.ts";
import { projectFolder, runWrangler } from "../../src/commands/wrangler.ts";
import { numberOption, UsageError } from "../simulator/options.ts";
import { showProgress } from "../simulator/progress.ts";
import { run } from "../simulator/run.ts";
import { MOST_CALLS } from "./seed/expressions.ts";
import { fill, openLocal, type Write, writeRemotely } from "./seed/fill.ts";
import type { Plan } from "./seed/plan.ts";

const DEFAULT_CALLS = 10_000;
const DEFAULT_DAYS = 365;

/** Three for the row of the call, one for each of its three events, its number, its delivery and its words. */
const ROWS_WRITTEN_A_CALL = 9;

/** US dollars a million rows written, above what the plan includes (developers.cloudflare.com, November 2026). */
const DOLLARS_A_MILLION = 1;

const help = `npm run seed -- [options]

Fills the database of \`npm run dev\` with made-up calls, to try queries and pages at size.

  --calls <number>   how many (${DEFAULT_CALLS})
  --days <number>    over how many days up to now they are spread (${DEFAULT_DAYS})
  --seed <number>    other calls; the same seed has the same ids, and none is written twice (1)
  --remote           into the deployed database: D1 bills rows written, so it needs --yes
  --yes              do it
  --env <name>, --config <file>, --profile <name>
                     which Worker is meant, as wrangler takes them
  --help             this text

Rows alone: there are no transcripts in R2. Nothing goes downstream by itself, but a failed delivery that you send again does.
The calls' ids begin with seed-<seed>-.`;

await run(seed);

async function seed(interrupted: AbortSignal): Promise<boolean> {
  const { shared, others, environment, config } = splitArguments(process.argv.slice(2));
  const { values } = parseArgs({
    args: others,
    options: {
      calls: { type: "string" },
      days: { type: "string" },
      seed: { type: "string" },
      remote: { type: "boolean" },
      yes: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(help);
    return true;
  }
  const configPath = config ?? join(projectFolder, "wrangler.toml");
  const plan: Plan = {
    calls: numberOption("calls", values.calls, DEFAULT_CALLS, 1),
    days: numberOption("days", values.days, DEFAULT_DAYS, 1),
    seed: numberOption("seed", values.seed, 1, 0),
    until: new Date(),
    words:
      readConfig({ config: configPath, env: environment }, { hideWarnings: true }).vars["SEARCH_TRANSCRIPTS"] !== "off",
  };
  if (plan.calls > MOST_CALLS) throw new UsageError(`--calls takes ${MOST_CALLS} at the most.`);
  if (values.remote) {
    warnOfCost(plan);
    if (!values.yes) throw new UsageError("Nothing is written without --yes.");
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
