WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- How do the metrics that are numbers or booleans go from day to day? The 20 that most calls have, so that a call with
-- thousands of names takes no other's place.
-- What is beyond 1e290 counts as that: else a few absurd numbers make a sum infinite, which JSON cannot express.
, by_day AS (
  SELECT
    metric.key AS metric,
    date(calls.called_at, parameters.time_zone) AS day,
    avg(max(-1e290, min(1e290, metric.value))) AS average,
    count(*) AS calls
  FROM parameters CROSS JOIN calls CROSS JOIN json_each(calls.metrics) AS metric
  WHERE calls.called_at >= parameters.since
    AND calls.called_at < parameters.until
    AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
    AND metric.key <> '$overflow' AND metric.type IN ('true', 'false', 'integer', 'real')
  GROUP BY 1, 2
), most_frequent AS (
  SELECT metric FROM by_day GROUP BY metric ORDER BY sum(calls) DESC, metric LIMIT 20
)
SELECT metric, day, average, calls
FROM by_day
WHERE metric IN most_frequent
ORDER BY metric, day
LIMIT 7500
