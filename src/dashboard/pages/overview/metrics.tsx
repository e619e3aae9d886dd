import type { Statistics } from "../../../ledger/totals/statistics.ts";
import { Share } from "../../ui/charts/bars.tsx";
import { Trend, type TrendPoint } from "../../ui/charts/trend.tsx";
import { counted, formatCount, formatNumber, formatShare } from "../../ui/numbers.ts";
import { Sheet, startOf } from "../../ui/parts.tsx";
import type { Range } from "./query.ts";
import { daySteps, type Steps, trendOf } from "./steps.ts";

type Metric = Statistics["metrics"][number];

/** A line through two points says no more than the points. */
const MIN_TREND_POINTS = 3;

const MAX_VALUES = 5;

const NAME_CHARACTERS = 80;

/** The metrics of post-call analysis, each drawn by its kind. */
export function Metrics({ statistics, range }: { statistics: Statistics; range: Range }) {
  const { metrics, metric_trend, metric_values } = statistics;
  if (metrics.length === 0) return null;
  const steps = daySteps(range);
  return (
    <Sheet title="Metrics" note={steps.labels.length >= MIN_TREND_POINTS && `${steps.unit} by ${steps.unit}`}>
      <ul class="metrics">
        {metrics.map((metric) => (
          <li class="metric">
            <h3>
              <bdi>{startOf(metric.metric, NAME_CHARACTERS)}</bdi>
            </h3>
            <Average metric={metric} />
            <p class="small soft metric-note">{noteOf(metric)}</p>
            <Drawing
              metric={metric}
              steps={steps}
              points={trendOf(
                steps,
                metric_trend.filter((day) => day.metric === metric.metric),
              )}
              values={metric_values.filter((value) => value.metric === metric.metric && value.type === metric.type)}
            />
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

function Average({ metric: { type, average, calls } }: { metric: Metric }) {
  if (average === null) return <span />;
  return <strong>{type === "boolean" ? formatShare(average * calls, calls) : formatNumber(average)}</strong>;
}

function noteOf({ type, calls, least, most }: Metric): string {
  const scope = `in ${counted(calls, "call")}`;
  switch (type) {
    case "number":
      return `average ${scope}, from ${formatNumber(least ?? 0)} to ${formatNumber(most ?? 0)}`;
    case "boolean":
      return `true, ${scope}`;
    case "text":
      return `most frequent, ${scope}`;
    case "object":
    case "array":
      return `nested values, ${scope}`;
  }
}

interface DrawingProps {
  metric: Metric;
  steps: Steps;
  points: readonly TrendPoint[];
  values: Statistics["metric_values"];
}

function Drawing({ metric, steps, points, values }: DrawingProps) {
  switch (metric.type) {
    case "number":
    case "boolean":
      return points.length < MIN_TREND_POINTS ? null : <MetricTrend metric={metric} steps={steps} points={points} />;
    case "text":
      return <Values values={values} calls={metric.calls} />;
    case "object":
    case "array":
      return null;
  }
}

function MetricTrend({ metric: { metric, type, calls }, steps, points }: Omit<DrawingProps, "values">) {
  const format = (value: number) => (type === "boolean" ? formatShare(value * calls, calls) : formatNumber(value));
  const at = (point: TrendPoint | undefined) =>
    point === undefined ? "" : `${format(point.value)} on ${steps.labels[point.step]?.short}`;
  return (
    <Trend
      points={points}
      steps={steps.labels.length}
      bounds={type === "boolean" ? [0, 1] : undefined}
      label={`${metric}: ${at(points[0])}, ${at(points.at(-1))}`}
    />
  );
}

/** The most frequent values of a text, and all others together. */
function Values({ values, calls }: { values: Statistics["metric_values"]; calls: number }) {
  const shown = values.slice(0, MAX_VALUES).map(({ value, calls: times }) => ({
    name: <bdi>{startOf(value, NAME_CHARACTERS)}</bdi>,
    times,
  }));
  const others = shown.reduce((left, { times }) => left - times, calls);
  if (shown.length > 0 && others > 0) shown.push({ name: <span class="soft">others</span>, times: others });
  return (
    <ul class="values">
      {shown.map(({ name, times }) => (
        <li class="share">
          {name}
          <Share part={times} whole={calls} />
          <span>{formatCount(times)}</span>
        </li>
      ))}
    </ul>
  );
}
