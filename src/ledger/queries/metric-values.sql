WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- Which values does each metric take, and how often? The eight most frequent of each, of the 20 metrics that most calls have.
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
  FROM parameters CROSS JOIN calls CROSS JOIN json_each(calls.metrics) AS metric
  WHERE calls.called_at >= parameters.since
    AND calls.called_at < parameters.until
    AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
    AND metric.key <> '$overflow' AND metric.type IN ('true', 'false', 'integer', 'real', 'text')
  GROUP BY 1, 2, 3
), most_frequent AS (
  SELECT metric FROM counted GROUP BY metric ORDER BY sum(calls) DESC, metric LIMIT 20
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY metric, type ORDER BY calls DESC, value) AS rank
  FROM counted
  WHERE metric IN most_frequent
)
SELECT metric, type, value, calls
FROM ranked
WHERE rank <= 8
ORDER BY metric, type, rank
LIMIT 500
