-- Which calls began more than an hour ago and never ended?
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT calls.call_id, calls.agent_id, calls.caller_phone, calls.called_at, calls.status
FROM asked CROSS JOIN calls
WHERE calls.time_order >= round(unixepoch(asked.since, 'subsec') * 1000) * 524288
  AND calls.time_order < round(unixepoch(asked.until, 'subsec') * 1000) * 524288
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
  AND calls.ended_at IS NULL
  AND calls.called_at < strftime('%Y-%m-%dT%H:%M:%fZ', asked.until, '-1 hour')
ORDER BY calls.time_order DESC
LIMIT 100
