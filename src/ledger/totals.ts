import type { HourRow, MetricType, StatisticsRange } from "./hours.ts";
import type { HourCount, Statistics } from "./statistics.ts";

/** As many as the queries of the same names answer. */
const MAX_DISPOSITIONS = 20;
const MAX_AGENTS = 200;
const MAX_METRICS = 50;
const MAX_METRICS_IN_DETAIL = 20;
const MAX_VALUES = 8;

/**
 * Dispositions, and values of a metric, that are in memory at once, and how many of these stay when there are more: texts that
 * people wrote are all different, and a Worker has no memory for those of a year.
 */
const MAX_IN_MEMORY = 2_000;
const MIN_IN_MEMORY = 500;

interface Counts {
  calls: number;
  ended: number;
  analyzed: number;
  with_duration: number;
  total_duration_seconds: number;
}

interface MetricSum {
  metric: string;
  type: MetricType;
  calls: number;
  sum: number;
  least: number | null;
  most: number | null;
  values: Map<string, { value: string; calls: number }>;
}

/** Adds up the totals of hours, in the days and hours of the viewer's clock. */
export class Totals {
  readonly #range: StatisticsRange;
  readonly #localHours = new Map<string, string>();
  readonly #days = new Map<string, Counts & { day: string; agent_id: string }>();
  readonly #hours = new Map<string, Counts & { hour: string }>();
  readonly #agents = new Map<string, { agent_id: string; calls: number }>();
  readonly #dispositions = new Map<
    string | null,
    { disposition: string | null; calls: number; with_duration: number; seconds: number }
  >();
  readonly #metrics = new Map<string, MetricSum>();
  readonly #trend = new Map<string, { metric: string; day: string; calls: number; sum: number }>();

  constructor(range: StatisticsRange) {
    this.#range = range;
  }

  add(row: HourRow): void {
    const { hour, agent_id, calls, ended, analyzed, with_duration, total_duration_seconds } = row;
    const isOfRange = agent_id === (this.#range.agent_id ?? "");
    const isAgent = agent_id !== "";
    if (isAgent) entry(this.#agents, agent_id, () => ({ agent_id, calls: 0 })).calls += calls;
    const periods = row.quarters ?? [[0, calls, ended, analyzed, with_duration, total_duration_seconds] as const];
    for (const [minute, ...counts] of periods) {
      const localHour = this.#localHour(hour, minute);
      const day = dayOf(localHour);
      if (isOfRange)
        addCounts(
          entry(this.#hours, localHour, () => ({ hour: localHour, ...none })),
          counts,
        );
      if (isAgent && (isOfRange || this.#range.agent_id === null)) {
        addCounts(
          entry(this.#days, JSON.stringify([day, agent_id]), () => ({ day, agent_id, ...none })),
          counts,
        );
      }
    }
    if (isOfRange) this.#addDetails(row);
  }

  #addDetails({ hour, dispositions, metrics }: HourRow): void {
    for (const [disposition, calls, timed, seconds] of dispositions ?? []) {
      const sum = entry(this.#dispositions, disposition, () => ({
        disposition,
        calls: 0,
        with_duration: 0,
        seconds: 0,
      }));
      sum.calls += calls;
      sum.with_duration += timed;
      sum.seconds += seconds;
    }
    dropRarest(this.#dispositions);
    for (const [metric, type, least, most, quarters, values] of metrics ?? []) {
      const sum = entry(this.#metrics, JSON.stringify([metric, type]), () => ({
        ...{ metric, type, calls: 0, sum: 0, least, most },
        values: new Map<string, { value: string; calls: number }>(),
      }));
      if (least !== null) sum.least = Math.min(sum.least ?? least, least);
      if (most !== null) sum.most = Math.max(sum.most ?? most, most);
      for (const [value, calls] of values) entry(sum.values, value, () => ({ value, calls: 0 })).calls += calls;
      dropRarest(sum.values);
      for (const [minute, calls, total] of quarters) {
        sum.calls += calls;
        sum.sum += total;
        if (type !== "number" && type !== "boolean") continue;
        const day = dayOf(this.#localHour(hour, minute));
        const point = entry(this.#trend, JSON.stringify([metric, day]), () => ({ metric, day, calls: 0, sum: 0 }));
        point.calls += calls;
        point.sum += total;
      }
    }
  }

  /** The calls of each hour. */
  hours(): HourCount[] {
    return [...this.#hours.values()]
      .map(({ hour, calls, ended, analyzed }) => ({ hour, calls, ended, analyzed }))
      .sort((one, other) => compare(one.hour, other.hour));
  }

  statistics(): Omit<Statistics, "live" | "sync" | "database_bytes"> {
    const totals: Counts = { ...none };
    for (const { calls, ended, analyzed, with_duration, total_duration_seconds } of this.#hours.values()) {
      addCounts(totals, [calls, ended, analyzed, with_duration, total_duration_seconds]);
    }
    const { with_duration, ...sums } = totals;
    const metrics = [...this.#metrics.values()].sort(
      (one, other) => other.calls - one.calls || compare(one.metric, other.metric) || compare(one.type, other.type),
    );
    const isMeasured = ({ type }: { type: MetricType }) => type === "number" || type === "boolean";
    const inTrend = mostFrequent(metrics.filter(isMeasured));
    const inValues = mostFrequent(metrics.filter(({ values }) => values.size > 0));
    return {
      totals: { ...sums, average_duration_seconds: quotient(totals.total_duration_seconds, with_duration) },
      days: [...this.#days.values()].sort(
        (one, other) => compare(one.day, other.day) || other.calls - one.calls || compare(one.agent_id, other.agent_id),
      ),
      dispositions: [...this.#dispositions.values()]
        .sort((one, other) => other.calls - one.calls || compare(one.disposition ?? "", other.disposition ?? ""))
        .slice(0, MAX_DISPOSITIONS)
        .map(({ disposition, calls, with_duration: timed, seconds }) => ({
          disposition,
          calls,
          average_duration_seconds: quotient(seconds, timed),
        })),
      metrics: metrics.slice(0, MAX_METRICS).map(({ metric, type, calls, sum, least, most }) => ({
        ...{ metric, type, calls, least, most },
        average: isMeasured({ type }) ? sum / calls : null,
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
      busiest_hours: this.#busiestHours(),
      agents: [...this.#agents.values()]
        .sort((one, other) => other.calls - one.calls || compare(one.agent_id, other.agent_id))
        .slice(0, MAX_AGENTS),
    };
  }

  #busiestHours(): Statistics["busiest_hours"] {
    const hours = new Map<number, { weekday: number; hour: number; calls: number }>();
    for (const { hour: localHour, calls } of this.#hours.values()) {
      const weekday = new Date(dayOf(localHour)).getUTCDay();
      const hour = Number(localHour.slice(-2));
      entry(hours, weekday * 24 + hour, () => ({ weekday, hour, calls: 0 })).calls += calls;
    }
    return [...hours.values()].sort((one, other) => one.weekday - other.weekday || one.hour - other.hour);
  }

  /** The hour of the viewer's clock in which a quarter of an hour lies. */
  #localHour(hour: string, minute: number): string {
    return entry(this.#localHours, `${hour}:${minute}`, () => {
      const time = Date.parse(`${hour}:00:00Z`) + (minute + this.#range.utcOffsetMinutes) * 60_000;
      return new Date(time).toISOString().slice(0, "2024-07-15T14".length);
    });
  }
}

const none = { calls: 0, ended: 0, analyzed: 0, with_duration: 0, total_duration_seconds: 0 };

function addCounts(
  sum: Counts,
  [calls, ended, analyzed, timed, seconds]: readonly [number, number, number, number, number],
): void {
  sum.calls += calls;
  sum.ended += ended;
  sum.analyzed += analyzed;
  sum.with_duration += timed;
  sum.total_duration_seconds += seconds;
}

/** The names of the metrics that most calls have, whatever their types. */
function mostFrequent(metrics: readonly MetricSum[]): ReadonlySet<string> {
  const sums = new Map<string, { metric: string; calls: number }>();
  for (const { metric, calls } of metrics) entry(sums, metric, () => ({ metric, calls: 0 })).calls += calls;
  const sorted = [...sums.values()].sort((one, other) => other.calls - one.calls || compare(one.metric, other.metric));
  return new Set(sorted.slice(0, MAX_METRICS_IN_DETAIL).map(({ metric }) => metric));
}

/** Drops the rarest entries of a map that has grown too large. */
function dropRarest<Key, Value extends { calls: number }>(map: Map<Key, Value>): void {
  if (map.size <= MAX_IN_MEMORY) return;
  const sorted = [...map].sort(([, one], [, other]) => other.calls - one.calls);
  for (const [key] of sorted.slice(MIN_IN_MEMORY)) map.delete(key);
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function quotient(sum: number, calls: number): number | null {
  return calls === 0 ? null : sum / calls;
}

function dayOf(localHour: string): string {
  return localHour.slice(0, "2024-07-15".length);
}

/** The order of SQLite. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
