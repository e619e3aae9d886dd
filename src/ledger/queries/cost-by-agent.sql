WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- What do the calls of each agent cost? In US dollars, as far as the platforms say it: together, a call, and a minute.
SELECT
  calls.agent_id,
  count(*) AS calls,
  count(calls.cost_usd) AS with_cost,
  sum(calls.cost_usd) AS cost_usd,
  avg(calls.cost_usd) AS cost_usd_a_call,
  60 * sum(iif(calls.duration_seconds IS NULL, NULL, calls.cost_usd))
    / nullif(sum(iif(calls.cost_usd IS NULL, NULL, calls.duration_seconds)), 0) AS cost_usd_a_minute
FROM parameters CROSS JOIN calls
WHERE calls.called_at >= parameters.since
  AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)
GROUP BY calls.agent_id
ORDER BY cost_usd DESC, calls.agent_id
LIMIT 200
