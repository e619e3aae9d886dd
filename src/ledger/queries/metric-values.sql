-- Which values does each metric take, and how often? The eight most frequent of each.
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
, counted AS (
  SELECT
    metric.key AS metric,
    CASE
      WHEN metric.type IN ('true', 'false') THEN 'boolean'
      WHEN metric.type IN ('integer', 'real') THEN 'number'
      ELSE metric.type
    END AS type,
    CASE metric.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE substr(metric.value, 1, 100) END AS value,
    count(*) AS calls
  FROM asked CROSS JOIN calls CROSS JOIN json_each(calls.metrics) AS metric
  WHERE calls.time_order >= round(unixepoch(asked.since, 'subsec') * 1000) * 524288
    AND calls.time_order < round(unixepoch(asked.until, 'subsec') * 1000) * 524288
    AND (asked.agent_id IS NULL OR calls.agent_id = asked.agent_id)
    AND metric.key <> '$overflow' AND metric.type IN ('true', 'false', 'integer', 'real', 'text')
  GROUP BY 1, 2, 3
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY metric, type ORDER BY calls DESC, value) AS place FROM counted
)
SELECT metric, type, value, calls
FROM placed
WHERE place <= 8
ORDER BY metric, type, place
LIMIT 400
