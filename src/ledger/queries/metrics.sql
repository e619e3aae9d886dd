WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- What do the metrics say on the whole? The average of a boolean is the share of true.
-- What is beyond 1e290 counts as that: else a few absurd numbers make a sum infinite, which JSON cannot express.
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
FROM parameters CROSS JOIN calls CROSS JOIN json_each(calls.metrics) AS metric
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
  AND metric.key <> '$overflow' AND metric.type <> 'null'
GROUP BY 1, 2
ORDER BY calls DESC, 1, 2
LIMIT 50
