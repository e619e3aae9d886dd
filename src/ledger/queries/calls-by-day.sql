WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- How many calls did each agent take a day, what did they cost, and how fast was it?
SELECT
  date(calls.called_at, parameters.time_zone) AS day,
  calls.agent_id,
  count(*) AS calls,
  count(calls.ended_at) AS ended,
  count(calls.analyzed_at) AS analyzed,
  count(calls.duration_seconds) AS with_duration,
  coalesce(sum(calls.duration_seconds), 0) AS total_duration_seconds,
  count(calls.cost_usd) AS with_cost,
  sum(calls.cost_usd) AS cost_usd,
  count(calls.latency_ms) AS with_latency,
  avg(calls.latency_ms) AS latency_ms
FROM parameters CROSS JOIN calls
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
GROUP BY day, calls.agent_id
ORDER BY day, calls DESC, calls.agent_id
