import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import { MESSAGE_PATIENCE_SECONDS } from "./deliveries.ts";
import { stuckBefore, stuckSql } from "./jobs.ts";
import { missingSince, missingSql } from "./recordings.ts";
import { parseRows } from "./schema.ts";
import { undeliveredSql } from "./undelivered.ts";

const backlogRow = z.object({
  kind: z.enum(["overdue_deliveries", "failed_deliveries", "recordings", "stuck_jobs"]),
  count: z.number(),
  oldest: z.string().nullable().describe("ISO 8601 UTC; null when there is none"),
});

/** The backlog of one kind in D1. */
export type BacklogRow = z.infer<typeof backlogRow>;

/**
 * Counts overdue and failed deliveries, recordings that were given up in the last seven days, and jobs without progress, in one query.
 * @returns with `bytes`, the size of the database
 * @throws when D1 does not answer or has not been migrated
 */
export async function countBacklog(db: D1Database, now: Date): Promise<{ backlog: BacklogRow[]; bytes: number }> {
  const query = db
    .prepare(
      `SELECT 'overdue_deliveries' AS kind, count(*) AS count, min(updated_at) AS oldest FROM sync_deliveries WHERE overdue_at < ?1
       UNION ALL SELECT 'failed_deliveries', count(*), min(updated_at) FROM sync_deliveries WHERE ${undeliveredSql} AND state = 'failed'
       UNION ALL SELECT 'recordings', count(*), min(updated_at) FROM ledger_recordings WHERE ${missingSql} ?2
       UNION ALL SELECT 'stuck_jobs', count(*), min(updated_at) FROM ledger_jobs WHERE ${stuckSql} ?3`,
    )
    .bind(now.toISOString(), missingSince(now), stuckBefore(now));
  const result = await askStore("D1", () => query.all());
  return { backlog: parseRows(backlogRow, result), bytes: result.meta.size_after };
}

/** Deliveries of each kind that are looked at, the oldest events first: a query of every minute reads no more. */
const MAX_LOOKED_AT = 1_000;

const undeliveredRow = z.object({ overdue: z.number(), failed: z.number() });

/**
 * Counts what the queue does not carry and what failed, among 1,000 deliveries each. The relay's own claims move `overdue_at` on, so
 * overdue are here the deliveries that it sent again twice or more, after six minutes at the least, without an attempt since.
 * @returns with `bytes`, the size of the database
 */
export async function countFirstUndelivered(
  db: D1Database,
): Promise<z.infer<typeof undeliveredRow> & { bytes: number }> {
  const first = (state: "pending" | "failed") =>
    `SELECT * FROM sync_deliveries WHERE ${undeliveredSql} AND state = '${state}' ORDER BY occurred_at LIMIT ${MAX_LOOKED_AT}`;
  const query = db.prepare(
    // An attempt puts the next one later than itself; a claim does not. The relay doubles its patience with each claim, so that what a
    // person or a job has just sent again is not counted.
    `SELECT
       (SELECT count(*) FROM (${first("pending")}) WHERE next_attempt_at = updated_at
          AND unixepoch(overdue_at) - unixepoch(updated_at) >= ${MESSAGE_PATIENCE_SECONDS << 2}) AS overdue,
       (SELECT count(*) FROM (${first("failed")})) AS failed`,
  );
  const result = await askStore("D1", () => query.all());
  const [counts = { overdue: 0, failed: 0 }] = parseRows(undeliveredRow, result);
  return { ...counts, bytes: result.meta.size_after };
}
