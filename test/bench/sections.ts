import type { Bundle } from "./bundle.ts";
import { countCall } from "./cost.ts";
import type { Downstream } from "./downstream.ts";
import { latency, SLOWEST_AWAITED } from "./latency.ts";
import { costLines } from "./prices.ts";
import type { Report } from "./report.ts";
import { SLOWNESS_MILLISECONDS } from "./slowness.ts";
import { compare, type Load } from "./throughput.ts";

/**
 * @param floor the Worker that only stores
 * @param others what is measured beside it too, without a target and for a shorter time
 * @param target the ledger's throughput, as a share of the floor's
 */
export async function reportThroughput(
  report: Report,
  ledger: Bundle,
  others: readonly Bundle[],
  floor: Bundle,
  { target, ...load }: Load & { target: number },
  downstream: Downstream,
): Promise<void> {
  const size = `${Math.round(load.bytes / 1000)} KB${load.letters === "ASCII" ? " in ASCII" : ""}`;
  report.section(
    `Throughput, call.end of ${size}`,
    `Requests a second over HTTP, 16 at a time, of each Worker in turn with ${floor.name}; the share is the median of the rounds.`,
  );
  const told = (figures: readonly number[], digits: number) =>
    figures.map((figure) => figure.toFixed(digits)).join(" ");
  const compared = await compare(ledger, floor, load, downstream.url);
  const rows = [{ name: ledger.name, ...compared }];
  const short = { ...load, rounds: 1, requests: load.requests / 4 };
  for (const other of others) rows.push({ name: other.name, ...(await compare(other, floor, short, downstream.url)) });
  report.table(
    ["Worker", "requests/s", floor.name, "shares", "share"],
    rows.map(({ name, rates, floorRates, shares, share }) => [
      name,
      told(rates, 0),
      told(floorRates, 0),
      told(shares, 3),
      share.toFixed(2),
    ]),
  );
  report.target(
    `at ${size} at least ${target} of ${floor.name}: ${compared.share.toFixed(3)}`,
    compared.share >= target,
  );
}

/** How far an answer may come after the slowest store it waits for, in milliseconds. */
const LATENCY_ALLOWANCE = 15;

export async function reportLatency(
  report: Report,
  ledger: Bundle,
  others: readonly Bundle[],
  downstream: Downstream,
): Promise<void> {
  const { D1, R2, queue } = SLOWNESS_MILLISECONDS;
  report.section(
    "Latency on slow stores",
    `Milliseconds until the answer, one request after the other, with D1 ${D1} ms, R2 ${R2} ms and the queue ${queue} ms slower.`,
  );
  const figures = [];
  for (const bundle of [ledger, ...others]) figures.push(...(await latency(bundle, downstream.url)));
  report.table(
    ["Worker", "event", "slowest store", "p50", "p95"],
    figures.map(({ name, event, median: middle, p95 }) => [
      name,
      event,
      String(SLOWEST_AWAITED[event]),
      middle.toFixed(1),
      p95.toFixed(1),
    ]),
  );
  for (const { name, event, median: middle } of figures) {
    if (name !== ledger.name) continue;
    const limit = SLOWEST_AWAITED[event] + LATENCY_ALLOWANCE;
    report.target(`${event} answered within ${limit} ms: ${middle.toFixed(1)}`, middle <= limit);
  }
}

/** The most that one whole call may ask of the stores. */
const COST_LIMITS = {
  rowsWritten: 10,
  r2Operations: 1,
  queueSends: 1,
  d1RoundTrips: 5,
};

export async function reportCost(
  report: Report,
  ledger: Bundle,
  others: readonly Bundle[],
  downstream: Downstream,
): Promise<void> {
  report.section(
    "Cost of a call",
    "Three events of one call and its delivery downstream, alone in its queue batch; dollars at list price a million calls.",
  );
  const counted = [];
  for (const bundle of [ledger, ...others])
    counted.push({
      name: bundle.name,
      counts: await countCall(bundle, downstream),
    });
  const rows = counted.flatMap(({ name, counts }) => {
    const lines = costLines(counts);
    const total = lines.reduce((sum, { dollars }) => sum + dollars, 0);
    return [
      ...lines.map(({ what, count, dollars }) => [name, what, String(count), dollars.toFixed(3)]),
      [name, "together", "", total.toFixed(3)],
      [name, "D1 round trips", String(counts.d1RoundTrips), "not billed"],
    ];
  });
  report.table(["Worker", "what", "a call", "$ a million calls"], rows);

  for (const { name, counts } of counted) {
    if (name !== ledger.name) continue;
    const { rowsWritten, d1RoundTrips, queueSends } = counts;
    const r2Operations = counts.r2Writes + counts.r2Reads;
    report.target(
      `at most ${COST_LIMITS.rowsWritten} rows written: ${rowsWritten}`,
      rowsWritten <= COST_LIMITS.rowsWritten,
    );
    report.target(
      `at most ${COST_LIMITS.d1RoundTrips} D1 round trips: ${d1RoundTrips}`,
      d1RoundTrips <= COST_LIMITS.d1RoundTrips,
    );
    report.target(
      `at most ${COST_LIMITS.r2Operations} R2 operation: ${r2Operations}`,
      r2Operations <= COST_LIMITS.r2Operations,
    );
    report.target(
      `at most ${COST_LIMITS.queueSends} queue message: ${queueSends}`,
      queueSends <= COST_LIMITS.queueSends,
    );
  }
}

/** Milliseconds that Cloudflare gives a Worker to start (developers.cloudflare.com/workers/platform/limits). */
const STARTUP_LIMIT = 1000;

/** KiB of what takes events in and passes them on, as wrangler counts. */
const GZIP_LIMIT = 60;

/**
 * @param intake the ledger without what is for reading it
 * @param startup CPU time of the start of the whole ledger, milliseconds
 */
export function reportWeight(
  report: Report,
  ledger: Bundle,
  intake: Bundle,
  others: readonly Bundle[],
  startup: number,
): void {
  report.section(
    "Weight",
    `What \`wrangler deploy\` uploads, and the CPU time of a start as \`wrangler check startup\` profiles it. ${intake.name} is the ledger
without its API and its pages.`,
  );
  report.table(
    ["Worker", "KiB", "KiB gzip", "start, ms"],
    [ledger, intake, ...others].map((bundle) => [
      bundle.name,
      (bundle.bytes / 1024).toFixed(1),
      (bundle.gzipBytes / 1024).toFixed(1),
      bundle === ledger ? startup.toFixed(1) : "",
    ]),
  );
  const gzip = intake.gzipBytes / 1024;
  report.target(`${intake.name} at most ${GZIP_LIMIT} KiB gzip: ${gzip.toFixed(1)}`, gzip <= GZIP_LIMIT);
  report.target(`started in at most ${STARTUP_LIMIT} ms of CPU: ${startup.toFixed(1)}`, startup <= STARTUP_LIMIT);
}
