import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bundle, bundle, startupMilliseconds } from "./bundle.ts";
import { startDownstream } from "./downstream.ts";
import { reportReading } from "./reading/section.ts";
import { Report } from "./report.ts";
import { reportSearch } from "./search.ts";
import { type Contest, reportCost, reportLatency, reportThroughput, reportWeight } from "./sections.ts";

const folder = mkdtempSync(join(tmpdir(), "call-ledger-bench-"));
const downstream = await startDownstream();
const report = new Report();

const workers = "test/bench/workers";
const build = (name: string, entry: string): Promise<Bundle> => bundle(name, entry, folder);
const variant = (name: string, file: string): Promise<Bundle> => build(name, `${workers}/${file}`);

/** A Worker that stands beside the ledger and erases nothing. */
const other = (name: string, file = `${name}.ts`): Promise<Bundle> =>
  bundle(name, `${workers}/${file}`, folder, { hasEraseJob: false });

/** The ledger without words searched, and with. */
const bothWays = ({ name, ...rest }: Bundle): [plain: Bundle, searching: Bundle] => [
  { ...rest, name, settings: { SEARCH_TRANSCRIPTS: "off" } },
  { ...rest, name: `${name}-with-words`, settings: { SEARCH_TRANSCRIPTS: "on" } },
];

/** The most rows that a call may write; one more with its words. */
const MAX_ROWS_WRITTEN = 12;

/** In the order in which they run. */
const sections: Record<string, () => Promise<void>> = {
  async weight() {
    const ledger = await build("ledger", "src/index.ts");
    const intake = await variant("intake-only", "intake-only.ts");
    const tutorial = await other("tutorial");
    reportWeight(report, ledger, intake, [tutorial], await startupMilliseconds(folder));
  },
  async cost() {
    const [ledger, searching] = bothWays(await variant("ledger", "counting-ledger.ts"));
    const vocabularies = ["documented", "atoms"] as const;
    const cases = [
      { bundle: ledger, vocabularies, maxRowsWritten: MAX_ROWS_WRITTEN },
      { bundle: searching, vocabularies, maxRowsWritten: MAX_ROWS_WRITTEN + 1 },
      { bundle: await other("tutorial", "counting-tutorial.ts"), vocabularies: ["documented"] as const },
    ];
    await reportCost(report, cases, downstream);
  },
  async search() {
    await reportSearch(report, bothWays(await variant("ledger", "counting-ledger.ts")), downstream);
  },
  async latency() {
    const ledger = await variant("ledger", "slow-ledger.ts");
    await reportLatency(report, ledger, [await other("tutorial", "slow-tutorial.ts")], downstream);
  },
  async reading() {
    await reportReading(report, await variant("ledger", "counting-ledger.ts"), downstream);
  },
  async throughput() {
    const [ledger, searching] = bothWays(await build("ledger", "src/index.ts"));
    const storing = await other("store-only");
    const storingWords = await other("store-words");
    const tutorial = await other("tutorial");
    const contests = (target: number): Contest[] => [
      { worker: ledger, floor: storing, target },
      { worker: searching, floor: storingWords, target },
    ];
    const besides = [
      { worker: storingWords, floor: storing },
      { worker: tutorial, floor: storing },
    ];
    const short = { bytes: 11_000, rounds: 5, requests: 576, warmUp: 576 };
    const long = { bytes: 200_000, rounds: 5, requests: 256, warmUp: 160 };
    await reportThroughput(report, [...contests(0.9), ...besides], short, downstream);
    await reportThroughput(report, [...contests(0.85), ...besides], long, downstream);
    await reportThroughput(report, contests(0.85), { ...long, letters: "ASCII", rounds: 3 }, downstream);
  },
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in sections));
if (chosen.includes("--help")) {
  console.log(
    `npm run bench -- [section …]\n\nSections: ${Object.keys(sections).join(", ")}; without one, all of them.`,
  );
} else if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(", ")}. There are: ${Object.keys(sections).join(", ")}.`);
  process.exitCode = 1;
} else {
  for (const [name, measure] of Object.entries(sections)) {
    if (chosen.length === 0 || chosen.includes(name)) await measure();
  }
  const { missed } = report;
  console.log(missed.length === 0 ? "\nEvery target is met." : `\nMissed: ${missed.join("; ")}`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}

downstream.close();
rmSync(folder, { recursive: true });
