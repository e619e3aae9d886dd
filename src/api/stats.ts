import * as z from "zod";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import { instantFrom, instantTo } from "../http/range.ts";
import { readStatistics, statistics } from "../ledger/statistics.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { nothing, operation } from "./operation.ts";

const DEFAULT_RANGE_MILLISECONDS = 30 * 24 * 60 * 60 * 1000;

/** `GET /api/stats`: what there is to say of the calls of a range, the last 30 days unless told otherwise. Days are UTC. */
export const getStats = operation({
  method: "get",
  path: "/stats",
  summary: "Statistics of the calls of a range, the last 30 days unless told otherwise; days and hours are UTC",
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
    const since = query.from ?? new Date(Date.parse(until) - DEFAULT_RANGE_MILLISECONDS).toISOString();
    const agent_id = query.agent_id ?? null;
    const asked = { since, until, agent_id, utcOffsetMinutes: 0 };
    const told = await attempt(() => readStatistics(env.DB, asked, now), STORE_LIMIT);
    return Response.json({ from: since, to: until, agent_id, ...told });
  },
});
