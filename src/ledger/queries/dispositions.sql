-- How did the calls end, and how long did each kind take?
-- What is beyond 1e290 counts as that: else a few absurd numbers make a sum infinite, which no JSON can tell.
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT
  coalesce(calls.disposition, 'none') AS disposition,
  count(*) AS calls,
  avg(max(-1e290, min(1e290, calls.duration_seconds))) AS average_duration_seconds
FROM asked CROSS JOIN calls
WHERE calls.time_order >= round(unixepoch(asked.since, 'subsec') * 1000) * 524288
  AND calls.time_order < round(unixepoch(asked.until, 'subsec') * 1000) * 524288
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
  AND calls.ended_at IS NOT NULL
GROUP BY 1
ORDER BY calls DESC, 1
LIMIT 20
