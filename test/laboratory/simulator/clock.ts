const MINUTE_MILLISECONDS = 60_000;
const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/**
 * What a clock on the wall shows. Without `Intl`, whose wording changes from one Node.js to the next: a day's bytes must not.
 * @param at milliseconds since 1970
 */
export function localTime(at: number, utcOffsetMinutes: number) {
  const local = new Date(at + utcOffsetMinutes * MINUTE_MILLISECONDS);
  const [date = "", time = ""] = local.toISOString().replace("Z", "").split("T");
  return {
    date,
    time: time.slice(0, "hh:mm:ss".length),
    weekday: weekdays[local.getUTCDay()],
  };
}

/**
 * ISO 8601 with the offset of the place, `Z` where that is none.
 * @param at milliseconds since 1970
 */
export function localTimestamp(at: number, utcOffsetMinutes: number): string {
  if (utcOffsetMinutes === 0) return new Date(at).toISOString();
  const local = new Date(at + utcOffsetMinutes * MINUTE_MILLISECONDS).toISOString().replace("Z", "");
  return `${local}+${twoDigits(Math.floor(utcOffsetMinutes / 60))}:${twoDigits(utcOffsetMinutes % 60)}`;
}

export function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
