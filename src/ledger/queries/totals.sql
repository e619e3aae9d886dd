WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- How many calls were there, how did they come out, how long did they take, what did they cost, and how fast were the agents?
SELECT
  count(*) AS calls,
  count(calls.ended_at) AS ended,
  count(calls.analyzed_at) AS analyzed,
  coalesce(sum(calls.duration_seconds), 0) AS total_duration_seconds,
  avg(calls.duration_seconds) AS average_duration_seconds,
  sum(calls.cost_usd) AS cost_usd,
  avg(calls.latency_ms) AS latency_ms
FROM parameters CROSS JOIN calls
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
