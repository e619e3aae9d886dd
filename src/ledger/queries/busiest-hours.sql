WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- When do people call? The day of the week, 0 is Sunday, and the hour.
SELECT
  CAST(strftime('%w', calls.called_at, parameters.time_zone) AS INTEGER) AS weekday,
  CAST(strftime('%H', calls.called_at, parameters.time_zone) AS INTEGER) AS hour,
  count(*) AS calls
FROM parameters CROSS JOIN calls
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
GROUP BY 1, 2
ORDER BY 1, 2
