import * as z from "zod";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import { instantFrom, instantTo } from "../http/range.ts";
import { readStatistics, statistics } from "../ledger/statistics.ts";
import { nothing, operation } from "./operation.ts";

const DEFAULT_RANGE_MS = 30 * 24 * 60 * 60 * 1000;

/** `GET /api/stats`: statistics of the calls of a range, by default the last 30 days. Days are UTC. */
export const getStats = operation({
  method: "get",
  path: "/stats",
  summary: "Statistics of the calls of a range, by default the last 30 days; days and hours are UTC",
  query: z.strictObject({
    from: instantFrom.optional(),
    to: instantTo.optional(),
    agent_id: z.string().min(1).max(MAX_ID_CHARACTERS).optional(),
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
  async perform({ query }, env) {
    const now = new Date();
    const until = query.to ?? now.toISOString();
    const since = query.from ?? new Date(Date.parse(until) - DEFAULT_RANGE_MS).toISOString();
    const agent_id = query.agent_id ?? null;
    const found = await readStatistics(env.DB, { since, until, agent_id, utcOffsetMinutes: 0 }, now);
    return Response.json({ from: since, to: until, agent_id, ...found });
  },
});
