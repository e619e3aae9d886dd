import type { Bundle } from "../../../support/bundle.ts";
import { median } from "../../../support/statistics.ts";
import type { Downstream } from "../downstream.ts";
import type { Report } from "../report.ts";
import { type Address, addresses } from "./addresses.ts";
import { growthOf, type Pair } from "./pair.ts";
import { measureQuery, queryFiles } from "./queries.ts";
import { PACE, type SeededLedger, seededLedger } from "./seeded.ts";
import { gzipBytesOf, rowsReadBy, timeOf, type Visitor, visitorOf } from "./visit.ts";

const FEW_CALLS = 10_000;
const MANY_CALLS = 1_000_000;

const WARM_UP_VISITS = 3;
const VISITS = 21;

/** How much a default view of the larger ledger may ask, as a multiple of the smaller's. */
const GROWTH_LIMIT = 1.5;

/** Of a page, gzip. */
const PAGE_LIMIT_KILOBYTES = 50;

/** @param bundle of a ledger that counts what it asks of its stores */
export async function reportReading(report: Report, bundle: Bundle, downstream: Downstream): Promise<void> {
  const days = (calls: number) => Math.round(calls / PACE);
  report.section(
    "Reading",
    `A ledger of ${FEW_CALLS} calls and one of ${MANY_CALLS}, both with ${PACE} made-up calls a day: the larger is not busier but older, ${days(MANY_CALLS)}
days against ${days(FEW_CALLS)}. A range holds the same calls in both, and what is measured is what lies beside it. Ids rise with time, as
the platform's do. Queries: their own default range, whole milliseconds as D1 counts them. Views: what opens when nothing is chosen,
milliseconds over HTTP, weight with the styles and scripts of the page. Medians, in a runtime that is warm.`,
  );
  const until = new Date();
  const few = await seededLedger(bundle, { calls: FEW_CALLS, days: FEW_CALLS / PACE, until }, downstream);
  const many = await seededLedger(bundle, { calls: MANY_CALLS, days: MANY_CALLS / PACE, until }, downstream);
  await reportQueries(report, few, many);
  await reportViews(report, await visitorOf(few, addresses), await visitorOf(many, addresses));
  await few.worker.stop();
  await many.worker.stop();
}

async function reportQueries(report: Report, few: SeededLedger, many: SeededLedger): Promise<void> {
  const rows: string[][] = [];
  for (const file of queryFiles) {
    const { rowsRead, milliseconds } = await measureQuery(few.worker.database, many.worker.database, file);
    rows.push([file, ...cells(rowsRead, 0), ...cells(milliseconds, 0)]);
  }
  report.table(["query", ...heads("rows read"), ...heads("ms")], rows);
}

async function reportViews(report: Report, few: Visitor, many: Visitor): Promise<void> {
  const figures = [];
  for (const address of addresses) {
    figures.push({
      address,
      rowsRead: { few: await rowsReadBy(few, address), many: await rowsReadBy(many, address) },
      milliseconds: await timesOf(few, many, address),
      kilobytes: (await gzipBytesOf(many, address)) / 1000,
    });
  }
  report.table(
    ["view", ...heads("rows read"), ...heads("ms"), "KB gzip"],
    figures.map(({ address, rowsRead, milliseconds, kilobytes }) => [
      address.name,
      ...cells(rowsRead, 0),
      ...cells(milliseconds, 1),
      kilobytes.toFixed(1),
    ]),
  );
  for (const { address, rowsRead, milliseconds, kilobytes } of figures) {
    const growth = Math.max(growthOf(rowsRead), growthOf(milliseconds));
    report.target(
      `${address.name} asks at most ${GROWTH_LIMIT} times as much of the larger ledger: rows ${growthOf(rowsRead).toFixed(2)}, milliseconds ${growthOf(milliseconds).toFixed(2)}`,
      growth <= GROWTH_LIMIT,
    );
    if (address.door === "page") {
      report.target(
        `${address.name} weighs at most ${PAGE_LIMIT_KILOBYTES} KB gzip: ${kilobytes.toFixed(1)}`,
        kilobytes <= PAGE_LIMIT_KILOBYTES,
      );
    }
  }
}

/** Medians of milliseconds. By turns, so that whatever else the machine does meets both. */
export async function timesOf(few: Visitor, many: Visitor, address: Address): Promise<Pair> {
  const times: Record<keyof Pair, number[]> = { few: [], many: [] };
  for (let visit = -WARM_UP_VISITS; visit < VISITS; visit++) {
    const pair = { few: await timeOf(few, address), many: await timeOf(many, address) };
    if (visit < 0) continue;
    times.few.push(pair.few);
    times.many.push(pair.many);
  }
  return { few: median(times.few), many: median(times.many) };
}

function heads(what: string): string[] {
  return [`${what} 10 k`, "1 M", "ratio"];
}

export function cells(pair: Pair, decimals: number): string[] {
  // Of less than D1's clock can tell there is no multiple.
  const growth = pair.few === 0 ? "" : growthOf(pair).toFixed(2);
  return [pair.few.toFixed(decimals), pair.many.toFixed(decimals), growth];
}
