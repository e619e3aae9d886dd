import * as z from "zod";
import { instant } from "../events/fields.ts";
import { midnight } from "./time-zone.ts";

/** Of statistics. What is read goes by the hours of the range: a leap year has 8,784. */
export const MAX_RANGE_DAYS = 366;

const forms = "ISO 8601: a date, or a date and time with an offset or Z";
const day = z.iso.date();

/** An end of a range, as a moment or as a day of a zone that something else says. */
const dayOrInstant = z.union([instant, day], { error: `Invalid input: expected ${forms}` });

const fromDescription = `from this moment on; ${forms}`;
const toDescription = (zone: string) => `before this moment, or until the end of this day (${zone}); ${forms}`;

/** The ends of a range whose days are of a zone that something else says: `rangeStart` and `rangeEnd` make moments of them. */
export const localFrom = dayOrInstant.describe(fromDescription);
export const localTo = dayOrInstant.describe(toDescription("time_zone"));

/** The beginning of a range: a moment, or a day, which begins at midnight UTC. */
export const instantFrom = dayOrInstant.transform((from) => rangeStart(from, "UTC")).describe(fromDescription);

/** The end of a range: a moment, which is not in it, or a day, which is. */
export const instantTo = dayOrInstant.transform((to) => rangeEnd(to, "UTC")).describe(toDescription("UTC"));

/** The first moment of a range. */
export function rangeStart(from: string, timeZone: string): string {
  return isDay(from) ? midnight(from, timeZone) : from;
}

/** The first moment after a range. */
export function rangeEnd(to: string, timeZone: string): string {
  return isDay(to) ? midnight(to, timeZone, 1) : to;
}

function isDay(text: string): boolean {
  return day.safeParse(text).success;
}
