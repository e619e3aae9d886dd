WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- Which agents took calls, and how many?
SELECT calls.agent_id, count(*) AS calls
FROM parameters CROSS JOIN calls
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
GROUP BY calls.agent_id
ORDER BY calls DESC, calls.agent_id
LIMIT 200
