-- What has not arrived downstream yet, since when, and how much of it is overdue?
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT
  delivery.state,
  count(*) AS deliveries,
  coalesce(sum(delivery.overdue_at < asked.until), 0) AS overdue,
  min(delivery.updated_at) AS oldest
FROM asked CROSS JOIN sync_deliveries AS delivery
WHERE delivery.state <> 'delivered'
GROUP BY delivery.state
ORDER BY delivery.state
