import { tzOffset } from "@date-fns/tz";

/** The first line of a file: with it `wrangler d1 execute --file`, which binds no parameters, runs the file as it is. */
const FIRST_LINE = /^WITH parameters AS \(SELECT .+ AS since, .+ AS until, .+ AS agent_id, .+ AS time_zone\)\r?\n/;

const BOUND_LINE = "WITH parameters AS (SELECT ?1 AS since, ?2 AS until, ?3 AS agent_id, ?4 AS time_zone)\n";

/**
 * Puts parameters to bind in place of the first line of a file.
 * @throws when its first line is another
 */
export function withParameters(file: string): string {
  if (!FIRST_LINE.test(file)) throw new Error(`not a first line with parameters: ${file.slice(0, 200)}`);
  return file.replace(FIRST_LINE, BOUND_LINE);
}

/**
 * The offset from UTC with which a range ends in a zone, as SQLite's date functions take it: it knows no zones.
 * @param until the first moment after the range
 * @returns `+02:00`
 */
export function offsetOf(timeZone: string, until: string): string {
  const minutes = Math.round(tzOffset(timeZone, new Date(Date.parse(until) - 1)));
  const twoDigits = (number: number) => String(number).padStart(2, "0");
  const hours = Math.floor(Math.abs(minutes) / 60);
  return `${minutes < 0 ? "-" : "+"}${twoDigits(hours)}:${twoDigits(Math.abs(minutes) % 60)}`;
}
