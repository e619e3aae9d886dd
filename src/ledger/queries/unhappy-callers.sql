WITH parameters AS (SELECT date('now', '-7 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- Which callers of the last week were unhappy?
-- A call says so when a metric named after satisfaction or a rating is 2 or less, one named after being resolved is false, or
-- one named after a sentiment says negative. Name your own metrics in the last condition.
SELECT calls.call_id, calls.agent_id, calls.caller_phone, calls.called_at, metric.key AS metric, metric.value
FROM parameters CROSS JOIN calls CROSS JOIN json_each(calls.metrics) AS metric
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
  AND (
    ((metric.key LIKE '%satisf%' OR metric.key LIKE '%csat%' OR metric.key LIKE '%rating%')
      AND metric.type IN ('integer', 'real') AND metric.value <= 2)
    OR (metric.key LIKE '%resolved%' AND metric.type = 'false')
    OR (metric.key LIKE '%sentiment%' AND metric.type = 'text' AND lower(metric.value) IN ('negative', 'angry', 'frustrated'))
  )
ORDER BY calls.called_at DESC, calls.id DESC, metric.key
LIMIT 200
