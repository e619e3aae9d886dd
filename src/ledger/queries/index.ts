import * as z from "zod";
import agents from "./agents.sql";
import busiestHours from "./busiest-hours.sql";
import callsByDay from "./calls-by-day.sql";
import callsByHour from "./calls-by-hour.sql";
import dispositions from "./dispositions.sql";
import liveCalls from "./live-calls.sql";
import metricTrend from "./metric-trend.sql";
import metricValues from "./metric-values.sql";
import metrics from "./metrics.sql";
import syncHealth from "./sync-health.sql";
import totals from "./totals.sql";

/** What a question is about. */
export interface Asked {
  /** ISO 8601 UTC with milliseconds; a call at this moment counts. */
  since: string;
  /** ISO 8601 UTC with milliseconds; a call at this moment does not count. */
  until: string;
  /** null: all agents. */
  agent_id: string | null;
  /** How far the days and hours of the answer are ahead of UTC, in minutes. */
  utcOffsetMinutes: number;
}

/** A query of this folder, with the rows it answers with. */
export interface NamedQuery<Row extends z.ZodType> {
  sql: string;
  row: Row;
}

/** The line by which a file runs as it stands, with `wrangler d1 execute --file`, which has no parameters. */
const STANDING_ALONE = /^WITH asked AS \(.*\)$/m;

const PARAMETERS = "WITH asked AS (SELECT ?1 AS since, ?2 AS until, ?3 AS agent_id, ?4 AS time_zone)";

function named<Row extends z.ZodType>(file: string, row: Row): NamedQuery<Row> {
  return { sql: file.replace(STANDING_ALONE, PARAMETERS), row };
}

/** A query with what it is asked about. */
export function prepareQuery(
  db: D1Database,
  { sql }: { sql: string },
  { since, until, agent_id, utcOffsetMinutes }: Asked,
): D1PreparedStatement {
  return db.prepare(sql).bind(since, until, agent_id, `${utcOffsetMinutes} minutes`);
}

const count = z.number();
const average = z.number().nullable();

/** The queries that pages and `/api/stats` ask; the others of this folder are for people. */
export const queries = {
  totals: named(
    totals,
    z.object({
      calls: count,
      ended: count,
      analyzed: count,
      total_duration_seconds: z.number(),
      average_duration_seconds: average,
    }),
  ),
  callsByDay: named(
    callsByDay,
    z.object({
      day: z.string(),
      agent_id: z.string(),
      calls: count,
      ended: count,
      analyzed: count,
      total_duration_seconds: z.number(),
    }),
  ),
  callsByHour: named(callsByHour, z.object({ hour: z.string(), calls: count, ended: count, analyzed: count })),
  liveCalls: named(
    liveCalls,
    z.object({
      call_id: z.string(),
      agent_id: z.string(),
      call_direction: z.string().nullable(),
      caller_phone: z.string().nullable(),
      called_at: z.string(),
    }),
  ),
  dispositions: named(
    dispositions,
    z.object({ disposition: z.string(), calls: count, average_duration_seconds: average }),
  ),
  agents: named(agents, z.object({ agent_id: z.string(), calls: count })),
  metrics: named(
    metrics,
    z.object({
      metric: z.string(),
      type: z.enum(["number", "boolean", "text", "object", "array"]),
      calls: count,
      average: average.describe("of a boolean: the share of true; null for texts"),
      least: z.number().nullable(),
      most: z.number().nullable(),
    }),
  ),
  metricValues: named(
    metricValues,
    z.object({ metric: z.string(), type: z.enum(["number", "boolean", "text"]), value: z.string(), calls: count }),
  ),
  metricTrend: named(metricTrend, z.object({ metric: z.string(), day: z.string(), average: z.number(), calls: count })),
  busiestHours: named(
    busiestHours,
    z.object({ weekday: z.number().describe("0 is Sunday"), hour: z.number(), calls: count }),
  ),
  syncHealth: named(
    syncHealth,
    z.object({
      state: z.enum(["pending", "failed"]),
      deliveries: count,
      overdue: count,
      oldest: z.string().nullable(),
    }),
  ),
};
