WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- How did the calls end, how long did each kind take, and what did it cost? NULL: no disposition was given.
SELECT
  calls.disposition,
  count(*) AS calls,
  avg(calls.duration_seconds) AS average_duration_seconds,
  sum(calls.cost_usd) AS cost_usd,
  avg(calls.latency_ms) AS latency_ms
FROM parameters CROSS JOIN calls
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
  AND calls.ended_at IS NOT NULL
GROUP BY 1
ORDER BY calls DESC, 1
LIMIT 20
