import type { Statistics } from "../../../ledger/totals/statistics.ts";
import {
  counted,
  formatCount,
  formatDollars,
  formatMilliseconds,
  formatNumber,
  formatShare,
  NO_NUMBER,
} from "../../ui/numbers.ts";
import { startOf } from "../../ui/parts.tsx";
import { formatDuration, formatTime } from "../../ui/times.ts";
import { metricWords } from "../calls/query.ts";
import type { ListOf } from "./calls-over-time.tsx";
import { type Better, changeOf, moreOrLess } from "./change.ts";
import { hasMetric } from "./metrics.tsx";
import type { PeriodBefore, Range } from "./query.ts";
import { type Tile, Tiles } from "./tiles.tsx";

/** What two periods are compared by. */
export type Figures = Pick<Statistics, "totals" | "metrics" | "tools" | "days">;

type Metric = Figures["metrics"][number];

const MAX_METRICS = 3;
const NAME_CHARACTERS = 40;

/** Metrics of which more is better, by what platforms and people call them. Of all others that is not known. */
const WELCOME = /satisf|csat|\bnps\b|success|resolv|solved|completed/;

interface OutcomesProps {
  now: Figures;
  before: Figures;
  period: PeriodBefore;
  range: Range;
  listOf: ListOf;
}

/** How the calls of a range came out, each figure beside the period before. */
export function Outcomes({ now, before, period, range, listOf }: OutcomesProps) {
  const isComparable = before.totals.calls > 0;
  const { calls, average_duration_seconds: seconds, latency_ms } = now.totals;
  const tiles: Tile[] = [
    { name: "Calls", value: formatCount(calls), path: listOf({}), notes: [moreOrLess(calls, before.totals.calls)] },
    ...outstanding(now.metrics).map((metric) => metricTile(metric, before.metrics, listOf)),
    ...failedTools(now.tools, before.tools, listOf),
    ...cost(now, before),
    {
      name: "Average duration",
      value: seconds === null ? NO_NUMBER : formatDuration(seconds),
      notes: [changeOf(seconds, before.totals.average_duration_seconds, formatDuration)],
    },
    // Not of platforms that never say it.
    ...(latency_ms === null
      ? []
      : [
          {
            name: "Average latency",
            value: formatMilliseconds(latency_ms),
            notes: [changeOf(latency_ms, before.totals.latency_ms, formatMilliseconds, "lower")],
          },
        ]),
  ];
  return (
    <section aria-label="How the calls came out">
      <Tiles tiles={tiles} />
      <p class="small soft below">
        {isComparable ? "Beside" : "There were no calls in"} {period.words}: {daysText(period, range.timeZone)}
        {isComparable && period.isCut && ", up to the time of day that it is now"}.
      </p>
    </section>
  );
}

function daysText({ since, until }: PeriodBefore, timeZone: string): string {
  const last = new Date(Math.max(Date.parse(since), Date.parse(until) - 1)).toISOString();
  const [from, to] = [since, last].map((instant) => formatTime(instant, timeZone, "date"));
  return from === to ? `${from}` : `${from} – ${to}`;
}

/** The metrics that say most: those by which people judge calls, then the most frequent. */
export function outstanding(metrics: Figures["metrics"]): Metric[] {
  const measured = metrics.filter(({ average }) => average !== null);
  return measured.toSorted((one, other) => Number(isWelcome(other)) - Number(isWelcome(one))).slice(0, MAX_METRICS);
}

function isWelcome({ metric }: Metric): boolean {
  return WELCOME.test(metric.toLowerCase());
}

function metricTile(metric: Metric, before: Figures["metrics"], listOf: ListOf): Tile {
  const { metric: name, type, average, calls } = metric;
  const same = before.find((each) => each.metric === name && each.type === type);
  const better: Better | undefined = isWelcome(metric) ? "higher" : undefined;
  const format = (value: number) => (type === "boolean" ? formatShare(value * calls, calls) : formatNumber(value));
  return {
    name: startOf(metricWords(name), NAME_CHARACTERS),
    title: name,
    value: average === null ? NO_NUMBER : format(average),
    path: listOf({ metric: [hasMetric(metric)] }),
    notes: [changeOf(average, same?.average ?? null, format, better)],
  };
}

function failedTools(now: Figures["tools"], before: Figures["tools"], listOf: ListOf): Tile[] {
  const [sum, sumBefore] = [sumOf(now), sumOf(before)];
  if (sum.calls === 0) return [];
  const rateBefore = sumBefore.calls === 0 ? null : sumBefore.errors / sumBefore.calls;
  return [
    {
      name: "Tools that failed",
      value: formatShare(sum.errors, sum.calls),
      ...(sum.errors > 0 && { path: listOf({ tool_status: "error" }) }),
      notes: [
        `${formatCount(sum.errors)} of ${counted(sum.calls, "tool call")}`,
        changeOf(sum.errors / sum.calls, rateBefore, (rate) => formatShare(rate * sum.calls, sum.calls), "lower"),
      ],
    },
  ];
}

function sumOf(tools: Figures["tools"]) {
  return {
    calls: tools.reduce((sum, { calls }) => sum + calls, 0),
    errors: tools.reduce((sum, { errors }) => sum + errors, 0),
  };
}

/** Not of platforms that never say it. */
function cost(now: Figures, before: Figures): Tile[] {
  const { cost_usd } = now.totals;
  if (cost_usd === null) return [];
  const each = cost_usd / callsWithCost(now);
  const eachBefore = before.totals.cost_usd === null ? null : before.totals.cost_usd / callsWithCost(before);
  return [
    {
      name: "Cost",
      value: formatDollars(cost_usd),
      notes: [`${formatDollars(each)} a call`, changeOf(each, eachBefore, formatDollars, "lower")],
    },
  ];
}

function callsWithCost({ days }: Figures): number {
  return days.reduce((sum, { with_cost }) => sum + with_cost, 0);
}
