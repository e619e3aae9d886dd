-- What do the metrics say on the whole? The average of a boolean is the share of true.
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT
  metric.key AS metric,
  CASE
    WHEN metric.type IN ('true', 'false') THEN 'boolean'
    WHEN metric.type IN ('integer', 'real') THEN 'number'
    ELSE metric.type
  END AS type,
  count(*) AS calls,
  avg(iif(metric.type IN ('integer', 'real', 'true', 'false'), metric.value, NULL)) AS average,
  min(iif(metric.type IN ('integer', 'real'), metric.value, NULL)) AS least,
  max(iif(metric.type IN ('integer', 'real'), metric.value, NULL)) AS most
FROM asked CROSS JOIN calls CROSS JOIN json_each(calls.metrics) AS metric
WHERE calls.ten_minutes BETWEEN substr(asked.since, 1, 15) AND substr(asked.until, 1, 15)
  AND calls.called_at >= asked.since AND calls.called_at < asked.until
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
  AND metric.key <> '$overflow' AND metric.type <> 'null'
GROUP BY 1, 2
ORDER BY calls DESC, 1, 2
LIMIT 50
