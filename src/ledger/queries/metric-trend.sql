-- How do the metrics that are numbers or booleans go from day to day?
-- What is beyond 1e290 counts as that: else a few absurd numbers make a sum infinite, which no JSON can tell.
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT
  metric.key AS metric,
  date(calls.called_at, asked.time_zone) AS day,
  avg(max(-1e290, min(1e290, metric.value))) AS average,
  count(*) AS calls
FROM asked CROSS JOIN calls CROSS JOIN json_each(calls.metrics) AS metric
WHERE calls.time_order >= round(unixepoch(asked.since, 'subsec') * 1000) * 524288
  AND calls.time_order < round(unixepoch(asked.until, 'subsec') * 1000) * 524288
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
  AND metric.key <> '$overflow' AND metric.type IN ('true', 'false', 'integer', 'real')
GROUP BY 1, 2
ORDER BY 1, 2
LIMIT 5000
