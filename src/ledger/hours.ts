import * as z from "zod";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import { type LedgerReader, parseRows } from "./schema.ts";

/**
 * Bounds the totals of an hour, since a row of D1 has 2 MB: of each agent it has the most frequent ones. In JSON a character may
 * take six bytes. Metrics with longer names, and those of a call that has more of them, are not counted: one such call would take
 * the place of all others. The queries for people have no such bounds, so beyond them the two may differ.
 */
const MAX_DISPOSITIONS = 20;
const MAX_DISPOSITION_CHARACTERS = 1_000;
const MAX_METRICS = 50;
const MAX_METRIC_CHARACTERS = 200;
const MAX_VALUES = 20;

/**
 * Counts the calls of spans by hour and agent, and of all agents together. Parameters: 1 JSON array of spans [since, until], none
 * across the end of an hour; 2 and 3 hours, the first and the one after the last, of which those that are stale are spans too; 4 JSON
 * array of the agents whose dispositions and metrics are wanted, NULL for all of them.
 *
 * Takes a number beyond 1e290 for that: else a few absurd ones make a sum infinite, which JSON cannot express.
 */
const countedHours = `
WITH spans AS (
  SELECT value ->> 0 AS since, value ->> 1 AS until FROM json_each(?1)
  -- In the order of texts :60 comes after every moment of the hour.
  UNION SELECT hour || ':00', hour || ':60' FROM ledger_stale_hours WHERE hour >= ?2 AND hour < ?3
), counted AS MATERIALIZED (
  SELECT
    substr(calls.called_at, 1, 13) AS hour,
    CAST(substr(calls.called_at, 15, 2) AS INTEGER) / 15 * 15 AS minute,
    iif(scope.value = 'all', '', calls.agent_id) AS agent_id,
    calls.ended_at IS NOT NULL AS ended,
    calls.analyzed_at IS NOT NULL AS analyzed,
    max(-1e290, min(1e290, calls.duration_seconds)) AS seconds,
    substr(calls.disposition, 1, ${MAX_DISPOSITION_CHARACTERS}) AS disposition,
    iif(?4 IS NOT '[]' AND (SELECT count(*) FROM json_each(calls.metrics)) <= ${MAX_METRICS}, calls.metrics, NULL) AS metrics
  FROM spans CROSS JOIN calls ON calls.called_at >= spans.since AND calls.called_at < spans.until
  CROSS JOIN json_each('["agent", "all"]') AS scope
), quarters AS (
  SELECT hour, agent_id, minute, count(*) AS calls, sum(ended) AS ended, sum(analyzed) AS analyzed,
    count(seconds) AS with_duration, total(seconds) AS total_duration_seconds
  FROM counted GROUP BY hour, agent_id, minute
), dispositions AS (
  SELECT hour, agent_id, disposition, count(*) AS calls, count(seconds) AS with_duration, total(seconds) AS total_duration_seconds,
    row_number() OVER (PARTITION BY hour, agent_id ORDER BY count(*) DESC, disposition) AS rank
  FROM counted WHERE ended AND (?4 IS NULL OR agent_id IN (SELECT value FROM json_each(?4))) GROUP BY hour, agent_id, disposition
), metric AS (
  SELECT hour, agent_id, minute, metric.key AS name,
    CASE WHEN metric.type IN ('true', 'false') THEN 'boolean' WHEN metric.type IN ('integer', 'real') THEN 'number' ELSE metric.type END AS type,
    CASE WHEN metric.type IN ('true', 'false') THEN metric.type WHEN metric.type IN ('integer', 'real', 'text') THEN substr(metric.value, 1, 100) END AS value,
    iif(metric.type IN ('integer', 'real', 'true', 'false'), max(-1e290, min(1e290, metric.value)), NULL) AS number,
    iif(metric.type IN ('integer', 'real'), metric.value, NULL) AS exact
  FROM counted CROSS JOIN json_each(counted.metrics) AS metric
  WHERE (?4 IS NULL OR counted.agent_id IN (SELECT value FROM json_each(?4)))
    AND metric.key <> '$overflow' AND metric.type <> 'null' AND length(metric.key) <= ${MAX_METRIC_CHARACTERS}
), metric_groups AS MATERIALIZED (
  -- Of most metrics there are far fewer values than calls: what follows goes through these.
  SELECT hour, agent_id, name, type, minute, value, count(*) AS calls, total(number) AS sum, min(exact) AS least, max(exact) AS most
  FROM metric GROUP BY hour, agent_id, name, type, minute, value
), metric_quarters AS (
  SELECT hour, agent_id, name, type, minute, sum(calls) AS calls, total(sum) AS sum, min(least) AS least, max(most) AS most
  FROM metric_groups GROUP BY hour, agent_id, name, type, minute
), metric_names AS (
  SELECT hour, agent_id, name, type, min(least) AS least, max(most) AS most,
    json_group_array(json_array(minute, calls, sum)) AS quarters,
    row_number() OVER (PARTITION BY hour, agent_id ORDER BY sum(calls) DESC, name, type) AS rank
  FROM metric_quarters GROUP BY hour, agent_id, name, type
), metric_values AS (
  SELECT hour, agent_id, name, type, value, sum(calls) AS calls,
    row_number() OVER (PARTITION BY hour, agent_id, name, type ORDER BY sum(calls) DESC, value) AS rank
  FROM metric_groups WHERE value IS NOT NULL GROUP BY hour, agent_id, name, type, value
), value_lists AS (
  SELECT hour, agent_id, name, type, json_group_array(json_array(value, calls)) AS list
  FROM metric_values WHERE rank <= ${MAX_VALUES} GROUP BY hour, agent_id, name, type
), metric_lists AS (
  SELECT hour, agent_id, json_group_array(json_array(name, type, least, most, json(quarters), json(coalesce(list, '[]')))) AS list
  FROM metric_names LEFT JOIN value_lists USING (hour, agent_id, name, type)
  WHERE rank <= ${MAX_METRICS} GROUP BY hour, agent_id
), disposition_lists AS (
  SELECT hour, agent_id, json_group_array(json_array(disposition, calls, with_duration, total_duration_seconds)) AS list
  FROM dispositions WHERE rank <= ${MAX_DISPOSITIONS} GROUP BY hour, agent_id
)
SELECT hour, agent_id, sum(calls) AS calls, sum(ended) AS ended, sum(analyzed) AS analyzed, sum(with_duration) AS with_duration,
  total(total_duration_seconds) AS total_duration_seconds,
  json_group_array(json_array(minute, calls, ended, analyzed, with_duration, total_duration_seconds)) AS quarters,
  coalesce(disposition_lists.list, '[]') AS dispositions, coalesce(metric_lists.list, '[]') AS metrics
FROM quarters LEFT JOIN disposition_lists USING (hour, agent_id) LEFT JOIN metric_lists USING (hour, agent_id)
GROUP BY hour, agent_id`;

const count = z.number();
const sum = z.number();

export const metricType = z.enum(["number", "boolean", "text", "object", "array"]);
export type MetricType = z.infer<typeof metricType>;

/** A JSON column, read and checked. */
function json<Value extends z.ZodType>(value: Value) {
  return z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(value);
}

/** The calls of an hour, of one agent or of all together (agent_id ''). */
const hourRow = z.object({
  hour: z.string().describe("UTC: 2024-07-15T14"),
  agent_id: z.string(),
  calls: count,
  ended: count,
  analyzed: count,
  with_duration: count,
  total_duration_seconds: sum,
  /** [minute, calls, ended, analyzed, with_duration, total_duration_seconds]; null where hours will do. */
  quarters: json(z.array(z.tuple([z.number(), count, count, count, count, sum]))).nullable(),
  /** [disposition, calls, with_duration, total_duration_seconds]; null where they were not asked for, as are the metrics. */
  dispositions: json(z.array(z.tuple([z.string().nullable(), count, count, sum]))).nullable(),
  /** [metric, type, least, most, [[minute, calls, sum]], [[value, calls]]] */
  metrics: json(
    z.array(
      z.tuple([
        z.string(),
        metricType,
        z.number().nullable(),
        z.number().nullable(),
        z.array(z.tuple([z.number(), count, sum])),
        z.array(z.tuple([z.string(), count])),
      ]),
    ),
  ).nullable(),
});
export type HourRow = z.infer<typeof hourRow>;

/** Calls that statistics are about. */
export interface StatisticsRange {
  /** ISO 8601 UTC with milliseconds; a call at this moment counts. */
  since: string;
  /** ISO 8601 UTC with milliseconds; a call at this moment does not count. */
  until: string;
  /** null: all agents. */
  agent_id: string | null;
  /** How far the days and hours of the answer are ahead of UTC, in minutes. */
  utcOffsetMinutes: number;
}

export const HOUR_MS = 60 * 60 * 1000;
/** So much is read at once: of many agents, or of metrics that are free texts, a busy month takes a Worker's memory, parsed. */
const PAGE_MS = 10 * 24 * HOUR_MS;

const readSql = `
SELECT hour, agent_id, calls, ended, analyzed, with_duration, total_duration_seconds,
  iif(?5, quarters, NULL) AS quarters,
  iif(agent_id IN (SELECT value FROM json_each(?4)), dispositions, NULL) AS dispositions,
  iif(agent_id IN (SELECT value FROM json_each(?4)), metrics, NULL) AS metrics
FROM (SELECT * FROM ledger_hours WHERE hour >= ?2 AND hour < ?3 UNION ALL SELECT * FROM (${countedHours}))`;

/**
 * Reads the totals of a range, hour by hour and agent by agent, ten days at a time. Calls are read where the range cuts through an
 * hour, and where an hour is stale.
 * @param hasDetails whether dispositions and metrics come too, for the agent of the range or for all together
 */
export async function* readHourRows(
  db: LedgerReader,
  range: StatisticsRange,
  hasDetails: boolean,
): AsyncGenerator<HourRow[]> {
  const end = Date.parse(range.until);
  for (let start = Date.parse(range.since), stop = start; start < end; start = stop) {
    // At the end of an hour: a part of one would be counted.
    stop = Math.min(Math.floor((start + PAGE_MS) / HOUR_MS) * HOUR_MS, end);
    const { spans, first, last } = hoursWithin(start, stop);
    const needsQuarters = range.utcOffsetMinutes % 60 !== 0;
    const statement = db
      .prepare(readSql)
      .bind(
        JSON.stringify(spans),
        first,
        last,
        JSON.stringify(hasDetails ? [range.agent_id ?? ""] : []),
        Number(needsQuarters),
      );
    yield parseRows(hourRow, await askStore("D1", () => statement.all(), { timeoutMs: LONG_QUERY_TIMEOUT_MS }));
  }
}

/** The whole hours of a range, `last` being the one after them, and the parts of hours at its ends. */
function hoursWithin(since: number, until: number) {
  const first = Math.ceil(since / HOUR_MS) * HOUR_MS;
  const last = Math.floor(until / HOUR_MS) * HOUR_MS;
  const parts =
    first > last
      ? [[since, until]]
      : [
          [since, first],
          [last, until],
        ];
  const spans = parts
    .filter(([from = 0, to = 0]) => from < to)
    .map((part) => part.map((time) => new Date(time).toISOString()));
  return { spans, first: hourOf(Math.min(first, last)), last: hourOf(last) };
}

/** @param time milliseconds since 1970 */
export function hourOf(time: number): string {
  return new Date(time).toISOString().slice(0, "2024-07-15T14".length);
}

/** The statements that count one stale hour, for one transaction. Safe to repeat: an hour that is not stale is left alone. */
export const countHourSql = {
  insert: `INSERT INTO ledger_hours (hour, agent_id, calls, ended, analyzed, with_duration, total_duration_seconds, quarters, dispositions, metrics)
    ${countedHours}`,
  remove: "DELETE FROM ledger_stale_hours WHERE hour = ?1",
};
