import * as z from "zod";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import { instantFrom, instantTo, MAX_RANGE_DAYS } from "../http/range.ts";
import { reader } from "../ledger/schema.ts";
import { readStatistics, statistics } from "../ledger/statistics.ts";
import { nothing, operation } from "./operation.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_DAYS = 30;

/** `GET /api/stats`: statistics of the calls of a range, by default the last 30 days. Days are UTC. */
export const getStats = operation({
  method: "get",
  path: "/stats",
  summary: "Statistics of the calls of a range, by default the last 30 days; days and hours are UTC",
  query: z
    .strictObject({
      from: instantFrom.optional(),
      to: instantTo.optional(),
      agent_id: z.string().min(1).max(MAX_ID_CHARACTERS).optional(),
    })
    .refine(({ from, to }) => isWithinRange(from, to), {
      path: ["from"],
      error: `Invalid range: at most ${MAX_RANGE_DAYS} days`,
    }),
  body: nothing,
  answers: {
    "application/json": z.object({
      from: z.string(),
      to: z.string(),
      agent_id: z.string().nullable(),
      ...statistics.shape,
    }),
  },
  async perform({ query: { from, to, agent_id = null } }, env) {
    const now = new Date();
    const { since, until } = rangeOf(from, to, now);
    const { statistics: found } = await readStatistics(
      reader(env.DB),
      { since, until, agent_id, utcOffsetMinutes: 0 },
      now,
    );
    return Response.json({ from: since, to: until, agent_id, ...found });
  },
});

function rangeOf(from: string | undefined, to: string | undefined, now: Date) {
  const until = to ?? now.toISOString();
  return { since: from ?? new Date(Date.parse(until) - DEFAULT_DAYS * DAY_MS).toISOString(), until };
}

function isWithinRange(from: string | undefined, to: string | undefined): boolean {
  const { since, until } = rangeOf(from, to, new Date());
  return Date.parse(until) - Date.parse(since) <= MAX_RANGE_DAYS * DAY_MS;
}
