import { hourIn } from "../../http/time-zone.ts";
import { MetricTotals } from "./metrics.ts";
import type { Counts, HourRow, StatisticsRange, ToolCounts } from "./read.ts";
import type { HourCount, Statistics } from "./statistics.ts";
import { compare, dropRarest, entry, quotient } from "./sums.ts";

/** As many as the queries of the same names answer. */
const MAX_DISPOSITIONS = 20;
const MAX_AGENTS = 200;

const MAX_TOOLS = 50;

const noSums = {
  ...{ calls: 0, with_duration: 0, total_duration_seconds: 0 },
  ...{ with_cost: 0, total_cost_usd: 0, with_latency: 0, total_latency_ms: 0 },
};
const none: Counts = { ...noSums, ended: 0, analyzed: 0 };

/** What calls have together, whether or not they have ended. */
type Sums = Omit<Counts, "ended" | "analyzed">;

type DispositionSum = Sums & { disposition: string | null };

/** Adds up the totals of hours, in the days and hours of a zone. */
export class Totals {
  readonly #range: StatisticsRange;
  readonly #localHours = new Map<string, string>();
  readonly #days = new Map<string, Counts & { day: string; agent_id: string }>();
  readonly #hours = new Map<string, Counts & { hour: string }>();
  readonly #agents = new Map<string, { agent_id: string; calls: number }>();
  readonly #dispositions = new Map<string | null, DispositionSum>();
  readonly #tools = new Map<string, ToolCounts>();
  readonly #metrics = new MetricTotals();

  constructor(range: StatisticsRange) {
    this.#range = range;
  }

  add(row: HourRow): void {
    const { hour, agent_id, calls } = row;
    const isOfRange = agent_id === (this.#range.agent_id ?? "");
    const isAgent = agent_id !== "";
    if (isAgent) entry(this.#agents, agent_id, () => ({ agent_id, calls: 0 })).calls += calls;
    for (const quarter of row.quarters ?? [{ ...row, minute: 0 }]) {
      const localHour = this.#localHour(hour, quarter.minute);
      const day = dayOf(localHour);
      if (isOfRange) {
        addCounts(
          entry(this.#hours, localHour, () => ({ hour: localHour, ...none })),
          quarter,
        );
      }
      if (isAgent && (isOfRange || this.#range.agent_id === null)) {
        addCounts(
          entry(this.#days, JSON.stringify([day, agent_id]), () => ({ day, agent_id, ...none })),
          quarter,
        );
      }
    }
    if (isOfRange) this.#addDetails(row);
  }

  #addDetails({ hour, quarters, dispositions, metrics, tools }: HourRow): void {
    for (const { disposition, ...sums } of dispositions ?? []) {
      addSums(
        entry(this.#dispositions, disposition, () => ({ disposition, ...noSums })),
        sums,
      );
    }
    dropRarest(this.#dispositions);
    for (const { name, calls, errors, with_duration, total_duration_ms } of tools ?? []) {
      const sum = entry(this.#tools, name, () => ({
        ...{ name, calls: 0, errors: 0, with_duration: 0, total_duration_ms: 0 },
      }));
      sum.calls += calls;
      sum.errors += errors;
      sum.with_duration += with_duration;
      sum.total_duration_ms += total_duration_ms;
    }
    dropRarest(this.#tools);
    const dayAt = (minute: number) => dayOf(this.#localHour(hour, quarters === null ? 0 : minute));
    for (const metric of metrics ?? []) this.#metrics.add(metric, dayAt);
  }

  /** The calls of each hour by its name in the zone. */
  hours(): HourCount[] {
    return [...this.#hours.values()]
      .map(({ hour, calls, ended, analyzed, ...sums }) => ({ hour, calls, ended, analyzed, cost_usd: costOf(sums) }))
      .sort((one, other) => compare(one.hour, other.hour));
  }

  statistics(): Omit<Statistics, "live" | "sync" | "database_bytes"> {
    const totals: Counts = { ...none };
    for (const hour of this.#hours.values()) addCounts(totals, hour);
    const { calls, ended, analyzed, total_duration_seconds } = totals;
    return {
      totals: { calls, ended, analyzed, total_duration_seconds, ...averages(totals) },
      days: [...this.#days.values()]
        .sort(
          (one, other) =>
            compare(one.day, other.day) || other.calls - one.calls || compare(one.agent_id, other.agent_id),
        )
        .map(({ total_cost_usd, total_latency_ms, ...day }) => ({
          ...day,
          cost_usd: costOf({ with_cost: day.with_cost, total_cost_usd }),
          latency_ms: quotient(total_latency_ms, day.with_latency),
        })),
      dispositions: [...this.#dispositions.values()]
        .sort((one, other) => other.calls - one.calls || compare(one.disposition ?? "", other.disposition ?? ""))
        .slice(0, MAX_DISPOSITIONS)
        .map(({ disposition, ...sums }) => ({ disposition, calls: sums.calls, ...averages(sums) })),
      ...this.#metrics.statistics(),
      tools: [...this.#tools.values()]
        .sort((one, other) => other.calls - one.calls || compare(one.name, other.name))
        .slice(0, MAX_TOOLS)
        .map(({ name, calls, errors, with_duration, total_duration_ms }) => ({
          ...{ name, calls, errors, average_duration_ms: quotient(total_duration_ms, with_duration) },
        })),
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

  /** The hour of the zone in which a quarter of an hour lies. */
  #localHour(hour: string, minute: number): string {
    return entry(this.#localHours, `${hour}:${minute}`, () =>
      hourIn(new Date(`${hour}:${String(minute).padStart(2, "0")}:00Z`), this.#range.timeZone),
    );
  }
}

function addCounts(sum: Counts, counts: Counts): void {
  sum.ended += counts.ended;
  sum.analyzed += counts.analyzed;
  addSums(sum, counts);
}

function addSums(sum: Sums, sums: Sums): void {
  sum.calls += sums.calls;
  sum.with_duration += sums.with_duration;
  sum.total_duration_seconds += sums.total_duration_seconds;
  sum.with_cost += sums.with_cost;
  sum.total_cost_usd += sums.total_cost_usd;
  sum.with_latency += sums.with_latency;
  sum.total_latency_ms += sums.total_latency_ms;
}

function averages(sums: Sums) {
  return {
    average_duration_seconds: quotient(sums.total_duration_seconds, sums.with_duration),
    cost_usd: costOf(sums),
    latency_ms: quotient(sums.total_latency_ms, sums.with_latency),
  };
}

function costOf({ with_cost, total_cost_usd }: Pick<Sums, "with_cost" | "total_cost_usd">): number | null {
  return with_cost === 0 ? null : total_cost_usd;
}

function dayOf(localHour: string): string {
  return localHour.slice(0, "2024-07-15".length);
}
