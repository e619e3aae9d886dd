import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bundle, bundle, startupMilliseconds } from "./bundle.ts";
import { startDownstream } from "./downstream.ts";
import { Report } from "./report.ts";
import { reportCost, reportLatency, reportThroughput, reportWeight } from "./sections.ts";

const folder = mkdtempSync(join(tmpdir(), "call-ledger-bench-"));
const downstream = await startDownstream();
const report = new Report();

const build = (name: string, entry: string): Promise<Bundle> => bundle(name, entry, folder);
const workers = "test/bench/workers";
const ledger = await build("ledger", "src/index.ts");
const storeOnly = await build("store-only", `${workers}/store-only.ts`);
const tutorial = await build("tutorial", `${workers}/tutorial.ts`);

reportWeight(report, [ledger, tutorial], await startupMilliseconds(folder));
await reportCost(
  report,
  await build("ledger", `${workers}/counting-ledger.ts`),
  [await build("tutorial", `${workers}/counting-tutorial.ts`)],
  downstream,
);
await reportLatency(
  report,
  await build("ledger", `${workers}/slow-ledger.ts`),
  [await build("tutorial", `${workers}/slow-tutorial.ts`)],
  downstream,
);
for (const load of [
  { bytes: 11_000, requests: 900, target: 0.9 },
  { bytes: 200_000, requests: 300, target: 0.85 },
]) {
  await reportThroughput(report, [ledger, storeOnly, tutorial], load, downstream);
}

downstream.close();
rmSync(folder, { recursive: true });
console.log(report.missed.length === 0 ? "\nEvery target is met." : `\nMissed: ${report.missed.join("; ")}`);
process.exitCode = report.missed.length === 0 ? 0 : 1;
