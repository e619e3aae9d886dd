-- When do people call? The day of the week, 0 is Sunday, and the hour.
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT
  CAST(strftime('%w', calls.called_at, asked.time_zone) AS INTEGER) AS weekday,
  CAST(strftime('%H', calls.called_at, asked.time_zone) AS INTEGER) AS hour,
  count(*) AS calls
FROM asked CROSS JOIN calls
WHERE calls.time_order >= round(unixepoch(asked.since, 'subsec') * 1000) * 524288
  AND calls.time_order < round(unixepoch(asked.until, 'subsec') * 1000) * 524288
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
GROUP BY 1, 2
ORDER BY 1, 2
