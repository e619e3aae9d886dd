import * as z from "zod";
import { callDirection } from "../../events/event.ts";
import { deliveryState } from "../schema.ts";
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

/** What the queries of this folder depend on. */
export interface QueryParameters {
  /** ISO 8601 UTC with milliseconds; a call at this moment counts. */
  since: string;
  /** ISO 8601 UTC with milliseconds; a call at this moment does not count. */
  until: string;
  /** null: all agents. */
  agent_id: string | null;
  /** How far the days and hours of the answer are ahead of UTC, in minutes. */
  utcOffsetMinutes: number;
}

/** A query of this folder, with the schema of its rows. */
export interface NamedQuery<Row extends z.ZodType> {
  sql: string;
  row: Row;
}

/** The first line of a file: with it `wrangler d1 execute --file`, which binds no parameters, runs the file as it is. */
const FIRST_LINE = /^WITH parameters AS \(SELECT .+ AS since, .+ AS until, .+ AS agent_id, .+ AS time_zone\)\r?\n/;

const BOUND_LINE = "WITH parameters AS (SELECT ?1 AS since, ?2 AS until, ?3 AS agent_id, ?4 AS time_zone)\n";

/** @throws at start-up when the first line of the file is not the one that this code can bind parameters in */
function named<Row extends z.ZodType>(file: string, row: Row): NamedQuery<Row> {
  if (!FIRST_LINE.test(file)) throw new Error(`not a first line with parameters: ${file.slice(0, 200)}`);
  return { sql: file.replace(FIRST_LINE, BOUND_LINE), row };
}

/** A query with its parameters bound. */
export function prepareQuery(
  db: D1Database,
  { sql }: { sql: string },
  { since, until, agent_id, utcOffsetMinutes }: QueryParameters,
): D1PreparedStatement {
  return db.prepare(sql).bind(since, until, agent_id, `${utcOffsetMinutes} minutes`);
}

const count = z.number();
const average = z.number().nullable();

/** The queries behind pages and `/api/stats`; the others of this folder are for people. */
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
      with_duration: count,
      total_duration_seconds: z.number(),
    }),
  ),
  callsByHour: named(callsByHour, z.object({ hour: z.string(), calls: count, ended: count, analyzed: count })),
  liveCalls: named(
    liveCalls,
    z.object({
      call_id: z.string(),
      agent_id: z.string(),
      call_direction: callDirection.nullable(),
      caller_phone: z.string().nullable(),
      called_at: z.string(),
    }),
  ),
  dispositions: named(
    dispositions,
    z.object({ disposition: z.string().nullable(), calls: count, average_duration_seconds: average }),
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
      state: deliveryState.exclude(["delivered"]),
      deliveries: count,
      overdue: count,
      oldest: z.string().nullable(),
    }),
  ),
};
