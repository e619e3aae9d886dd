-- How many calls were there in each hour?
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT
  strftime('%Y-%m-%dT%H', calls.called_at, asked.time_zone) AS hour,
  count(*) AS calls,
  count(calls.ended_at) AS ended,
  count(calls.analyzed_at) AS analyzed
FROM asked CROSS JOIN calls
WHERE calls.time_order >= round(unixepoch(asked.since, 'subsec') * 1000) * 524288
  AND calls.time_order < round(unixepoch(asked.until, 'subsec') * 1000) * 524288
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
GROUP BY hour
ORDER BY hour
