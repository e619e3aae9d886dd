import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bundle, bundle, startupMilliseconds } from "./bundle.ts";
import { startDownstream } from "./downstream.ts";
import { reportReading } from "./reading/section.ts";
import { Report } from "./report.ts";
import { reportSearch } from "./search.ts";
import { reportCost, reportLatency, reportThroughput, reportWeight } from "./sections.ts";

const folder = mkdtempSync(join(tmpdir(), "call-ledger-bench-"));
const downstream = await startDownstream();
const report = new Report();

const workers = "test/bench/workers";
const build = (name: string, entry: string): Promise<Bundle> => bundle(name, entry, folder);
const variant = (name: string, file: string): Promise<Bundle> => build(name, `${workers}/${file}`);

/** The same with words searched and without: the two that it is compared with make nothing findable either. */
const bothWays = ({ name, ...rest }: Bundle): [plain: Bundle, searching: Bundle] => [
  { ...rest, name, settings: { SEARCH_TRANSCRIPTS: "off" } },
  { ...rest, name: `${name}-with-search`, settings: { SEARCH_TRANSCRIPTS: "on" } },
];

/** In the order in which they run. */
const sections: Record<string, () => Promise<void>> = {
  async weight() {
    const ledger = await build("ledger", "src/index.ts");
    const intake = await variant("intake-only", "intake-only.ts");
    const tutorial = await variant("tutorial", "tutorial.ts");
    reportWeight(report, ledger, intake, [tutorial], await startupMilliseconds(folder));
  },
  async cost() {
    const [ledger, searching] = bothWays(await variant("ledger", "counting-ledger.ts"));
    await reportCost(report, ledger, [searching, await variant("tutorial", "counting-tutorial.ts")], downstream);
  },
  async search() {
    await reportSearch(report, bothWays(await variant("ledger", "counting-ledger.ts")), downstream);
  },
  async latency() {
    const ledger = await variant("ledger", "slow-ledger.ts");
    await reportLatency(report, ledger, [await variant("tutorial", "slow-tutorial.ts")], downstream);
  },
  async reading() {
    await reportReading(report, await variant("ledger", "counting-ledger.ts"), downstream);
  },
  async throughput() {
    const [ledger, searching] = bothWays(await build("ledger", "src/index.ts"));
    const floor = await variant("store-only", "store-only.ts");
    const others = [searching, await variant("tutorial", "tutorial.ts")];
    const short = { bytes: 11_000, rounds: 3, requests: 1152, warmUp: 600, target: 0.9 };
    const long = { bytes: 200_000, rounds: 3, requests: 1024, warmUp: 160, target: 0.85 };
    await reportThroughput(report, ledger, others, floor, short, downstream);
    await reportThroughput(report, ledger, others, floor, long, downstream);
    await reportThroughput(report, ledger, [], floor, { ...long, letters: "ASCII", requests: 512 }, downstream);
  },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in sections));
if (asked.includes("--help")) {
  console.log(
    `npm run bench -- [section …]\n\nSections: ${Object.keys(sections).join(", ")}; without one, all of them.`,
  );
} else if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(", ")}. There are: ${Object.keys(sections).join(", ")}.`);
  process.exitCode = 1;
} else {
  for (const [name, measure] of Object.entries(sections)) {
    if (asked.length === 0 || asked.includes(name)) await measure();
  }
  const { missed } = report;
  console.log(missed.length === 0 ? "\nEvery target is met." : `\nMissed: ${missed.join("; ")}`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}

downstream.close();
rmSync(folder, { recursive: true });
