const MINUTE_MILLISECONDS = 60_000;

const formats = {
  moment: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" },
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  day: { day: "numeric", month: "short" },
  hour: { hour: "2-digit", minute: "2-digit" },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

/** Making a formatter costs more than using it, and a page shows hundreds of times in one zone. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/**
 * A moment as people read it, in a zone.
 * @param instant ISO 8601
 * @param timeZone IANA name
 */
export function formatTime(instant: string, timeZone: string, format: keyof typeof formats): string {
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
  const utc = new Date(`${day}T00:00:00.000Z`);
  const guess = new Date(utc.getTime() - offsetMinutes(timeZone, utc) * MINUTE_MILLISECONDS);
  // Once more with the offset of that moment: the clocks may have changed in between.
  return new Date(utc.getTime() - offsetMinutes(timeZone, guess) * MINUTE_MILLISECONDS).toISOString();
}

/** The day after, `2026-11-30` → `2026-12-01`. */
export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00.000Z`) + 24 * 60 * MINUTE_MILLISECONDS)
    .toISOString()
    .slice(0, day.length);
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
