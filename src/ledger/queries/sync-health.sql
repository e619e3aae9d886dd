WITH parameters AS (SELECT date('now', '-30 days') AS since, strftime('%Y-%m-%dT%H:%M:%SZ', 'now') AS until, NULL AS agent_id, '+00:00' AS time_zone)
-- What has not arrived downstream yet, since when, and how much of it is overdue? Of each state 200 are counted, pending ones that are
-- due first, so that a crowd of failures costs a page no more; without the two limits it counts them all.
SELECT
  due.state,
  count(*) AS deliveries,
  coalesce(sum(due.overdue_at < parameters.until), 0) AS overdue,
  min(due.updated_at) AS oldest
FROM parameters CROSS JOIN (
  SELECT * FROM (
    SELECT delivery.state, delivery.overdue_at, delivery.updated_at FROM sync_deliveries AS delivery
    WHERE delivery.state IN ('pending', 'failed') AND delivery.state = 'failed'
    ORDER BY delivery.occurred_at
    LIMIT 200
  )
  UNION ALL SELECT * FROM (
    SELECT delivery.state, delivery.overdue_at, delivery.updated_at FROM sync_deliveries AS delivery
    WHERE delivery.overdue_at IS NOT NULL AND delivery.state = 'pending'
    ORDER BY delivery.overdue_at
    LIMIT 200
  )
) AS due
GROUP BY due.state
ORDER BY due.state
