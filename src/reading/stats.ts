import { tz } from "@date-fns/tz";
import { addDays, subDays } from "date-fns";
import * as z from "zod";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import { nothing, operation } from "../http/operation.ts";
import { localFrom, localTo, MAX_RANGE_DAYS, rangeEnd, rangeStart } from "../http/range.ts";
import { timeZone } from "../http/time-zone.ts";
import { reader } from "../ledger/schema.ts";
import type { StatisticsRange } from "../ledger/totals/read.ts";
import { readStatistics, statistics } from "../ledger/totals/statistics.ts";

const DEFAULT_DAYS = 30;

/** `GET /api/stats`: statistics of the calls of a range, by default the last 30 days. Days and hours are of a zone. */
export const getStats = operation({
  method: "get",
  path: "/stats",
  summary: "Statistics of the calls of a range, by default the last 30 days; days and hours are of time_zone",
  query: z
    .strictObject({
      from: localFrom.optional(),
      to: localTo.optional(),
      agent_id: z.string().min(1).max(MAX_ID_CHARACTERS).optional(),
      time_zone: timeZone.default("UTC"),
    })
    .refine((query) => isWithinLimit(rangeOf(query, new Date())), {
      path: ["from"],
      error: `Invalid range: at most ${MAX_RANGE_DAYS} days`,
    }),
  body: nothing,
  answers: {
    "application/json": z.object({
      from: z.string(),
      to: z.string(),
      agent_id: z.string().nullable(),
      time_zone: z.string(),
      ...statistics.shape,
    }),
  },
  async perform({ query }, env) {
    const now = new Date();
    const range = rangeOf(query, now);
    const { since, until, agent_id, timeZone } = range;
    const { statistics: found } = await readStatistics(reader(env.DB), range, now);
    return Response.json({ from: since, to: until, agent_id, time_zone: timeZone, ...found });
  },
});

interface StatsQuery {
  from?: string | undefined;
  to?: string | undefined;
  agent_id?: string | undefined;
  time_zone: string;
}

function rangeOf({ from, to, agent_id, time_zone }: StatsQuery, now: Date): StatisticsRange {
  const until = to === undefined ? now.toISOString() : rangeEnd(to, time_zone);
  const since =
    from === undefined
      ? new Date(subDays(until, DEFAULT_DAYS, { in: tz(time_zone) }).getTime()).toISOString()
      : rangeStart(from, time_zone);
  return { since, until, agent_id: agent_id ?? null, timeZone: time_zone };
}

function isWithinLimit({ since, until, timeZone }: StatisticsRange): boolean {
  return addDays(since, MAX_RANGE_DAYS, { in: tz(timeZone) }).getTime() >= Date.parse(until);
}
