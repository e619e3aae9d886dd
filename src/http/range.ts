import * as z from "zod";
import { instant } from "../events/fields.ts";

/** Of statistics. What is read goes by the hours of the range: a leap year has 8,784. */
export const MAX_RANGE_DAYS = 366;

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
/** The text of a later moment begins with a sign, and no longer sorts as time does. */
const LAST_MOMENT = Date.parse("9999-12-31T23:59:59.999Z");
const forms = "ISO 8601: a date, or a date and time with an offset or Z";

/** The beginning of a range: a moment, or a day, which begins at midnight UTC. */
export const instantFrom = moment(0).describe(`from this moment on; ${forms}`);

/** The end of a range: a moment, which is not in it, or a day, which is. */
export const instantTo = moment(DAY_MILLISECONDS).describe(
  `before this moment, or until the end of this day (UTC); ${forms}`,
);

/** @param beyond milliseconds to go on from the midnight of a day */
function moment(beyond: number) {
  const day = z.iso
    .date()
    .transform((date) => new Date(Math.min(Date.parse(date) + beyond, LAST_MOMENT)).toISOString());
  return z.union([instant, day], { error: `Invalid input: expected ${forms}` });
}
