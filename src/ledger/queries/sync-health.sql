WITH parameters AS (SELECT date('now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%SZ', 'now') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- What has not arrived downstream yet, since when, and how much of it is overdue?
SELECT
  delivery.state,
  count(*) AS deliveries,
  coalesce(sum(delivery.overdue_at < parameters.until), 0) AS overdue,
  min(delivery.updated_at) AS oldest
FROM parameters CROSS JOIN sync_deliveries AS delivery
WHERE delivery.state <> 'delivered'
GROUP BY delivery.state
ORDER BY delivery.state
