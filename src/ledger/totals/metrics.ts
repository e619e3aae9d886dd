import type { MetricCounts, MetricType } from "./read.ts";
import type { Statistics } from "./statistics.ts";
import { compare, dropRarest, entry } from "./sums.ts";

/** As many as the queries of the same names answer. */
const MAX_METRICS = 50;
const MAX_METRICS_IN_DETAIL = 20;
const MAX_VALUES = 8;

interface MetricSum {
  metric: string;
  type: MetricType;
  calls: number;
  sum: number;
  least: number | null;
  most: number | null;
  values: Map<string, { value: string; calls: number }>;
}

/** Adds up the metrics of hours. */
export class MetricTotals {
  readonly #metrics = new Map<string, MetricSum>();
  readonly #trend = new Map<string, { metric: string; day: string; calls: number; sum: number }>();

  /** @param dayAt the day in which a quarter of the hour lies, by its first minute */
  add({ metric, type, least, most, quarters, values }: MetricCounts, dayAt: (minute: number) => string): void {
    const sum = entry(this.#metrics, JSON.stringify([metric, type]), () => ({
      ...{ metric, type, calls: 0, sum: 0, least, most },
      values: new Map<string, { value: string; calls: number }>(),
    }));
    if (least !== null) sum.least = Math.min(sum.least ?? least, least);
    if (most !== null) sum.most = Math.max(sum.most ?? most, most);
    for (const { value, calls } of values) entry(sum.values, value, () => ({ value, calls: 0 })).calls += calls;
    dropRarest(sum.values);
    for (const quarter of quarters) {
      sum.calls += quarter.calls;
      sum.sum += quarter.sum;
      if (!isMeasured(type)) continue;
      const day = dayAt(quarter.minute);
      const point = entry(this.#trend, JSON.stringify([metric, day]), () => ({ metric, day, calls: 0, sum: 0 }));
      point.calls += quarter.calls;
      point.sum += quarter.sum;
    }
  }

  statistics(): Pick<Statistics, "metrics" | "metric_values" | "metric_trend"> {
    const metrics = [...this.#metrics.values()].sort(
      (one, other) => other.calls - one.calls || compare(one.metric, other.metric) || compare(one.type, other.type),
    );
    const inTrend = mostFrequent(metrics.filter(({ type }) => isMeasured(type)));
    const inValues = mostFrequent(metrics.filter(({ values }) => values.size > 0));
    return {
      metrics: metrics.slice(0, MAX_METRICS).map(({ metric, type, calls, sum, least, most }) => ({
        ...{ metric, type, calls, least, most },
        average: isMeasured(type) ? sum / calls : null,
      })),
      metric_values: metrics
        .filter(({ metric }) => inValues.has(metric))
        .sort((one, other) => compare(one.metric, other.metric) || compare(one.type, other.type))
        .flatMap(({ metric, type, values }) =>
          [...values.values()]
            .sort((one, other) => other.calls - one.calls || compare(one.value, other.value))
            .slice(0, MAX_VALUES)
            .map(({ value, calls }) => ({ metric, type, value, calls })),
        ),
      metric_trend: [...this.#trend.values()]
        .filter(({ metric }) => inTrend.has(metric))
        .sort((one, other) => compare(one.metric, other.metric) || compare(one.day, other.day))
        .map(({ metric, day, calls, sum }) => ({ metric, day, average: sum / calls, calls })),
    };
  }
}

function isMeasured(type: MetricType): boolean {
  return type === "number" || type === "boolean";
}

/** The names of the metrics that most calls have, whatever their types. */
function mostFrequent(metrics: readonly MetricSum[]): ReadonlySet<string> {
  const sums = new Map<string, { metric: string; calls: number }>();
  for (const { metric, calls } of metrics) entry(sums, metric, () => ({ metric, calls: 0 })).calls += calls;
  const sorted = [...sums.values()].sort((one, other) => other.calls - one.calls || compare(one.metric, other.metric));
  return new Set(sorted.slice(0, MAX_METRICS_IN_DETAIL).map(({ metric }) => metric));
}
