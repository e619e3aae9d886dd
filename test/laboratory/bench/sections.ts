import type { Bundle } from "../../support/bundle.ts";
import { median, quantile } from "../../support/statistics.ts";
import { eventNames, type Vocabulary } from "./bodies.ts";
import { countCall, wholeCost } from "./cost.ts";
import type { Downstream } from "./downstream.ts";
import { drain, waitingPlaces } from "./drain.ts";
import { latency, SLOWEST_AWAITED } from "./latency.ts";
import { costLines } from "./prices.ts";
import type { Report } from "./report.ts";
import { SLOWNESS_MILLISECONDS } from "./slowness.ts";
import { AT_A_TIME, compare, type Load } from "./throughput.ts";

/** A Worker to be measured beside another. */
export interface Contest {
  worker: Bundle;
  /** It does the least that the same takes. */
  floor: Bundle;
  /** The Worker's throughput, as a share of the floor's; without it, the two are measured for a shorter time. */
  target?: number;
}

export async function reportThroughput(
  report: Report,
  contests: readonly Contest[],
  load: Load,
  downstream: Downstream,
): Promise<void> {
  report.section(
    `Throughput, ${load.name}`,
    `Requests a second over HTTP, ${AT_A_TIME} at a time, of two Workers that take turns; medians of the rounds. The share is the
median of the rounds' shares, with the least and the greatest of them.`,
  );
  const short = { ...load, rounds: 1, requests: load.requests / 2 };
  const rows = [];
  for (const { worker, floor, target } of contests) {
    const comparison = await compare(worker, floor, target === undefined ? short : load, downstream.url);
    rows.push({ worker, floor, target, ...comparison });
  }
  report.table(
    ["Worker", "requests/s", "beside", "requests/s", "share", "rounds"],
    rows.map(({ worker, floor, rates, floorRates, shares }) => [
      worker.name,
      median(rates).toFixed(0),
      floor.name,
      median(floorRates).toFixed(0),
      median(shares).toFixed(3),
      spreadOf(shares),
    ]),
  );
  for (const { worker, floor, target, shares } of rows) {
    if (target === undefined) continue;
    const share = median(shares);
    report.target(
      `${worker.name}, ${load.name}, at least ${target} of ${floor.name}: ${share.toFixed(3)} (${spreadOf(shares)})`,
      share >= target,
    );
  }
}

function spreadOf(shares: readonly number[]): string {
  return `${Math.min(...shares).toFixed(3)}–${Math.max(...shares).toFixed(3)}`;
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

/** The most that one whole call may ask of the stores, besides rows written. */
const COST_LIMITS = { r2Operations: 1, queueSends: 1, d1RoundTrips: 5 };

/** A Worker whose calls are counted. */
export interface CostCase {
  bundle: Bundle;
  /** The ways in which it takes events. */
  vocabularies: readonly Vocabulary[];
  /** The most rows that a call may write; without it, nothing is demanded of the Worker. */
  maxRowsWritten?: number;
}

export async function reportCost(report: Report, cases: readonly CostCase[], downstream: Downstream): Promise<void> {
  report.section(
    "Cost of a call",
    "Three events of one call and its delivery downstream, alone in its queue batch; dollars at list price a million calls.",
  );
  const counted = [];
  for (const { bundle, vocabularies, maxRowsWritten } of cases) {
    for (const vocabulary of vocabularies) {
      const call = await countCall(bundle, vocabulary, downstream);
      counted.push({ name: `${bundle.name}, ${vocabulary}`, maxRowsWritten, call, whole: wholeCost(call) });
    }
  }
  const rows = counted.flatMap(({ name, whole }) => {
    const lines = costLines(whole);
    const total = lines.reduce((sum, { dollars }) => sum + dollars, 0);
    return [
      ...lines.map(({ what, count, dollars }) => [name, what, String(count), dollars.toFixed(3)]),
      [name, "together", "", total.toFixed(3)],
      [name, "D1 round trips", String(whole.d1RoundTrips), "not billed"],
    ];
  });
  report.table(["Worker, vocabulary", "what", "a call", "$ a million calls"], rows);
  report.table(
    ["D1 rows written", ...eventNames, "delivery", "a call"],
    counted.map(({ name, call, whole }) => [
      name,
      ...[...eventNames, "delivery" as const].map((step) => String(call[step].rowsWritten)),
      String(whole.rowsWritten),
    ]),
  );

  for (const { name, maxRowsWritten, whole } of counted) {
    if (maxRowsWritten === undefined) continue;
    const r2Operations = whole.r2Writes + whole.r2Reads;
    for (const [what, count, limit] of [
      ["rows written", whole.rowsWritten, maxRowsWritten],
      ["D1 round trips", whole.d1RoundTrips, COST_LIMITS.d1RoundTrips],
      ["R2 operations", r2Operations, COST_LIMITS.r2Operations],
      ["queue messages", whole.queueSends, COST_LIMITS.queueSends],
    ] as const) {
      report.target(`${name}: at most ${limit} ${what}: ${count}`, count <= limit);
    }
  }
}

/** Parked events that come back a second, from each store. */
const MIN_DRAINED = 100;

/** Milliseconds until 95 of 100 fresh events are answered beside a drain: well under a second. */
const MAX_BESIDE = 200;

export async function reportDrain(report: Report, ledger: Bundle, downstream: Downstream): Promise<void> {
  report.section(
    "Drain",
    `Parked events of whole calls (call.end of 11 KB) coming back, with 40 fresh events a second beside them. The cron is run again as
soon as it has ended. Milliseconds until a fresh event is answered.`,
  );
  const drains = [];
  for (const store of waitingPlaces) drains.push(await drain(store, ledger, downstream.url));
  report.table(
    ["parked in", "events", "events/s", "fresh beside", "before p50", "p95", "beside p50", "p95"],
    drains.map(({ store, events, seconds, before, beside }) => [
      store,
      String(events),
      (events / seconds).toFixed(0),
      String(beside.length),
      ...[before, beside].flatMap((waits) => [median(waits).toFixed(1), quantile(waits, 0.95).toFixed(1)]),
    ]),
  );
  for (const { store, events, seconds, beside } of drains) {
    const rate = events / seconds;
    report.target(`${store}: at least ${MIN_DRAINED} events a second: ${rate.toFixed(0)}`, rate >= MIN_DRAINED);
    const p95 = quantile(beside, 0.95);
    report.target(`fresh events beside it within ${MAX_BESIDE} ms: ${p95.toFixed(0)} (p95)`, p95 <= MAX_BESIDE);
  }
}

/** Milliseconds that Cloudflare gives a Worker to start (developers.cloudflare.com/workers/platform/limits). */
const STARTUP_LIMIT = 1000;

/** KiB of what takes events in and passes them on, as wrangler counts. */
const GZIP_LIMIT = 75;

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
