/**
 * Bounds of the totals of an hour, since a row of D1 has 2 MB: of each agent they have the most frequent dispositions, tools, metrics
 * and values. In JSON a character may take six bytes. Metrics with longer names, and those of a call that has more of them, are not
 * counted: one such call would take the place of all others. The queries for people have no such bounds.
 */
const MAX_DISPOSITIONS = 20;
const MAX_DISPOSITION_CHARACTERS = 1_000;
/** Their names have 200 characters at most. */
const MAX_TOOLS = 50;
const MAX_METRICS = 50;
const MAX_METRIC_CHARACTERS = 200;
const MAX_VALUES = 20;

/** The columns of totals, in the order in which a count answers them. */
export const totalsColumns = `agent_id, calls, ended, analyzed, with_duration, total_duration_seconds,
  with_cost, total_cost_usd, with_latency, total_latency_ms, quarters, dispositions, metrics, tools`;

/**
 * Counts the calls of spans by hour and agent, and of all agents together (agent_id ''). Its columns are those of `ledger_hours`.
 *
 * 1. JSON array of spans {since, until}, none across the end of an hour
 * 2. an hour: of the hours from it on
 * 3. and before this one, those that are stale are spans too
 * 4. JSON array of the agents whose dispositions, tools and metrics are wanted, NULL for all
 *
 * Takes the number of a metric beyond 1e290 for that: else a few absurd ones make a sum infinite, which JSON cannot express.
 */
export const countSql = countSqlOf("calls", "tool_calls");

/**
 * Counts other calls than those of the tables, as {@link countSql} does, with parameters from 5 on of their own.
 * @param calls SQL of a table or a query with the columns of `calls` that are counted
 * @param toolCalls SQL as well, of `tool_calls`
 */
export function countSqlOf(calls: string, toolCalls: string): string {
  return `
WITH spans AS (
  SELECT value ->> 'since' AS since, value ->> 'until' AS until FROM json_each(?1)
  -- In the order of texts :60 comes after every moment of the hour.
  UNION SELECT hour || ':00', hour || ':60' FROM ledger_stale_hours WHERE hour >= ?2 AND hour < ?3
), counted AS MATERIALIZED (
  SELECT
    substr(calls.called_at, 1, 13) AS hour,
    CAST(substr(calls.called_at, 15, 2) AS INTEGER) / 15 * 15 AS minute,
    iif(scope.value = 'all', '', calls.agent_id) AS agent_id,
    calls.ended_at IS NOT NULL AS ended,
    calls.analyzed_at IS NOT NULL AS analyzed,
    calls.call_id,
    calls.duration_seconds AS seconds,
    calls.cost_usd AS cost,
    calls.latency_ms AS latency,
    substr(calls.disposition, 1, ${MAX_DISPOSITION_CHARACTERS}) AS disposition,
    iif(?4 IS NOT '[]' AND (SELECT count(*) FROM json_each(calls.metrics)) <= ${MAX_METRICS}, calls.metrics, NULL) AS metrics
  FROM spans CROSS JOIN ${calls} AS calls ON calls.called_at >= spans.since AND calls.called_at < spans.until
  CROSS JOIN json_each('["agent", "all"]') AS scope
), quarters AS (
  SELECT hour, agent_id, minute, count(*) AS calls, sum(ended) AS ended, sum(analyzed) AS analyzed,
    count(seconds) AS with_duration, total(seconds) AS total_duration_seconds,
    count(cost) AS with_cost, total(cost) AS total_cost_usd, count(latency) AS with_latency, total(latency) AS total_latency_ms
  FROM counted GROUP BY hour, agent_id, minute
), dispositions AS (
  SELECT hour, agent_id, disposition, count(*) AS calls,
    count(seconds) AS with_duration, total(seconds) AS total_duration_seconds,
    count(cost) AS with_cost, total(cost) AS total_cost_usd, count(latency) AS with_latency, total(latency) AS total_latency_ms,
    row_number() OVER (PARTITION BY hour, agent_id ORDER BY count(*) DESC, disposition) AS rank
  FROM counted WHERE ended AND (?4 IS NULL OR agent_id IN (SELECT value FROM json_each(?4))) GROUP BY hour, agent_id, disposition
), disposition_lists AS (
  SELECT hour, agent_id, json_group_array(json_object(
    'disposition', disposition, 'calls', calls, 'with_duration', with_duration, 'total_duration_seconds', total_duration_seconds,
    'with_cost', with_cost, 'total_cost_usd', total_cost_usd, 'with_latency', with_latency, 'total_latency_ms', total_latency_ms
  )) AS list
  FROM dispositions WHERE rank <= ${MAX_DISPOSITIONS} GROUP BY hour, agent_id
), tools AS (
  SELECT hour, agent_id, tool_calls.name, count(*) AS calls, count(iif(tool_calls.status = 'error', 1, NULL)) AS errors,
    count(tool_calls.duration_ms) AS with_duration, total(tool_calls.duration_ms) AS total_duration_ms,
    row_number() OVER (PARTITION BY hour, agent_id ORDER BY count(*) DESC, tool_calls.name) AS rank
  FROM counted CROSS JOIN ${toolCalls} AS tool_calls ON tool_calls.call_id = counted.call_id
  WHERE ?4 IS NULL OR counted.agent_id IN (SELECT value FROM json_each(?4))
  GROUP BY hour, agent_id, tool_calls.name
), tool_lists AS (
  SELECT hour, agent_id, json_group_array(json_object(
    'name', name, 'calls', calls, 'errors', errors, 'with_duration', with_duration, 'total_duration_ms', total_duration_ms
  )) AS list
  FROM tools WHERE rank <= ${MAX_TOOLS} GROUP BY hour, agent_id
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
    json_group_array(json_object('minute', minute, 'calls', calls, 'sum', sum)) AS quarters,
    row_number() OVER (PARTITION BY hour, agent_id ORDER BY sum(calls) DESC, name, type) AS rank
  FROM metric_quarters GROUP BY hour, agent_id, name, type
), metric_values AS (
  SELECT hour, agent_id, name, type, value, sum(calls) AS calls,
    row_number() OVER (PARTITION BY hour, agent_id, name, type ORDER BY sum(calls) DESC, value) AS rank
  FROM metric_groups WHERE value IS NOT NULL GROUP BY hour, agent_id, name, type, value
), value_lists AS (
  SELECT hour, agent_id, name, type, json_group_array(json_object('value', value, 'calls', calls)) AS list
  FROM metric_values WHERE rank <= ${MAX_VALUES} GROUP BY hour, agent_id, name, type
), metric_lists AS (
  SELECT hour, agent_id, json_group_array(json_object(
    'metric', name, 'type', type, 'least', least, 'most', most,
    'quarters', json(quarters), 'values', json(coalesce(list, '[]'))
  )) AS list
  FROM metric_names LEFT JOIN value_lists USING (hour, agent_id, name, type)
  WHERE rank <= ${MAX_METRICS} GROUP BY hour, agent_id
)
SELECT hour, agent_id, sum(calls) AS calls, sum(ended) AS ended, sum(analyzed) AS analyzed, sum(with_duration) AS with_duration,
  total(total_duration_seconds) AS total_duration_seconds, sum(with_cost) AS with_cost, total(total_cost_usd) AS total_cost_usd,
  sum(with_latency) AS with_latency, total(total_latency_ms) AS total_latency_ms,
  json_group_array(json_object(
    'minute', minute, 'calls', calls, 'ended', ended, 'analyzed', analyzed,
    'with_duration', with_duration, 'total_duration_seconds', total_duration_seconds,
    'with_cost', with_cost, 'total_cost_usd', total_cost_usd, 'with_latency', with_latency, 'total_latency_ms', total_latency_ms
  )) AS quarters,
  coalesce(disposition_lists.list, '[]') AS dispositions, coalesce(metric_lists.list, '[]') AS metrics,
  coalesce(tool_lists.list, '[]') AS tools
FROM quarters LEFT JOIN disposition_lists USING (hour, agent_id) LEFT JOIN metric_lists USING (hour, agent_id)
LEFT JOIN tool_lists USING (hour, agent_id)
GROUP BY hour, agent_id`;
}
