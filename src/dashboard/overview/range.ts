import * as z from "zod";
import { misfitsOf } from "../../events/fields.ts";
import { callFilter } from "../../ledger/call-filter.ts";
import { formDay } from "../form-dates.ts";
import { addDays, dayOf, daysBetween, nextDay, offsetMinutes, startOfDay } from "../times.ts";
import type { Viewer } from "../viewer.ts";

const HOUR_MILLISECONDS = 60 * 60 * 1000;

/** What is read grows with the range: a year of calls is what one page shows at the most. */
const MAX_DAYS = 366;

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
  /** The first and the last day in the viewer's zone. */
  firstDay: string;
  lastDay: string;
  /** How far the viewer's clocks are ahead of UTC, in minutes; at its end, should they change within it. */
  utcOffsetMinutes: number;
  byHour: boolean;
}

export interface OverviewQuery {
  range: Range;
  agent_id: string | undefined;
  /** What is wrong with what was asked; the range is the ordinary one then. */
  errors: string[];
}

const schema = z.object({
  range: z.enum(rangeChoices, "is none of 24h, 7d, 30d, own").default(DEFAULT_CHOICE),
  from: formDay.optional(),
  to: formDay.optional(),
  agent_id: callFilter.agent_id,
});

/** Reads which range and agent the overview is asked for. */
export function readOverviewQuery(url: URL, viewer: Viewer): OverviewQuery {
  const given = [...url.searchParams].filter(([, value]) => value !== "");
  const parsed = schema.safeParse(Object.fromEntries(given));
  const otherwise = { range: rangeOf(DEFAULT_CHOICE, viewer), agent_id: undefined };
  if (!parsed.success) {
    return { ...otherwise, errors: misfitsOf(parsed.error).map(({ path, message }) => `“${path}” ${message}`) };
  }
  const { range: choice, agent_id, to = dayOf(viewer.now, viewer.timeZone) } = parsed.data;
  if (choice !== "own") return { range: rangeOf(choice, viewer), agent_id, errors: [] };
  const from = parsed.data.from ?? addDays(to, -6);
  if (from > to) return { ...otherwise, agent_id, errors: ["The range ends before it begins"] };
  if (daysBetween(from, to) >= MAX_DAYS) {
    return { ...otherwise, agent_id, errors: [`A range has ${MAX_DAYS} days at the most`] };
  }
  return { range: days("own", from, to, viewer.timeZone), agent_id, errors: [] };
}

function rangeOf(choice: Exclude<RangeChoice, "own">, viewer: Viewer): Range {
  const today = dayOf(viewer.now, viewer.timeZone);
  switch (choice) {
    case "24h":
      return lastHours(24, viewer);
    case "7d":
      return days(choice, addDays(today, -6), today, viewer.timeZone);
    case "30d":
      return days(choice, addDays(today, -29), today, viewer.timeZone);
  }
}

function days(choice: RangeChoice, firstDay: string, lastDay: string, timeZone: string): Range {
  const until = startOfDay(nextDay(lastDay), timeZone);
  return {
    choice,
    since: startOfDay(firstDay, timeZone),
    until,
    firstDay,
    lastDay,
    utcOffsetMinutes: offsetMinutes(timeZone, new Date(until)),
    byHour: daysBetween(firstDay, lastDay) < DAYS_BY_HOUR,
  };
}

/** The hour that is running, and those before it: whole hours, so that no bar is short for having lost its beginning. */
function lastHours(hours: number, { now, timeZone }: Viewer): Range {
  const utcOffsetMinutes = offsetMinutes(timeZone, now);
  const offset = utcOffsetMinutes * 60_000;
  const end = (Math.floor((now.getTime() + offset) / HOUR_MILLISECONDS) + 1) * HOUR_MILLISECONDS - offset;
  const since = new Date(end - hours * HOUR_MILLISECONDS);
  return {
    choice: "24h",
    since: since.toISOString(),
    until: new Date(end).toISOString(),
    firstDay: dayOf(since, timeZone),
    lastDay: dayOf(now, timeZone),
    utcOffsetMinutes,
    byHour: true,
  };
}
