import { type Comparison, writeMetricCondition } from "../../../ledger/metric-condition.ts";
import type { Statistics } from "../../../ledger/totals/statistics.ts";
import { Share } from "../../ui/charts/bars.tsx";
import { Trend, type TrendPoint } from "../../ui/charts/trend.tsx";
import { counted, formatCount, formatNumber, formatShare } from "../../ui/numbers.ts";
import { Sheet, startOf } from "../../ui/parts.tsx";
import { metricWords } from "../calls/query.ts";
import type { ListOf } from "./calls-over-time.tsx";
import type { Range } from "./query.ts";
import { begunStep, daySteps, type Steps, trendOf } from "./steps.ts";

type Metric = Statistics["metrics"][number];

/** A line through two points says no more than the points. */
const MIN_TREND_POINTS = 3;

const MAX_VALUES = 5;

const NAME_CHARACTERS = 80;

/** As the totals cut values: of a longer one they have the beginning, which no call has as its value. */
const VALUE_CHARACTERS = 100;

function isWhole(value: string): boolean {
  return value.trim() !== "" && [...value].length < VALUE_CHARACTERS;
}

interface MetricsProps {
  statistics: Statistics;
  range: Range;
  listOf: ListOf;
  now: Date;
}

/** The metrics of post-call analysis, each drawn by its kind. */
export function Metrics({ statistics, range, listOf, now }: MetricsProps) {
  const { metrics, metric_trend, metric_values } = statistics;
  if (metrics.length === 0) return null;
  const steps = daySteps(range);
  const begun = begunStep(steps, range, now);
  return (
    <Sheet title="Metrics" note={steps.labels.length >= MIN_TREND_POINTS && `${steps.unit} by ${steps.unit}`}>
      <ul class="metrics">
        {metrics.map((metric) => (
          <li class="metric">
            <h3 title={metric.metric}>
              <bdi>{startOf(metricWords(metric.metric), NAME_CHARACTERS)}</bdi>
            </h3>
            <Average metric={metric} />
            <p class="small soft metric-note">
              <Note metric={metric} listOf={listOf} />
            </p>
            <Drawing
              metric={metric}
              steps={steps}
              begun={begun}
              listOf={listOf}
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

/** The calls with a value, or those on one side of it. */
function withMetric(listOf: ListOf, metric: string, comparison: Comparison, value: string) {
  return listOf({ metric: [writeMetricCondition({ metric, comparison, value })] });
}

function Note({ metric: { metric, type, calls, least, most }, listOf }: { metric: Metric; listOf: ListOf }) {
  const scope = `in ${counted(calls, "call")}`;
  switch (type) {
    case "number":
      return (
        <>
          average {scope}, from{" "}
          <a href={withMetric(listOf, metric, "<=", String(least ?? 0))}>{formatNumber(least ?? 0)}</a> to{" "}
          <a href={withMetric(listOf, metric, ">=", String(most ?? 0))}>{formatNumber(most ?? 0)}</a>
        </>
      );
    case "boolean":
      return <>true, {scope}</>;
    case "text":
      return <>most frequent, {scope}</>;
    case "object":
    case "array":
      return <>nested values, {scope}</>;
  }
}

interface DrawingProps {
  metric: Metric;
  steps: Steps;
  /** The step that is not over, if any. */
  begun: number | undefined;
  points: readonly TrendPoint[];
  values: Statistics["metric_values"];
  listOf: ListOf;
}

function Drawing({ values, ...props }: DrawingProps) {
  const { metric, points, listOf } = props;
  switch (metric.type) {
    case "number":
      return points.length < MIN_TREND_POINTS ? null : <MetricTrend {...props} />;
    case "boolean":
      return (
        <>
          {points.length >= MIN_TREND_POINTS && <MetricTrend {...props} />}
          <Values metric={metric} values={values} listOf={listOf} />
        </>
      );
    case "text":
      return <Values metric={metric} values={values} listOf={listOf} />;
    case "object":
    case "array":
      return null;
  }
}

/** A line on the scale of the values that calls have, so that small changes of an average look small. */
function MetricTrend({ metric, steps, begun, points, listOf }: Omit<DrawingProps, "values">) {
  const { type, calls, least, most } = metric;
  const format = (value: number) => (type === "boolean" ? formatShare(value * calls, calls) : formatNumber(value));
  const at = (point: TrendPoint | undefined) =>
    point === undefined ? "" : `${format(point.value)} on ${steps.labels[point.step]?.long}`;
  const values = new Map(points.map(({ step, value }) => [step, value]));
  return (
    <Trend
      points={points}
      steps={steps.labels.length}
      bounds={type === "boolean" ? [0, 1] : [least ?? 0, most ?? 0]}
      format={format}
      begun={begun}
      marks={steps.labels.map(({ long, from, to }, index) => {
        const value = values.get(index);
        return {
          words: `${long}${index === begun ? ", so far" : ""}: ${value === undefined ? "none" : format(value)}`,
          path: value === undefined ? undefined : listOf({ from, to, metric: [hasMetric(metric)] }),
        };
      })}
      label={`${metricWords(metric.metric)}: ${at(points[0])}, ${at(points.at(-1))}`}
    />
  );
}

/** A condition that holds for the calls which have a metric: without it, none holds. */
export function hasMetric({ metric, type, least }: Metric): string {
  return type === "number"
    ? writeMetricCondition({ metric, comparison: ">=", value: String(least ?? 0) })
    : writeMetricCondition({ metric, comparison: "!=", value: "null" });
}

/** The most frequent values of a metric, and all others together. */
function Values({ metric: { metric, calls }, values, listOf }: Pick<DrawingProps, "metric" | "values" | "listOf">) {
  const shown = values.slice(0, MAX_VALUES).map(({ value, calls: times }) => ({
    name: isWhole(value) ? (
      <a href={withMetric(listOf, metric, "=", value)} title={value}>
        <bdi>{startOf(value, NAME_CHARACTERS)}</bdi>
      </a>
    ) : (
      <bdi>{startOf(value, NAME_CHARACTERS)}</bdi>
    ),
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
