-- Which calls took longest?
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT calls.call_id, calls.agent_id, calls.called_at, calls.duration_seconds, calls.disposition
FROM asked CROSS JOIN calls
WHERE calls.time_order >= round(unixepoch(asked.since, 'subsec') * 1000) * 524288
  AND calls.time_order < round(unixepoch(asked.until, 'subsec') * 1000) * 524288
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
  AND calls.duration_seconds IS NOT NULL
ORDER BY calls.duration_seconds DESC, calls.call_id
LIMIT 20
