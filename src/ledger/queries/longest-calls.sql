-- Which calls took longest?
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT calls.call_id, calls.agent_id, calls.called_at, calls.duration_seconds, calls.disposition
FROM asked CROSS JOIN calls
WHERE calls.ten_minutes BETWEEN substr(asked.since, 1, 15) AND substr(asked.until, 1, 15)
  AND calls.called_at >= asked.since AND calls.called_at < asked.until
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
  AND calls.duration_seconds IS NOT NULL
ORDER BY calls.duration_seconds DESC, calls.call_id
LIMIT 20
