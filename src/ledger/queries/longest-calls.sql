WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- Which calls took longest?
SELECT calls.call_id, calls.agent_id, calls.called_at, calls.duration_seconds, calls.disposition
FROM parameters CROSS JOIN calls
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
  AND calls.duration_seconds IS NOT NULL
ORDER BY calls.duration_seconds DESC, calls.call_id
LIMIT 20
