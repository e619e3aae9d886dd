import * as z from "zod";
import { instant } from "../../events/fields.ts";
import { addDays, momentAt } from "./times.ts";

/** Beyond these the arithmetic of dates has exceptions, and there are no calls. */
const FIRST_YEAR = "1970";
const LAST_YEAR = "2999";

const error = "is no date";

/** A day as a form's control for dates has it, `2026-11-24`. */
export const formDay = z.iso
  .date(error)
  .refine((day) => day >= FIRST_YEAR && day.slice(0, LAST_YEAR.length) <= LAST_YEAR, {
    error: `must lie within the years ${FIRST_YEAR} to ${LAST_YEAR}`,
  });

const localTime = z
  .templateLiteral([z.iso.date(), "T", z.iso.time({ precision: -1 })])
  .refine((local) => formDay.safeParse(local.slice(0, "2026-11-24".length)).success);

/** The beginning of a range: a day or a time in the viewer's zone, or a moment. */
export function formFrom(timeZone: string) {
  return formMoment(timeZone, (day) => day);
}

/** The end of a range: a time in the viewer's zone or a moment, which are not in it, or a day, which is. */
export function formTo(timeZone: string) {
  return formMoment(timeZone, (day) => addDays(day, 1));
}

function formMoment(timeZone: string, dayThatBegins: (day: string) => string) {
  return z.union(
    [
      instant,
      localTime.transform((local) => momentAt(local, timeZone)),
      formDay.transform((day) => momentAt(dayThatBegins(day), timeZone)),
    ],
    { error },
  );
}

/** A field that has to be one that a schema can read, as it was filled in. */
function typed(schema: z.ZodType) {
  return z
    .string()
    .refine((text) => schema.safeParse(text).success, error)
    .optional();
}

/** The fields of a form for a range, as they were filled in. */
export function typedRange(timeZone: string) {
  return { from: typed(formFrom(timeZone)), to: typed(formTo(timeZone)) };
}

interface Range {
  from?: string | undefined;
  to?: string | undefined;
}

/** A choice with moments, ISO 8601 UTC, in place of days. */
export function withMoments<Chosen extends Range>(
  { from, to, ...chosen }: Chosen,
  timeZone: string,
): Omit<Chosen, keyof Range> & Range {
  return {
    ...chosen,
    from: from === undefined ? undefined : formFrom(timeZone).parse(from),
    to: to === undefined ? undefined : formTo(timeZone).parse(to),
  };
}
