-- Which callers of the last week were unhappy?
-- A call says so when a metric named after satisfaction or a rating is 2 or less, one named after being resolved is false, or
-- one named after a sentiment says negative. Name your own metrics in the last condition.
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-7 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT calls.call_id, calls.agent_id, calls.caller_phone, calls.called_at, metric.key AS metric, metric.value
FROM asked CROSS JOIN calls CROSS JOIN json_each(calls.metrics) AS metric
WHERE calls.time_order >= round(unixepoch(asked.since, 'subsec') * 1000) * 524288
  AND calls.time_order < round(unixepoch(asked.until, 'subsec') * 1000) * 524288
  AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
  AND (
    ((metric.key LIKE '%satisf%' OR metric.key LIKE '%csat%' OR metric.key LIKE '%rating%')
      AND metric.type IN ('integer', 'real') AND metric.value <= 2)
    OR (metric.key LIKE '%resolved%' AND metric.type = 'false')
    OR (metric.key LIKE '%sentiment%' AND metric.type = 'text' AND lower(metric.value) IN ('negative', 'angry', 'frustrated'))
  )
ORDER BY calls.time_order DESC, metric.key
LIMIT 200
