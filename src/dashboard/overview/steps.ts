import { addDays, daysBetween, formatTime } from "../times.ts";
import type { Range } from "./range.ts";

const HOUR_MILLISECONDS = 60 * 60 * 1000;

/** More bars than these are hard to tell apart on a phone: beyond, a bar is a week. */
const MAX_DAILY_STEPS = 62;

/** The steps in which a chart goes through a range, those without calls too. */
export interface Steps {
  /** What one of them is: hour, day or week. */
  unit: "hour" | "day" | "week";
  /** Each with a label for the axis and one that stands alone. */
  labels: readonly { short: string; long: string }[];
  /** Which step a day or hour of an answer belongs to. */
  indexOf(time: string): number;
}

/** A range in days, or in weeks when it is long. */
export function daySteps({ firstDay, lastDay }: Pick<Range, "firstDay" | "lastDay">): Steps {
  const days = daysBetween(firstDay, lastDay) + 1;
  const size = days > MAX_DAILY_STEPS ? 7 : 1;
  const count = Math.ceil(days / size);
  const label = (index: number) => {
    const midnight = `${addDays(firstDay, index * size)}T00:00:00.000Z`;
    const long = formatTime(midnight, "UTC", "weekday");
    return { short: formatTime(midnight, "UTC", "day"), long: size === 1 ? long : `Week of ${long}` };
  };
  return {
    unit: size === 1 ? "day" : "week",
    labels: Array.from({ length: count }, (_, index) => label(index)),
    // Where clocks change within the range, D1's days may reach an hour beyond it.
    indexOf: (day) => Math.min(Math.max(Math.floor(daysBetween(firstDay, day) / size), 0), count - 1),
  };
}

/** A short range in hours. */
export function hourSteps({ since, until, utcOffsetMinutes }: Range): Steps {
  // In a clock that runs like the viewer's: its UTC is their local time.
  const first = Date.parse(since) + utcOffsetMinutes * 60_000;
  const count = Math.ceil((Date.parse(until) - Date.parse(since)) / HOUR_MILLISECONDS);
  const label = (index: number) => {
    const local = new Date(first + index * HOUR_MILLISECONDS).toISOString();
    const short = formatTime(local, "UTC", "hour");
    return { short, long: `${formatTime(local, "UTC", "weekday")}, ${short}` };
  };
  return {
    unit: "hour",
    labels: Array.from({ length: count }, (_, index) => label(index)),
    indexOf: (hour) =>
      Math.min(Math.max(Math.floor((Date.parse(`${hour}:00:00.000Z`) - first) / HOUR_MILLISECONDS), 0), count - 1),
  };
}
