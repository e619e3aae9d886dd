import { tz, tzOffset } from "@date-fns/tz";
import { addDays, addMinutes, parseISO } from "date-fns";
import * as z from "zod";

/** The last moment whose ISO text sorts as time does: later years are written with a sign. */
const LAST_MOMENT = Date.parse("9999-12-31T23:59:59.999Z");

/** A time zone in a request: the name of an IANA zone. */
export const timeZone = z
  .string()
  .transform((name, context) => {
    const known = knownTimeZone(name);
    if (known !== undefined) return known;
    context.addIssue({ code: "custom", message: "Unknown time zone: expected an IANA name, such as Europe/Berlin" });
    return z.NEVER;
  })
  .describe("an IANA time zone, such as Europe/Berlin");

/** Returns the spelling that `Intl` has of a zone's name, by which formatters are cached; `undefined` if the zone is unknown. */
export function knownTimeZone(name: unknown): string | undefined {
  // Intl knows offsets too, of any minute; totals have quarters of an hour, which do for every zone.
  if (typeof name !== "string" || /^[+-]/.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/**
 * Returns the moment at which a day begins in a zone.
 * @param days to add to the day
 * @returns ISO 8601 UTC with milliseconds
 */
export function midnight(day: string, timeZone: string, days = 0): string {
  const moment = addDays(parseISO(day, { in: tz(timeZone) }), days).getTime();
  return new Date(Math.min(moment, LAST_MOMENT)).toISOString();
}

/** Returns the hour that clocks in a zone show, `2026-10-25T02`. When they are set back, two hours have this name. */
export function hourIn(moment: Date, timeZone: string): string {
  return addMinutes(moment, tzOffset(timeZone, moment)).toISOString().slice(0, "2026-10-25T02".length);
}
