-- How did the calls end, and how long did each kind take?
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT
  coalesce(calls.disposition, 'none') AS disposition,
  count(*) AS calls,
  avg(calls.duration_seconds) AS average_duration_seconds
FROM asked CROSS JOIN calls
WHERE calls.ten_minutes BETWEEN substr(asked.since, 1, 15) AND substr(asked.until, 1, 15)
  AND calls.called_at >= asked.since AND calls.called_at < asked.until
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
  AND calls.ended_at IS NOT NULL
GROUP BY 1
ORDER BY calls DESC, 1
LIMIT 20
