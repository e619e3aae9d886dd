import type { PeriodFigures } from "../../../ledger/totals/period.ts";
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

type Figures = Pick<Statistics, "totals" | "metrics" | "tools" | "days">;

type Metric = Figures["metrics"][number];

const MAX_METRICS = 3;
const NAME_CHARACTERS = 40;

/** Metrics of which more is better, by what platforms and people call them. Of all others that is not known. */
const WELCOME = /satisf|csat|\bnps\b|success|resolv|solved|completed/;

interface OutcomesProps {
  now: Figures;
  before: PeriodFigures;
  period: PeriodBefore;
  range: Range;
  listOf: ListOf;
}

/** How the calls of a range came out, each figure beside the period before. */
export function Outcomes({ now, before, period, range, listOf }: OutcomesProps) {
  const isComparable = before.calls > 0;
  const { calls, average_duration_seconds: seconds, latency_ms } = now.totals;
  const tiles: Tile[] = [
    { name: "Calls", value: formatCount(calls), path: listOf({}), notes: [moreOrLess(calls, before.calls)] },
    ...outstanding(now.metrics).map((metric) => metricTile(metric, before.metrics, listOf)),
    ...failedTools(now.tools, before, listOf),
    ...cost(now, before),
    {
      name: "Average duration",
      value: seconds === null ? NO_NUMBER : formatDuration(seconds),
      notes: [changeOf(seconds, before.average_duration_seconds, formatDuration)],
    },
    // Not of platforms that never say it.
    ...(latency_ms === null
      ? []
      : [
          {
            name: "Average latency",
            value: formatMilliseconds(latency_ms),
            notes: [changeOf(latency_ms, before.latency_ms, formatMilliseconds, "lower")],
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

function metricTile(metric: Metric, before: PeriodFigures["metrics"], listOf: ListOf): Tile {
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

function failedTools(tools: Figures["tools"], before: PeriodFigures, listOf: ListOf): Tile[] {
  const calls = tools.reduce((sum, tool) => sum + tool.calls, 0);
  const errors = tools.reduce((sum, tool) => sum + tool.errors, 0);
  if (calls === 0) return [];
  const rateBefore = before.tool_calls === 0 ? null : before.failed_tools / before.tool_calls;
  return [
    {
      name: "Tools that failed",
      value: formatShare(errors, calls),
      ...(errors > 0 && { path: listOf({ tool_status: "error" }) }),
      notes: [
        `${formatCount(errors)} of ${counted(calls, "tool call")}`,
        changeOf(errors / calls, rateBefore, (rate) => formatShare(rate * calls, calls), "lower"),
      ],
    },
  ];
}

/** Not of platforms that never say it. */
function cost({ totals: { cost_usd }, days }: Figures, { cost_a_call }: PeriodFigures): Tile[] {
  if (cost_usd === null) return [];
  const each = cost_usd / days.reduce((sum, { with_cost }) => sum + with_cost, 0);
  return [
    {
      name: "Cost",
      value: formatDollars(cost_usd),
      notes: [`${formatDollars(each)} a call`, changeOf(each, cost_a_call, formatDollars, "lower")],
    },
  ];
}
