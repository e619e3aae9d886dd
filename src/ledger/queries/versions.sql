WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- What did a new version of an agent change? A row a measure and version, so that before stands above after: the number of calls, the
-- averages of duration, cost and latency, the share of each disposition among the calls that ended, and the average of each metric that is
-- a number or a boolean; of dispositions and metrics the 20 that most calls have.
, versioned AS MATERIALIZED (
  SELECT
    calls.agent_id, calls.agent_version, calls.called_at, calls.ended_at, calls.disposition, calls.metrics,
    calls.duration_seconds, calls.cost_usd, calls.latency_ms
  FROM parameters CROSS JOIN calls
  WHERE calls.called_at >= parameters.since
    AND calls.called_at < parameters.until
    AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
), versions AS MATERIALIZED (
  SELECT
    agent_id, agent_version, min(called_at) AS since, count(*) AS calls, count(ended_at) AS ended,
    count(duration_seconds) AS with_duration, avg(duration_seconds) AS duration_seconds,
    count(cost_usd) AS with_cost, avg(cost_usd) AS cost_usd,
    count(latency_ms) AS with_latency, avg(latency_ms) AS latency_ms
  FROM versioned GROUP BY agent_id, agent_version
), frequent_dispositions AS (
  SELECT disposition FROM versioned WHERE ended_at IS NOT NULL GROUP BY disposition ORDER BY count(*) DESC, disposition LIMIT 20
), metric AS MATERIALIZED (
  SELECT agent_id, agent_version, metric.key AS name, count(*) AS calls, avg(max(-1e290, min(1e290, metric.value))) AS average
  FROM versioned CROSS JOIN json_each(versioned.metrics) AS metric
  WHERE metric.key <> '$overflow' AND metric.type IN ('true', 'false', 'integer', 'real')
  GROUP BY 1, 2, 3
), frequent_metrics AS (
  SELECT name FROM metric GROUP BY name ORDER BY sum(calls) DESC, name LIMIT 20
), measures AS (
  -- D1 takes five terms of a UNION at most.
  SELECT
    agent_id, agent_version, measure.key AS place, measure.value AS measure, '' AS name,
    CASE measure.key WHEN 0 THEN calls WHEN 1 THEN with_duration WHEN 2 THEN with_cost ELSE with_latency END AS calls,
    CASE measure.key WHEN 0 THEN calls WHEN 1 THEN duration_seconds WHEN 2 THEN cost_usd ELSE latency_ms END AS value
  FROM versions CROSS JOIN json_each('["calls", "duration_seconds", "cost_usd", "latency_ms"]') AS measure
  UNION ALL
  SELECT
    versions.agent_id, versions.agent_version, 5, 'disposition', substr(coalesce(disposition, 'none given'), 1, 200),
    count(*), count(*) * 1.0 / versions.ended
  FROM versions JOIN versioned ON versioned.agent_id = versions.agent_id AND versioned.agent_version IS versions.agent_version
  WHERE versioned.ended_at IS NOT NULL AND coalesce(disposition, '') IN (SELECT coalesce(disposition, '') FROM frequent_dispositions)
  GROUP BY versions.agent_id, versions.agent_version, disposition
  UNION ALL
  SELECT agent_id, agent_version, 6, 'metric', substr(name, 1, 200), calls, average FROM metric WHERE name IN frequent_metrics
)
SELECT measures.agent_id, measures.measure, measures.name, measures.agent_version, versions.since, measures.calls, measures.value
FROM measures JOIN versions ON versions.agent_id = measures.agent_id AND versions.agent_version IS measures.agent_version
WHERE measures.calls > 0
ORDER BY measures.agent_id, measures.place, measures.name, versions.since, measures.agent_version
LIMIT 2000
