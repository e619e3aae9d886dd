import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { styleText } from "node:util";
import { type Given, runCommand } from "../../../src/commands/command.ts";
import { projectFolder } from "../simulator/child.ts";
import { showProgress } from "../simulator/progress.ts";
import { soak } from "./soak.ts";
import { faultsOf, printSoak } from "./soak-report.ts";

const DEFAULT_RUNS = 10_000;
const DEFAULT_EVENTS = 20_000;
const DEFAULT_SEED = 1;
const DEFAULT_FAULTS_PERCENT = 30;

await runCommand({
  usage: "npm run chaos -- [options]",
  about: `The long proof that no accepted event is lost: fuzzing, then a soak of the real Worker on local \
stores that fail at random, killed and restarted on the way. Takes long: with --runs 300 \
--events 2000 some minutes.`,
  options: [
    { name: "runs", value: "<number>", help: `runs of every property; 0 leaves the fuzzing out (${DEFAULT_RUNS})` },
    { name: "events", value: "<number>", help: `events of the soak; 0 leaves it out (${DEFAULT_EVENTS})` },
    { name: "seed", value: "<number>", help: `other bodies, other events, other faults (${DEFAULT_SEED})` },
    {
      name: "faults",
      value: "<number>",
      help: `percent of the calls of every store that fail (${DEFAULT_FAULTS_PERCENT})`,
    },
  ],
  run: chaos,
});

async function chaos(given: Given<"runs" | "events" | "seed" | "faults">, signal: AbortSignal): Promise<boolean> {
  const runs = given.number("runs", DEFAULT_RUNS, 0);
  const events = given.number("events", DEFAULT_EVENTS, 0);
  const seed = given.number("seed", DEFAULT_SEED, 0);
  const rate = given.number("faults", DEFAULT_FAULTS_PERCENT, 0) / 100;

  const fuzzed = runs === 0 || (await fuzz(runs, seed, signal));
  if (events === 0) return fuzzed;
  const result = await soak({ events, seed, rate, progress: showProgress(), signal });
  printSoak(result);
  const faults = [...(fuzzed ? [] : ["A property did not hold."]), ...faultsOf(result)];
  const good = faults.length === 0;
  console.log(`\n${good ? styleText("green", "Nothing was lost.") : styleText("red", faults.join(" "))}`);
  return good;
}

async function fuzz(runs: number, seed: number, signal: AbortSignal): Promise<boolean> {
  const vitest = resolve(projectFolder, "node_modules/vitest/vitest.mjs");
  const parameters = ["run", "--config", "test/laboratory/slow/vitest.config.ts", "test/laboratory/chaos/fuzz.test.ts"];
  const child = spawn(process.execPath, [vitest, ...parameters], {
    cwd: projectFolder,
    stdio: "inherit",
    env: { ...process.env, FUZZ_RUNS: String(runs), FUZZ_SEED: String(seed) },
  });
  signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  const [code]: unknown[] = await once(child, "close");
  signal.throwIfAborted();
  return code === 0;
}
