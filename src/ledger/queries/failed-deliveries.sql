-- Which deliveries failed, and why?
WITH asked AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS until, NULL AS agent_id, '+0 minutes' AS time_zone)
SELECT delivery.event_id, delivery.destination, delivery.call_id, delivery.attempts, delivery.last_error, delivery.updated_at
FROM asked CROSS JOIN sync_deliveries AS delivery
-- The first condition is what lets SQLite use the index of what is not delivered.
WHERE delivery.state <> 'delivered' AND delivery.state = 'failed'
  AND delivery.updated_at >= asked.since AND delivery.updated_at < asked.until
ORDER BY delivery.updated_at DESC, delivery.event_id, delivery.destination
LIMIT 200
