WITH parameters AS (SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-6 hours') AS since, date('now', '+2 days') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- Which calls are going on? A call that began more than six hours ago has lost its end.
SELECT calls.call_id, calls.agent_id, calls.call_direction, calls.caller_phone, calls.called_at
FROM parameters CROSS JOIN calls
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
  AND calls.status = 'active'
ORDER BY calls.called_at DESC, calls.id DESC
LIMIT 50
