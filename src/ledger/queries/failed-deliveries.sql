WITH parameters AS (SELECT date('now', '-30 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- Which deliveries failed, and why?
SELECT delivery.event_id, delivery.destination, delivery.call_id, delivery.attempts, delivery.last_error, delivery.updated_at
FROM parameters CROSS JOIN sync_deliveries AS delivery
-- The first condition is what lets SQLite use the index of what is not delivered.
WHERE delivery.state IN ('pending', 'failed') AND delivery.state = 'failed'
  AND delivery.updated_at >= parameters.since AND delivery.updated_at < parameters.until
ORDER BY delivery.updated_at DESC, delivery.event_id, delivery.destination
LIMIT 200
