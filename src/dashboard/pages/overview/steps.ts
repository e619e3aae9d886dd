import { eachMinuteOfInterval, subMinutes } from "date-fns";
import { hourIn } from "../../../http/time-zone.ts";
import type { Statistics } from "../../../ledger/totals/statistics.ts";
import type { TrendPoint } from "../../ui/charts/trend.tsx";
import { addDays, dayOf, daysBetween, formatTime } from "../../ui/times.ts";
import { localOrInstant, type Range } from "./query.ts";

/** A phone has no more bars side by side: beyond, a bar is a week. */
const MAX_DAILY_STEPS = 62;

/** The steps of a chart over a range, steps without calls included. */
export interface Steps {
  /** The length of a step. */
  unit: "hour" | "day" | "week";
  /** Each with a label for the axis and one that stands alone, and the range of a list of its calls. */
  labels: readonly StepLabel[];
  /** Returns the index of the step that a day or an hour belongs to. */
  indexOf(time: string): number;
}

interface StepLabel {
  short: string;
  long: string;
  from: string;
  to: string;
}

/** Of more days, the axis has the month only where it begins. */
const MAX_WHOLE_LABELS = 14;

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
      const end = addDays(day, size - 1);
      const hasMonth = count <= MAX_WHOLE_LABELS || size > 1 || index === 0 || day.endsWith("-01");
      return {
        short: hasMonth ? formatTime(day, "UTC", "day") : String(Number(day.slice(-2))),
        long: size === 1 ? long : `Week of ${long}`,
        from: day,
        to: end < lastDay ? end : lastDay,
      };
    }),
    indexOf: (day) => Math.floor(daysBetween(firstDay, day) / size),
  };
}

/** A short range in hours, each by its name in the zone: one that clocks show twice is one step, one that they skip is none. */
export function hourSteps({ since, until, timeZone }: Range): Steps {
  const quarters = eachMinuteOfInterval({ start: since, end: subMinutes(until, 1) }, { step: 15 });
  const starts = new Map<string, string>();
  for (const quarter of quarters) {
    const hour = hourIn(quarter, timeZone);
    if (!starts.has(hour)) starts.set(hour, localOrInstant(new Date(quarter).toISOString(), timeZone));
  }
  const hours = [...starts.keys()];
  const begins = [...starts.values(), localOrInstant(until, timeZone)];
  return {
    unit: "hour",
    labels: hours.map((hour, index) => {
      const short = formatTime(`${hour}:00:00Z`, "UTC", "hour");
      return {
        short,
        long: `${formatTime(`${hour}:00:00Z`, "UTC", "weekday")}, ${short}`,
        from: begins[index] ?? since,
        to: begins[index + 1] ?? until,
      };
    }),
    indexOf: (hour) => hours.indexOf(hour),
  };
}

/** The index of the step that is not over; `undefined` when all of them are. */
export function begunStep(steps: Steps, { until, timeZone }: Range, now: Date): number | undefined {
  if (now.toISOString() >= until) return undefined;
  const index = steps.indexOf(steps.unit === "hour" ? hourIn(now, timeZone) : dayOf(now, timeZone));
  return index >= 0 && index < steps.labels.length ? index : undefined;
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
