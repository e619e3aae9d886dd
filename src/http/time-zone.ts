import { tz, tzOffset } from "@date-fns/tz";
import { addDays, addMinutes, parseISO } from "date-fns";
import * as z from "zod";

/** The text of a later moment begins with a sign, and no longer sorts as time does. */
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

/** The one spelling of a zone's name that `Intl` has, since formatters are cached by it; `undefined` for a zone it does not know. */
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
 * The moment at which a day begins in a zone.
 * @param days to go on from there
 * @returns ISO 8601 UTC with milliseconds
 */
export function midnight(day: string, timeZone: string, days = 0): string {
  const moment = addDays(parseISO(day, { in: tz(timeZone) }), days).getTime();
  return new Date(Math.min(moment, LAST_MOMENT)).toISOString();
}

/** The hour that clocks in a zone show at a moment, `2026-10-25T02`. When they are set back, two hours have one name. */
export function hourIn(moment: Date, timeZone: string): string {
  return addMinutes(moment, tzOffset(timeZone, moment)).toISOString().slice(0, "2026-10-25T02".length);
}
