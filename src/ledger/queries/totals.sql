-- How many calls were there, how did they come out, and how long did they take?
-- What is beyond 1e290 counts as that: else a few absurd numbers make a sum infinite, which no JSON can tell.
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT
  count(*) AS calls,
  count(calls.ended_at) AS ended,
  count(calls.analyzed_at) AS analyzed,
  coalesce(sum(max(-1e290, min(1e290, calls.duration_seconds))), 0) AS total_duration_seconds,
  avg(max(-1e290, min(1e290, calls.duration_seconds))) AS average_duration_seconds
FROM asked CROSS JOIN calls
WHERE calls.time_order >= round(unixepoch(asked.since, 'subsec') * 1000) * 524288
  AND calls.time_order < round(unixepoch(asked.until, 'subsec') * 1000) * 524288
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
