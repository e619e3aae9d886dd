import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand, UsageError } from "../../../src/commands/command.ts";
import { type Bundle, bundle, startupMilliseconds } from "../../support/bundle.ts";
import { reportCrowd, reportOutage } from "./backlog/section.ts";
import { callEnds, type Letters } from "./bodies.ts";
import { type Downstream, startDownstream } from "./downstream.ts";

import { reportExport } from "./export.ts";

import { reportFetching } from "./fetching/section.ts";

import { largestBodies, platformLoads } from "./platform-bodies.ts";
import { readStored } from "./read-stored.ts";
import { reportBusy } from "./reading/busy.ts";
import { reportReading } from "./reading/section.ts";
import { Report } from "./report.ts";
import { reportSearch } from "./search.ts";
import { type Contest, reportCost, reportDrain, reportLatency, reportThroughput, reportWeight } from "./sections.ts";
import { reportSize } from "./size.ts";

/** What a section measures with. */
interface Bench {
  /** Of the bundles. */
  folder: string;
  downstream: Downstream;
  report: Report;
  /** Bundles the ledger, or a variant of it. */
  build(name: string, entry: string): Promise<Bundle>;
  /** Bundles the ledger within the limits that Cloudflare gives an invocation, at a distance from its stores. */
  limited(): Promise<Bundle>;
  /** Bundles a Worker that stands beside the ledger and erases nothing. */
  other(name: string, file?: string): Promise<Bundle>;
}

interface Section {
  about: string;
  /** On a machine of two cores. */
  takes: string;
  measure(bench: Bench): Promise<void>;
}

const workers = "test/laboratory/bench/workers";
/** Variants of the ledger that the tests have too. */
const shared = "test/support/stores";

/** The ledger without words searched, and with. */
const bothWays = ({ name, ...rest }: Bundle): [plain: Bundle, searching: Bundle] => [
  { ...rest, name, settings: { SEARCH_TRANSCRIPTS: "off" } },
  { ...rest, name: `${name}-with-words`, settings: { SEARCH_TRANSCRIPTS: "on" } },
];

/** The most rows that a call may write that is alone in its hour, one of them being the mark of that hour; one more with its words. */
const MAX_ROWS_WRITTEN = 26;

const PLATFORM_BODY_BYTES = 60_000;

const EXPORTED_CALLS = Number(process.env["BENCH_CALLS"] ?? 33_000);

function callEndsOf(bytes: number, letters?: Letters) {
  const name = `call.end of ${bytes / 1000} KB${letters === "ASCII" ? " in ASCII" : ""}`;
  return { name, path: "/webhooks/atoms", events: (count: number) => callEnds(count, bytes, letters) };
}

/** In the order in which they run. */
const sections: Record<string, Section> = {
  weight: {
    about: "size of the upload, CPU time of a start",
    takes: "20 s",
    async measure({ report, folder, build, other }) {
      const ledger = await build("ledger", "src/index.ts");
      const intake = await build("intake-only", `${shared}/intake-only.ts`);
      const tutorial = await other("tutorial");
      reportWeight(report, ledger, intake, [tutorial], await startupMilliseconds(folder));
    },
  },
  cost: {
    about: "what a call asks of the stores, and its price",
    takes: "30 s",
    async measure({ report, downstream, build, other }) {
      const [ledger, searching] = bothWays(await build("ledger", `${shared}/counting-ledger.ts`));
      const vocabularies = ["documented", "atoms"] as const;
      const cases = [
        { bundle: ledger, vocabularies, maxRowsWritten: MAX_ROWS_WRITTEN },
        { bundle: searching, vocabularies, maxRowsWritten: MAX_ROWS_WRITTEN + 1 },
        { bundle: await other("tutorial", "counting-tutorial.ts"), vocabularies: ["documented"] as const },
      ];
      await reportCost(report, cases, downstream);
    },
  },
  size: {
    about: "bytes in D1 of a call of five minutes, for each platform",
    takes: "2 min",
    async measure({ report, downstream, build }) {
      await reportSize(report, bothWays(await build("ledger", "src/index.ts")), downstream);
    },
  },
  search: {
    about: "what a search asks of D1",
    takes: "30 s",
    async measure({ report, downstream, build }) {
      await reportSearch(report, bothWays(await build("ledger", `${shared}/counting-ledger.ts`)), downstream);
    },
  },
  latency: {
    about: "time until the answer while the stores are slow",
    takes: "1 min",
    async measure({ report, downstream, build, other }) {
      const ledger = await build("ledger", `${workers}/slow-ledger.ts`);
      await reportLatency(report, ledger, [await other("tutorial", "slow-tutorial.ts")], downstream);
    },
  },
  drain: {
    about: "parked events coming back, and fresh ones beside them",
    takes: "3 min",
    async measure({ report, downstream, limited }) {
      await reportDrain(report, await limited(), downstream);
    },
  },
  outage: {
    about: "an hour's events, parked, coming back run by run",
    takes: "6 min",
    async measure({ report, downstream, limited }) {
      await reportOutage(report, await limited(), downstream);
    },
  },
  crowd: {
    about: "50,000 bodies parked, 50,000 in quarantine",
    takes: "17 min",
    async measure({ report, downstream, limited }) {
      await reportCrowd(report, await limited(), downstream);
    },
  },
  fetching: {
    about: "a run over 10,000 calls of which one in a hundred is missing, and the next one",
    takes: "30 s",
    async measure({ report, downstream, build }) {
      await reportFetching(report, await build("ledger", `${workers}/fetching-ledger.ts`), downstream);
    },
  },
  reading: {
    about: "pages and queries at 10,000 and at a million calls",
    takes: "4 min",
    async measure({ report, downstream, build }) {
      await reportReading(report, await build("ledger", `${shared}/counting-ledger.ts`), downstream);
    },
  },
  busy: {
    about: "pages of a ledger with 11,000 calls a day, and what its totals cost",
    takes: "3 min",
    async measure({ report, downstream, build }) {
      await reportBusy(report, await build("ledger", `${shared}/counting-ledger.ts`), downstream);
    },
  },
  export: {
    about: "days written as Parquet, asked by DuckDB, and let go (BENCH_CALLS: how many calls)",
    takes: "2 min",
    async measure({ report, downstream, build }) {
      await reportExport(report, await build("ledger", "src/index.ts"), EXPORTED_CALLS, downstream);
    },
  },
  million: {
    about: "the same of a million calls",
    takes: "30 min",
    async measure({ report, downstream, build }) {
      await reportExport(report, await build("ledger", "src/index.ts"), 1_000_000, downstream);
    },
  },
  throughput: {
    about: "events a second beside Workers that do the least",
    takes: "12 min",
    async measure({ report, downstream, build, other }) {
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
      const short = { ...callEndsOf(11_000), rounds: 5, requests: 576, warmUp: 576 };
      const long = { ...callEndsOf(200_000), rounds: 5, requests: 256, warmUp: 160 };
      await reportThroughput(report, [...contests(0.9), ...besides], short, downstream);
      await reportThroughput(report, [...contests(0.85), ...besides], long, downstream);
      const ascii = { ...long, ...callEndsOf(200_000, "ASCII"), rounds: 3 };
      await reportThroughput(report, contests(0.85), ascii, downstream);
    },
  },
  platforms: {
    about: "the same for the bodies of Vapi and Retell",
    takes: "4 min",
    async measure({ report, downstream, build, other }) {
      const [plain] = bothWays(await build("ledger", "src/index.ts"));
      // A floor sends no messages.
      const ledger = { ...plain, settings: { ...plain.settings, SYNC_URL: "" } };
      const floor = await other("store-rows");
      for (const platform of ["vapi", "retell"] as const) {
        const { body, path } = platformLoads[platform];
        const make = (count: number) => largestBodies(platform, count, PLATFORM_BODY_BYTES);
        const [example] = make(1);
        if (example === undefined) continue;
        const stored = await readStored(ledger, path, example, downstream.url);
        const contest = {
          worker: ledger,
          floor: { ...floor, settings: { STORED_BODY: JSON.stringify(stored) } },
          target: 0.85,
        };
        const name = `${body} of ${platform} of ${PLATFORM_BODY_BYTES / 1000} KB`;
        const load = { name, path, events: make, rounds: 5, requests: 256, warmUp: 256 };
        await reportThroughput(report, [contest], load, downstream);
      }
    },
  },
};

await runCommand({
  usage: "npm run bench -- [section …]",
  about: `Measures the Worker in the local runtime, and says whether the targets are met. Sections, and how \
long they take on a machine of two cores that does nothing else:

${Object.entries(sections)
  .map(([name, { about, takes }]) => `  ${name.padEnd(12)}${takes.padEnd(8)}${about}`)
  .join("\n")}

Without a section, all of them.`,
  options: [],
  takesWords: true,
  run: ({ words }) => measure(words),
});

/** @returns whether every target is met */
async function measure(chosen: readonly string[]): Promise<boolean> {
  const unknown = chosen.filter((name) => !(name in sections));
  if (unknown.length > 0) {
    throw new UsageError(`There is no section ${unknown.join(", ")}. There are: ${Object.keys(sections).join(", ")}.`);
  }
  const folder = mkdtempSync(join(tmpdir(), "call-ledger-bench-"));
  const downstream = await startDownstream();
  const report = new Report();
  const bench: Bench = {
    folder,
    downstream,
    report,
    build: (name, entry) => bundle(name, entry, folder),
    limited: () => bundle("ledger", `${workers}/distant-ledger.ts`, folder),
    other: (name, file = `${name}.ts`) => bundle(name, `${workers}/${file}`, folder, { hasEraseJob: false }),
  };
  try {
    for (const [name, section] of Object.entries(sections)) {
      if (chosen.length === 0 || chosen.includes(name)) await section.measure(bench);
    }
  } finally {
    downstream.close();
    rmSync(folder, { recursive: true });
  }
  const { missed } = report;
  console.log(missed.length === 0 ? "\nEvery target is met." : `\nMissed: ${missed.join("; ")}`);
  return missed.length === 0;
}
