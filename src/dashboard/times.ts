const MINUTE_MILLISECONDS = 60_000;
const DAY_MILLISECONDS = 24 * 60 * MINUTE_MILLISECONDS;

const formats = {
  moment: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" },
  momentSecond: {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  },
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  day: { day: "numeric", month: "short" },
  date: { day: "numeric", month: "short", year: "numeric" },
  weekday: { weekday: "short", day: "numeric", month: "short" },
  hour: { hour: "2-digit", minute: "2-digit" },
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

/** How far a zone is ahead of UTC at a moment, in minutes. */
export function offsetMinutes(timeZone: string, at: Date): number {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((found) => found.type === type)?.value);
  const local = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return Math.round((local - at.getTime()) / MINUTE_MILLISECONDS);
}

/**
 * The moment at which a day begins in a zone.
 * @param day `2026-11-24`
 * @returns ISO 8601 UTC with milliseconds
 */
export function startOfDay(day: string, timeZone: string): string {
  return momentAt(`${day}T00:00`, timeZone);
}

/**
 * The moment at which clocks in a zone show a time.
 * @param local `2026-11-24T14:30`, as a form's control for date and time has it
 * @returns ISO 8601 UTC with milliseconds
 */
export function momentAt(local: string, timeZone: string): string {
  const utc = new Date(`${local}:00.000Z`);
  const guess = new Date(utc.getTime() - offsetMinutes(timeZone, utc) * MINUTE_MILLISECONDS);
  // Once more with the offset of that moment: the clocks may have changed in between.
  return new Date(utc.getTime() - offsetMinutes(timeZone, guess) * MINUTE_MILLISECONDS).toISOString();
}

/** The day after, `2026-11-30` → `2026-12-01`. */
export function nextDay(day: string): string {
  return addDays(day, 1);
}

/** So many days later, or earlier: `2026-11-30`, -30 → `2026-10-31`. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00.000Z`) + days * DAY_MILLISECONDS).toISOString().slice(0, day.length);
}

/** How many days there are from one to another: 0 for the same. */
export function daysBetween(first: string, last: string): number {
  return Math.round((Date.parse(last) - Date.parse(first)) / DAY_MILLISECONDS);
}

/** The day of a moment in a zone, `2026-11-24`. */
export function dayOf(instant: Date, timeZone: string): string {
  const local = new Date(instant.getTime() + offsetMinutes(timeZone, instant) * MINUTE_MILLISECONDS);
  return local.toISOString().slice(0, "2026-11-24".length);
}

/** Seconds as people say them: `4 m 05 s`, `1 h 02 m`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} m ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} m`;
}

/** Seconds as a player shows them: `04:05`, `1:02:05`. */
export function formatClock(seconds: number): string {
  const whole = Math.floor(seconds);
  const minutes = String(Math.floor((whole % 3600) / 60)).padStart(2, "0");
  const clock = `${minutes}:${String(whole % 60).padStart(2, "0")}`;
  return whole < 3600 ? clock : `${Math.floor(whole / 3600)}:${clock}`;
}
