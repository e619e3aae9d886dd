/** What waits in D1: how many, and since when, ISO 8601 UTC; null when nothing does. */
export interface WaitingRow {
  what: "parked" | "pending" | "failed";
  count: number;
  oldest: string | null;
}

/**
 * Parked bodies, deliveries whose message is overdue, and failed deliveries, in one read of what waits and nothing else.
 * @param now ISO 8601 UTC
 * @throws when D1 does not answer or has not been migrated
 */
export async function countWaiting(db: D1Database, now: string): Promise<WaitingRow[]> {
  const { results } = await db
    .prepare(
      `SELECT 'parked' AS what, count(*) AS count, min(received_at) AS oldest FROM parked_bodies
       UNION ALL
       SELECT state, count(*), min(updated_at) FROM sync_deliveries
       WHERE state <> 'delivered' AND (state = 'failed' OR overdue_at < ?1) GROUP BY state`,
    )
    .bind(now)
    .all<WaitingRow>();
  return results;
}
