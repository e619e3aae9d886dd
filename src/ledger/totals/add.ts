import { hourIn } from "../../http/time-zone.ts";
import { MetricTotals } from "./metrics.ts";
import type { Counts, HourRow, StatisticsRange } from "./read.ts";
import type { HourCount, Statistics } from "./statistics.ts";
import { compare, dropRarest, entry, quotient } from "./sums.ts";

/** As many as the queries of the same names answer. */
const MAX_DISPOSITIONS = 20;
const MAX_AGENTS = 200;

const none: Counts = { calls: 0, ended: 0, analyzed: 0, with_duration: 0, total_duration_seconds: 0 };

type DispositionSum = Pick<Counts, "calls" | "with_duration" | "total_duration_seconds"> & {
  disposition: string | null;
};

/** Adds up the totals of hours, in the days and hours of a zone. */
export class Totals {
  readonly #range: StatisticsRange;
  readonly #localHours = new Map<string, string>();
  readonly #days = new Map<string, Counts & { day: string; agent_id: string }>();
  readonly #hours = new Map<string, Counts & { hour: string }>();
  readonly #agents = new Map<string, { agent_id: string; calls: number }>();
  readonly #dispositions = new Map<string | null, DispositionSum>();
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

  #addDetails({ hour, quarters, dispositions, metrics }: HourRow): void {
    for (const { disposition, calls, with_duration, total_duration_seconds } of dispositions ?? []) {
      const sum = entry(this.#dispositions, disposition, () => ({
        ...{ disposition, calls: 0, with_duration: 0, total_duration_seconds: 0 },
      }));
      sum.calls += calls;
      sum.with_duration += with_duration;
      sum.total_duration_seconds += total_duration_seconds;
    }
    dropRarest(this.#dispositions);
    const dayAt = (minute: number) => dayOf(this.#localHour(hour, quarters === null ? 0 : minute));
    for (const metric of metrics ?? []) this.#metrics.add(metric, dayAt);
  }

  /** The calls of each hour by its name in the zone. */
  hours(): HourCount[] {
    return [...this.#hours.values()]
      .map(({ hour, calls, ended, analyzed }) => ({ hour, calls, ended, analyzed }))
      .sort((one, other) => compare(one.hour, other.hour));
  }

  statistics(): Omit<Statistics, "live" | "sync" | "database_bytes"> {
    const totals: Counts = { ...none };
    for (const hour of this.#hours.values()) addCounts(totals, hour);
    const { with_duration, ...sums } = totals;
    return {
      totals: { ...sums, average_duration_seconds: quotient(totals.total_duration_seconds, with_duration) },
      days: [...this.#days.values()].sort(
        (one, other) => compare(one.day, other.day) || other.calls - one.calls || compare(one.agent_id, other.agent_id),
      ),
      dispositions: [...this.#dispositions.values()]
        .sort((one, other) => other.calls - one.calls || compare(one.disposition ?? "", other.disposition ?? ""))
        .slice(0, MAX_DISPOSITIONS)
        .map(({ disposition, calls, ...durations }) => ({
          disposition,
          calls,
          average_duration_seconds: quotient(durations.total_duration_seconds, durations.with_duration),
        })),
      ...this.#metrics.statistics(),
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
  sum.calls += counts.calls;
  sum.ended += counts.ended;
  sum.analyzed += counts.analyzed;
  sum.with_duration += counts.with_duration;
  sum.total_duration_seconds += counts.total_duration_seconds;
}

function dayOf(localHour: string): string {
  return localHour.slice(0, "2024-07-15".length);
}
