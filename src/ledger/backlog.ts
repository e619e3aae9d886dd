import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import { missingSince, missingSql } from "./recordings.ts";
import { parseRows } from "./schema.ts";
import { undeliveredSql } from "./undelivered.ts";

const backlogRow = z.object({
  kind: z.enum(["overdue_deliveries", "failed_deliveries", "recordings"]),
  count: z.number(),
  oldest: z.string().nullable().describe("ISO 8601 UTC; null when there is none"),
});

/** The backlog of one kind in D1. */
export type BacklogRow = z.infer<typeof backlogRow>;

/**
 * Counts overdue and failed deliveries, and recordings that were given up in the last seven days, in one query.
 * @returns with `bytes`, the size of the database
 * @throws when D1 does not answer or has not been migrated
 */
export async function countBacklog(db: D1Database, now: Date): Promise<{ backlog: BacklogRow[]; bytes: number }> {
  const query = db
    .prepare(
      `SELECT 'overdue_deliveries' AS kind, count(*) AS count, min(updated_at) AS oldest FROM sync_deliveries WHERE overdue_at < ?1
       UNION ALL SELECT 'failed_deliveries', count(*), min(updated_at) FROM sync_deliveries WHERE ${undeliveredSql} AND state = 'failed'
       UNION ALL SELECT 'recordings', count(*), min(updated_at) FROM ledger_recordings WHERE ${missingSql} ?2`,
    )
    .bind(now.toISOString(), missingSince(now));
  const result = await askStore("D1", () => query.all());
  return { backlog: parseRows(backlogRow, result), bytes: result.meta.size_after };
}
