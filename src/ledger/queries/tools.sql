WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- Which tools did the agents call, how often did they fail, and how long did they take? Of a platform that does not say how a tool ended,
-- none failed.
SELECT
  tool_calls.name,
  count(*) AS calls,
  count(iif(tool_calls.status = 'error', 1, NULL)) AS errors,
  avg(tool_calls.duration_ms) AS average_duration_ms
FROM parameters CROSS JOIN calls CROSS JOIN tool_calls ON tool_calls.call_id = calls.call_id
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
GROUP BY tool_calls.name
ORDER BY calls DESC, tool_calls.name
LIMIT 50
