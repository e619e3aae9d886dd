import * as z from "zod";
import { instant } from "../events/fields.ts";
import { midnight } from "./time-zone.ts";

/** Limit of statistics, which read a row for each hour of the range: a leap year has 8,784. */
export const MAX_RANGE_DAYS = 366;

const forms = "ISO 8601: a date, or a date and time with an offset or Z";
const day = z.iso.date();

/** An end of a range: a moment, or a day whose time zone is stated elsewhere. */
const dayOrInstant = z.union([instant, day], { error: `Invalid input: expected ${forms}` });

const fromDescription = `from this moment on; ${forms}`;
const toDescription = (zone: string) => `before this moment, or until the end of this day (${zone}); ${forms}`;

/** The ends of a range, in days of the parameter `time_zone`; `rangeStart` and `rangeEnd` make moments of them. */
export const localFrom = dayOrInstant.describe(fromDescription);
export const localTo = dayOrInstant.describe(toDescription("time_zone"));

/** The beginning of a range: a moment, or a day, which begins at midnight UTC. */
export const instantFrom = dayOrInstant.transform((from) => rangeStart(from, "UTC")).describe(fromDescription);

/** The end of a range: a moment, which is not in it, or a day, which is. */
export const instantTo = dayOrInstant.transform((to) => rangeEnd(to, "UTC")).describe(toDescription("UTC"));

/** Returns the first moment of a range, ISO 8601 UTC. */
export function rangeStart(from: string, timeZone: string): string {
  return isDay(from) ? midnight(from, timeZone) : from;
}

/** Returns the first moment after a range, ISO 8601 UTC. */
export function rangeEnd(to: string, timeZone: string): string {
  return isDay(to) ? midnight(to, timeZone, 1) : to;
}

function isDay(text: string): boolean {
  return day.safeParse(text).success;
}
