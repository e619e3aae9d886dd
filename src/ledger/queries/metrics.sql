-- What do the metrics say on the whole? The average of a boolean is the share of true.
-- What is beyond 1e290 counts as that: else a few absurd numbers make a sum infinite, which no JSON can tell.
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT
  metric.key AS metric,
  CASE
    WHEN metric.type IN ('true', 'false') THEN 'boolean'
    WHEN metric.type IN ('integer', 'real') THEN 'number'
    ELSE metric.type
  END AS type,
  count(*) AS calls,
  avg(iif(metric.type IN ('integer', 'real', 'true', 'false'), max(-1e290, min(1e290, metric.value)), NULL)) AS average,
  min(iif(metric.type IN ('integer', 'real'), metric.value, NULL)) AS least,
  max(iif(metric.type IN ('integer', 'real'), metric.value, NULL)) AS most
FROM asked CROSS JOIN calls CROSS JOIN json_each(calls.metrics) AS metric
WHERE calls.time_order >= round(unixepoch(asked.since, 'subsec') * 1000) * 524288
  AND calls.time_order < round(unixepoch(asked.until, 'subsec') * 1000) * 524288
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
  AND metric.key <> '$overflow' AND metric.type <> 'null'
GROUP BY 1, 2
ORDER BY calls DESC, 1, 2
LIMIT 50
