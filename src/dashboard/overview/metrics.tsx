import type { Statistics } from "../../ledger/statistics.ts";
import { Share } from "../charts/share.tsx";
import { Trend, type TrendPoint } from "../charts/trend.tsx";
import { counted, formatCount, formatNumber, formatShare } from "../numbers.ts";
import { startOf } from "../parts/clipped.tsx";
import { trendOf } from "./counts.ts";
import type { Steps } from "./steps.ts";

type Metric = Statistics["metrics"][number];

/** A line through two points says no more than the points. */
const MIN_TREND_POINTS = 3;

const MAX_VALUES = 5;

const NAME_CHARACTERS = 80;

/** What post-call analysis found: each metric by its kind. */
export function Metrics({ statistics, steps }: { statistics: Statistics; steps: Steps }) {
  const { metrics, metric_trend, metric_values } = statistics;
  if (metrics.length === 0) return null;
  return (
    <section class="sheet" aria-labelledby="metrics">
      <header>
        <h2 id="metrics">Metrics</h2>
        {steps.labels.length >= MIN_TREND_POINTS && (
          <p>
            {steps.unit} by {steps.unit}
          </p>
        )}
      </header>
      <ul class="metrics">
        {metrics.map((metric) => {
          const points = trendOf(
            steps,
            metric_trend.filter((day) => day.metric === metric.metric),
          );
          const values = metric_values.filter(
            ({ metric: name, type }) => name === metric.metric && type === metric.type,
          );
          return (
            <li class="metric" key={`${metric.metric} ${metric.type}`}>
              <h3>
                <bdi>{startOf(metric.metric, NAME_CHARACTERS)}</bdi>
              </h3>
              <Told metric={metric} />
              <p class="small soft metric-note">{noteOf(metric)}</p>
              <Drawn metric={metric} points={points} steps={steps} values={values} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Told({ metric: { type, average, calls } }: { metric: Metric }) {
  if (average === null) return <span />;
  if (type === "boolean") return <strong>{formatShare(average * calls, calls)}</strong>;
  return <strong>{formatNumber(average)}</strong>;
}

function noteOf({ type, calls, least, most }: Metric): string {
  const told = `in ${counted(calls, "call")}`;
  switch (type) {
    case "number":
      return `average ${told}, from ${formatNumber(least ?? 0)} to ${formatNumber(most ?? 0)}`;
    case "boolean":
      return `true, ${told}`;
    case "text":
      return `most frequent, ${told}`;
    case "object":
    case "array":
      return `nested values, ${told}`;
  }
}

interface DrawnProps {
  metric: Metric;
  points: readonly TrendPoint[];
  steps: Steps;
  values: Statistics["metric_values"];
}

function Drawn({ metric: { type, metric, calls }, points, steps, values }: DrawnProps) {
  switch (type) {
    case "number":
    case "boolean": {
      if (points.length < MIN_TREND_POINTS) return null;
      const told = (value: number) => (type === "boolean" ? formatShare(value * calls, calls) : formatNumber(value));
      const at = (point: TrendPoint | undefined) =>
        point === undefined ? "" : `${told(point.value)} on ${steps.labels[point.step]?.short}`;
      return (
        <Trend
          points={points}
          steps={steps.labels.length}
          {...(type === "boolean" && { bounds: [0, 1] as [number, number] })}
          label={`${metric}: ${at(points[0])}, ${at(points.at(-1))}`}
        />
      );
    }
    case "text": {
      const shown = values.slice(0, MAX_VALUES);
      const others = shown.reduce((left, { calls: times }) => left - times, calls);
      return (
        <ul class="values">
          {shown.map(({ value, calls: times }) => (
            <li class="share" key={value}>
              <bdi>{startOf(value, NAME_CHARACTERS)}</bdi>
              <Share part={times} whole={calls} />
              <span>{formatCount(times)}</span>
            </li>
          ))}
          {shown.length > 0 && others > 0 && (
            <li class="share">
              <span class="soft">others</span>
              <Share part={others} whole={calls} />
              <span>{formatCount(others)}</span>
            </li>
          )}
        </ul>
      );
    }
    case "object":
    case "array":
      return null;
  }
}
