import { eachMinuteOfInterval, subMinutes } from "date-fns";
import { hourIn } from "../../../http/time-zone.ts";
import type { Statistics } from "../../../ledger/totals/statistics.ts";
import type { TrendPoint } from "../../ui/charts/trend.tsx";
import { addDays, daysBetween, formatTime } from "../../ui/times.ts";
import type { Range } from "./query.ts";

/** A phone has no more bars side by side: beyond, a bar is a week. */
const MAX_DAILY_STEPS = 62;

/** The steps of a chart over a range, steps without calls included. */
export interface Steps {
  /** The length of a step. */
  unit: "hour" | "day" | "week";
  /** Each with a label for the axis and one that stands alone. */
  labels: readonly { short: string; long: string }[];
  /** Returns the index of the step that a day or an hour belongs to. */
  indexOf(time: string): number;
}

/** A range in days, or in weeks when it is long. */
export function daySteps({ firstDay, lastDay }: Pick<Range, "firstDay" | "lastDay">): Steps {
  const days = daysBetween(firstDay, lastDay) + 1;
  const size = days > MAX_DAILY_STEPS ? 7 : 1;
  const count = Math.ceil(days / size);
  return {
    unit: size === 1 ? "day" : "week",
    labels: Array.from({ length: count }, (_, index) => {
      const day = addDays(firstDay, index * size);
      const long = formatTime(day, "UTC", "weekday");
      return { short: formatTime(day, "UTC", "day"), long: size === 1 ? long : `Week of ${long}` };
    }),
    indexOf: (day) => Math.floor(daysBetween(firstDay, day) / size),
  };
}

/** A short range in hours, each by its name in the zone: one that clocks show twice is one step, one that they skip is none. */
export function hourSteps({ since, until, timeZone }: Range): Steps {
  const quarters = eachMinuteOfInterval({ start: since, end: subMinutes(until, 1) }, { step: 15 });
  const hours = [...new Set(quarters.map((quarter) => hourIn(quarter, timeZone)))];
  return {
    unit: "hour",
    labels: hours.map((hour) => {
      const short = formatTime(`${hour}:00:00Z`, "UTC", "hour");
      return { short, long: `${formatTime(`${hour}:00:00Z`, "UTC", "weekday")}, ${short}` };
    }),
    indexOf: (hour) => hours.indexOf(hour),
  };
}

/** Calls in a step of time. */
export interface StepCount {
  label: string;
  calls: number;
  analyzed: number;
  /** null: no platform says what they cost. */
  cost_usd: number | null;
}

/** Adds up counts by the step they belong to; a step without any counts 0. */
export function countSteps<Count extends Omit<StepCount, "label">>(
  steps: Steps,
  counts: readonly Count[],
  timeOf: (count: Count) => string,
): StepCount[] {
  const sums = steps.labels.map(({ long }): StepCount => ({ label: long, calls: 0, analyzed: 0, cost_usd: null }));
  for (const count of counts) {
    const sum = sums[steps.indexOf(timeOf(count))];
    if (sum === undefined) continue;
    sum.calls += count.calls;
    sum.analyzed += count.analyzed;
    if (count.cost_usd !== null) sum.cost_usd = (sum.cost_usd ?? 0) + count.cost_usd;
  }
  return sums;
}

/** The trend of one metric; a step of several days has the average of their calls. */
export function trendOf(steps: Steps, days: Statistics["metric_trend"]): TrendPoint[] {
  const sums = new Map<number, { calls: number; total: number }>();
  for (const { day, average, calls } of days) {
    const step = steps.indexOf(day);
    const sum = sums.get(step) ?? { calls: 0, total: 0 };
    sums.set(step, { calls: sum.calls + calls, total: sum.total + average * calls });
  }
  return [...sums]
    .map(([step, { calls, total }]) => ({ step, value: total / calls }))
    .sort((one, other) => one.step - other.step);
}
