import { countStatements } from "../../../../src/ledger/totals/stale.ts";
import type { Bundle } from "../../../support/bundle.ts";
import { noCounts } from "../../../support/stores/counts.ts";
import type { Downstream } from "../downstream.ts";
import { costLines } from "../prices.ts";
import type { Report } from "../report.ts";
import type { Address } from "./addresses.ts";
import { growthOf } from "./pair.ts";
import { cells, timesOf } from "./section.ts";
import { type SeededLedger, seededLedger } from "./seeded.ts";
import { rowsReadBy, visitorOf } from "./visit.ts";

const DAYS = 30;
const QUIET_CALLS = 8_220;
const BUSY_CALLS = 330_000;

const DAY_MS = 24 * 60 * 60 * 1000;
const statsOf = (days: number) => `/api/stats?from=${new Date(Date.now() - days * DAY_MS).toISOString()}`;

/** An address with how many times as much it may take of the busy ledger, and how many milliseconds. */
const addresses: readonly (Address & { growthLimit?: number; limitMs?: number })[] = [
  { name: "GET /api/stats, 7 days", path: () => statsOf(7), door: "api", growthLimit: 2 },
  { name: "GET /api/stats, 30 days", path: () => statsOf(30), door: "api", growthLimit: 2 },
  { name: "overview, 30 days", path: () => "/?range=30d", door: "page", limitMs: 150 },
  { name: "calls", path: () => "/calls", door: "page", growthLimit: 1.5 },
  // What a page costs at most: no call has it, so none of those that it looks at is shown.
  { name: "calls of a disposition that none has", path: () => "/calls?disposition=none", door: "page", limitMs: 150 },
  { name: "calls by a metric that none has", path: () => "/calls?metric=none%3C2", door: "page", limitMs: 150 },
  { name: "calls by a tool that none called", path: () => "/calls?tool=none", door: "page", limitMs: 150 },
  {
    name: "deliveries to where none goes",
    path: () => "/deliveries?state=all&destination=none",
    door: "page",
    limitMs: 150,
  },
  // A part of a number, which is looked for among all of them.
  { name: "GET /api/calls?q=0007", path: () => "/api/calls?q=0007", door: "api", limitMs: 500 },
  { name: "deliveries", path: () => "/deliveries?state=all", door: "page", growthLimit: 1.5 },
];

/** @param bundle of a ledger that counts what it asks of its stores */
export async function reportBusy(report: Report, bundle: Bundle, downstream: Downstream): Promise<void> {
  report.section(
    "Busy ledgers",
    `A ledger of ${QUIET_CALLS} calls and one of ${BUSY_CALLS}, both of ${DAYS} days. Milliseconds over HTTP, medians, in a runtime that is warm.`,
  );
  const until = new Date();
  const quiet = await seededLedger(bundle, { calls: QUIET_CALLS, days: DAYS, until }, downstream);
  const busy = await seededLedger(bundle, { calls: BUSY_CALLS, days: DAYS, until }, downstream);
  await reportPages(report, quiet, busy);
  await reportTotals(report, quiet, busy);
  await quiet.worker.stop();
  await busy.worker.stop();
}

async function reportPages(report: Report, quiet: SeededLedger, busy: SeededLedger): Promise<void> {
  const [few, many] = [await visitorOf(quiet, addresses), await visitorOf(busy, addresses)];
  const figures = [];
  for (const address of addresses) {
    const rowsRead = { few: await rowsReadBy(few, address), many: await rowsReadBy(many, address) };
    figures.push({ address, rowsRead, milliseconds: await timesOf(few, many, address) });
  }
  report.table(
    ["page", "rows read quiet", "busy", "ratio", "ms quiet", "busy", "ratio"],
    figures.map(({ address, rowsRead, milliseconds }) => [
      address.name,
      ...cells(rowsRead, 0),
      ...cells(milliseconds, 1),
    ]),
  );
  for (const { address, milliseconds } of figures) {
    const { name, growthLimit, limitMs } = address;
    if (growthLimit !== undefined) {
      const growth = growthOf(milliseconds);
      report.target(`${name} takes at most ${growthLimit} times as long: ${growth.toFixed(2)}`, growth <= growthLimit);
    }
    if (limitMs !== undefined) {
      report.target(
        `${name} takes at most ${limitMs} ms: ${milliseconds.many.toFixed(0)}`,
        milliseconds.many <= limitMs,
      );
    }
  }
}

/** With it, and with words searched, a million calls stay below $28. */
const DOLLARS_LIMIT = 3;

/** Each hour is counted when it is over, and once more for the calls that end after it. */
const COUNTS_AN_HOUR = 2;

async function reportTotals(report: Report, ...ledgers: readonly SeededLedger[]): Promise<void> {
  const rows: string[][] = [];
  let most = 0;
  for (const { calls, worker } of ledgers) {
    const { milliseconds, rowsWritten, counted } = await countDay(worker.database);
    const rowsACall = (rowsWritten * COUNTS_AN_HOUR) / counted;
    const dollars = costLines({ ...noCounts, rowsWritten: rowsACall }).reduce((sum, line) => sum + line.dollars, 0);
    most = Math.max(most, dollars);
    rows.push([`${calls} calls`, rowsACall.toFixed(2), dollars.toFixed(2), (milliseconds / 24).toFixed(1)]);
  }
  report.table(["totals of hours", "rows written a call", "$ a million calls", "ms of D1 an hour counted"], rows);
  report.target(`totals cost at most $${DOLLARS_LIMIT} a million calls: ${most.toFixed(2)}`, most <= DOLLARS_LIMIT);
}

/** Changes a call of every hour of a day, and counts these hours anew. */
async function countDay(db: D1Database) {
  const day = new Date(Date.now() - 3 * DAY_MS).toISOString().slice(0, 10);
  const [first, last] = [`${day}T00`, `${day}T24`];
  const changed = await db.batch([
    db.prepare("UPDATE calls SET updated_at = updated_at WHERE called_at >= ?1 AND called_at < ?2").bind(first, last),
    db.prepare("SELECT count(*) AS calls FROM calls WHERE called_at >= ?1 AND called_at < ?2").bind(first, last),
  ]);
  const calls = Number(Object(changed[1]?.results[0]).calls);
  const counting = await db.batch(countStatements(db, first, last));
  // The rows of the calls themselves are written by their events, with or without totals.
  const marking = (changed[0]?.meta.rows_written ?? 0) - calls;
  return {
    counted: calls,
    rowsWritten: marking + counting.reduce((sum, { meta }) => sum + meta.rows_written, 0),
    milliseconds: counting.reduce((sum, { meta }) => sum + meta.duration, 0),
  };
}
