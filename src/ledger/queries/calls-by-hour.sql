WITH parameters AS (SELECT date('now', '-1 day') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- How many calls were there in each hour, and what did they cost?
SELECT
  strftime('%Y-%m-%dT%H', calls.called_at, parameters.time_zone) AS hour,
  count(*) AS calls,
  count(calls.ended_at) AS ended,
  count(calls.analyzed_at) AS analyzed,
  sum(calls.cost_usd) AS cost_usd
FROM parameters CROSS JOIN calls
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
GROUP BY hour
ORDER BY hour
