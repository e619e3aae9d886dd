import { tz } from "@date-fns/tz";
import { addDays as addDaysTo, differenceInCalendarDays, formatISO, parseISO } from "date-fns";

const utc = tz("UTC");

const day = { day: "numeric", month: "short" } as const;
const date = { ...day, year: "numeric" } as const;
const hour = { hour: "2-digit", minute: "2-digit" } as const;
const second = { ...hour, second: "2-digit" } as const;
const formats = {
  day,
  date,
  weekday: { weekday: "short", ...day },
  hour,
  second,
  moment: { ...date, ...hour },
  momentSecond: { ...date, ...second },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

export type TimeFormat = keyof typeof formats;

/** Making a formatter costs more than using it, and a page shows hundreds of times in one zone. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/**
 * A moment as people read it, in a zone.
 * @param instant ISO 8601
 * @param timeZone IANA name
 */
export function formatTime(instant: string, timeZone: string, format: TimeFormat): string {
  const key = `${format} ${timeZone}`;
  const formatter = formatters.get(key) ?? new Intl.DateTimeFormat("en-GB", { ...formats[format], timeZone });
  formatters.set(key, formatter);
  return formatter.format(new Date(instant));
}

/**
 * The moment at which clocks in a zone show a time, or a day begins there.
 * @param local `2026-11-24T14:30` or `2026-11-24`, as the controls of a form have it
 * @returns ISO 8601 UTC with milliseconds
 */
export function momentAt(local: string, timeZone: string): string {
  return new Date(parseISO(local, { in: tz(timeZone) }).getTime()).toISOString();
}

/** Returns the day of a moment in a zone, `2026-11-24`. */
export function dayOf(instant: Date, timeZone: string): string {
  return formatISO(instant, { in: tz(timeZone), representation: "date" });
}

/** Adds days to a day: `2026-11-30`, -30 → `2026-10-31`. */
export function addDays(day: string, days: number): string {
  return formatISO(addDaysTo(day, days, { in: utc }), { representation: "date" });
}

/** Counts the days from one to another: 0 for the same. */
export function daysBetween(first: string, last: string): number {
  return differenceInCalendarDays(last, first, { in: utc });
}

const shortDuration = new Intl.DurationFormat("en", { style: "narrow", secondsDisplay: "always" });
const longDuration = new Intl.DurationFormat("en", { style: "narrow", minutesDisplay: "always" });
const clock = new Intl.DurationFormat("en", { style: "digital", hoursDisplay: "auto" });

/** Formats seconds as people say them: `4m 5s`, `1h 2m`. */
export function formatDuration(seconds: number): string {
  const { hours, minutes, seconds: rest } = durationOf(Math.round(seconds));
  return hours === 0 ? shortDuration.format({ minutes, seconds: rest }) : longDuration.format({ hours, minutes });
}

/** Formats seconds as a player shows them: `04:05`, `1:02:05`. */
export function formatClock(seconds: number): string {
  return clock.format(durationOf(Math.floor(seconds)));
}

function durationOf(duration: number) {
  // Of more than a safe integer Intl.DurationFormat throws, and a platform may send any number.
  const seconds = Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, duration));
  return {
    hours: Math.trunc(seconds / 3600),
    minutes: Math.trunc((seconds % 3600) / 60),
    seconds: seconds % 60,
  };
}
