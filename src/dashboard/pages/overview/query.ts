import { tz } from "@date-fns/tz";
import { addMinutes, formatISO, getMinutes, startOfMinute, subDays, subHours } from "date-fns";
import * as z from "zod";
import { fieldErrors } from "../../../events/fields.ts";
import { MAX_RANGE_DAYS } from "../../../http/range.ts";
import { callFilter } from "../../../ledger/search.ts";
import { formDay } from "../../ui/form-dates.ts";
import { withQuery } from "../../ui/paths.ts";
import { addDays, dayOf, daysBetween, momentAt } from "../../ui/times.ts";
import type { Viewer } from "../../ui/viewer.ts";
import { listPath, type Typed } from "../calls/query.ts";

/** Ranges of so many days are drawn hour by hour. */
const DAYS_BY_HOUR = 2;

export const rangeChoices = ["24h", "7d", "30d", "own"] as const;
export type RangeChoice = (typeof rangeChoices)[number];

const DEFAULT_CHOICE = "7d";

/** The stretch of time that the overview is about. */
export interface Range {
  choice: RangeChoice;
  /** ISO 8601 UTC with milliseconds; the first moment. */
  since: string;
  /** ISO 8601 UTC with milliseconds; the first moment after it. */
  until: string;
  /** The viewer's zone. */
  timeZone: string;
  /** The first and the last day there. */
  firstDay: string;
  lastDay: string;
  byHour: boolean;
}

export interface OverviewQuery {
  range: Range;
  agent_id: string | undefined;
  /** The mistakes in it; with any, the range is the default. */
  errors: string[];
}

const schema = z.object({
  range: z.enum(rangeChoices, "is none of 24h, 7d, 30d, own").default(DEFAULT_CHOICE),
  from: formDay.optional(),
  to: formDay.optional(),
  agent_id: callFilter.agent_id,
});

/** Reads the range and the agent of the overview from its address. */
export function readOverviewQuery(url: URL, viewer: Viewer): OverviewQuery {
  const given = [...url.searchParams].filter(([, value]) => value !== "");
  const parsed = schema.safeParse(Object.fromEntries(given));
  const otherwise = { range: rangeOf(DEFAULT_CHOICE, viewer), agent_id: undefined };
  if (!parsed.success) {
    return { ...otherwise, errors: fieldErrors(parsed.error).map(({ path, message }) => `“${path}” ${message}`) };
  }
  const { range: choice, agent_id, to = dayOf(viewer.now, viewer.timeZone) } = parsed.data;
  if (choice !== "own") return { range: rangeOf(choice, viewer), agent_id, errors: [] };
  const from = parsed.data.from ?? addDays(to, -6);
  if (from > to) return { ...otherwise, agent_id, errors: ["The range ends before it begins"] };
  if (daysBetween(from, to) >= MAX_RANGE_DAYS) {
    return { ...otherwise, agent_id, errors: [`A range has ${MAX_RANGE_DAYS} days at the most`] };
  }
  return { range: days("own", from, to, viewer.timeZone), agent_id, errors: [] };
}

function rangeOf(choice: Exclude<RangeChoice, "own">, viewer: Viewer): Range {
  const today = dayOf(viewer.now, viewer.timeZone);
  switch (choice) {
    case "24h":
      return last24Hours(viewer);
    case "7d":
      return days(choice, addDays(today, -6), today, viewer.timeZone);
    case "30d":
      return days(choice, addDays(today, -29), today, viewer.timeZone);
  }
}

function days(choice: RangeChoice, firstDay: string, lastDay: string, timeZone: string): Range {
  return {
    choice,
    since: momentAt(firstDay, timeZone),
    until: momentAt(addDays(lastDay, 1), timeZone),
    timeZone,
    firstDay,
    lastDay,
    byHour: daysBetween(firstDay, lastDay) < DAYS_BY_HOUR,
  };
}

/** The hour that is running, and those before it: whole hours, so that no bar is short for having lost its beginning. */
function last24Hours({ now, timeZone }: Viewer): Range {
  // Not by startOfHour: where clocks are set back, an hour has two beginnings, and it knows one.
  const until = addMinutes(startOfMinute(now), 60 - getMinutes(now, { in: tz(timeZone) }));
  const since = subHours(until, 24);
  return {
    choice: "24h",
    since: since.toISOString(),
    until: until.toISOString(),
    timeZone,
    firstDay: dayOf(since, timeZone),
    lastDay: dayOf(now, timeZone),
    byHour: true,
  };
}

/** The overview of a range and an agent. */
export function overviewPath(range: Pick<Range, "choice" | "firstDay" | "lastDay">, agent_id?: string): string {
  const own = range.choice === "own" && { from: range.firstDay, to: range.lastDay };
  return withQuery("/", { range: range.choice, ...own, agent_id });
}

/** The overview of the week that ends with a day. */
export function weekPath(lastDay: string): string {
  return overviewPath({ choice: "own", firstDay: addDays(lastDay, -6), lastDay });
}

/** The calls that the overview of a range is about, and those alone; a filter may have a range within it. */
export function callsPath(range: Range, filter: Typed): string {
  return listPath("/calls", { ...rangeOfList(range), ...filter });
}

function rangeOfList({ choice, since, timeZone, firstDay, lastDay }: Range): Typed {
  return choice === "24h" ? { from: localOrInstant(since, timeZone) } : { from: firstDay, to: lastDay };
}

/** A moment as clocks in the zone show it; as it is where they show it twice, and their time does not say which. */
export function localOrInstant(instant: string, timeZone: string): string {
  const local = formatISO(instant, { in: tz(timeZone) }).slice(0, "2026-11-24T14:00".length);
  return momentAt(local, timeZone) === instant ? local : instant;
}

/** The period that a range is compared with. */
export interface PeriodBefore {
  /** ISO 8601 UTC with milliseconds. */
  since: string;
  until: string;
  /** `the 7 days before`. */
  words: string;
  /** Whether it ends at the time of day that it is now, since the range is not over. */
  isCut: boolean;
}

/** The period before a range, as long as what has passed of it. */
export function periodBefore({ choice, since, until, firstDay, lastDay, timeZone }: Range, now: Date): PeriodBefore {
  const days = daysBetween(firstDay, lastDay) + 1;
  const isHours = choice === "24h";
  const shift = (time: Date | string) =>
    new Date((isHours ? subHours(time, 24) : subDays(time, days, { in: tz(timeZone) })).getTime()).toISOString();
  const isCut = now.toISOString() < until;
  const start = shift(since);
  const end = shift(isCut ? now : until);
  const words = isHours ? "the 24 hours before" : days === 1 ? "the day before" : `the ${days} days before`;
  return { since: start, until: end < start ? start : end, words, isCut };
}
