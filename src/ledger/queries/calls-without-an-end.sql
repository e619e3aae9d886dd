WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- Which calls began more than an hour ago and never ended?
SELECT calls.call_id, calls.agent_id, calls.caller_phone, calls.called_at, calls.status
FROM parameters CROSS JOIN calls
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
  AND calls.ended_at IS NULL
  AND calls.called_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
ORDER BY calls.called_at DESC, calls.id DESC
LIMIT 100
