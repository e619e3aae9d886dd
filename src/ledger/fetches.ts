import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import { jobStatus } from "./jobs.ts";
import { type LedgerReader, parseRows } from "./schema.ts";

const fetchRow = z.object({
  platform: z.string(),
  job: z.string(),
  started_at: z.string(),
  complete_until: z.string().nullable(),
  day: z.string().nullable(),
  failing_since: z.string().nullable(),
  reason: z.string().nullable(),
  missed: z.number(),
  missed_at: z.string().nullable(),
  status: jobStatus.nullable().describe("of the newest run; null once its job is forgotten"),
});

/** How far fetching from a platform is: a row of `ledger_fetches`, with the state of its newest run. */
export type FetchRow = z.infer<typeof fetchRow>;

const select = `SELECT ledger_fetches.*, ledger_jobs.status FROM ledger_fetches LEFT JOIN ledger_jobs ON ledger_jobs.id = job`;

export async function readFetches(db: LedgerReader): Promise<FetchRow[]> {
  const query = db.prepare(`${select} ORDER BY platform`);
  return parseRows(fetchRow, await askStore("D1", () => query.all()));
}

/** Records that a run of a platform has begun. Safe to repeat. */
export async function beginFetch(db: D1Database, platform: string, job: string, now: Date): Promise<void> {
  const upsert = db
    .prepare(
      `INSERT INTO ledger_fetches (platform, job, started_at, missed) VALUES (?1, ?2, ?3, 0)
       ON CONFLICT (platform) DO UPDATE SET job = excluded.job, started_at = excluded.started_at`,
    )
    .bind(platform, job, now.toISOString());
  await askStore("D1", () => upsert.run());
}

/** How a run ended. */
export interface FetchEnd {
  platform: string;
  job: string;
  /** Calls whose end was missing. */
  missed: number;
  /** The day that was listed by date; null: none. */
  day: string | null;
  /** Why the run failed; null: it did not. */
  reason: string | null;
}

/** Records how a run ended; if well, all that came before it began is in the ledger. Safe to repeat. No-op once another has begun. */
export async function endFetch(
  db: D1Database,
  { platform, job, missed, day, reason }: FetchEnd,
  now: Date,
): Promise<void> {
  const update = db
    .prepare(
      `UPDATE ledger_fetches SET
         complete_until = iif(?4 IS NULL, started_at, complete_until),
         failing_since = iif(?4 IS NULL, NULL, coalesce(failing_since, started_at)),
         reason = ?4,
         day = iif(?4 IS NULL, coalesce(?5, day), day),
         missed_at = iif(?3 > 0, ?6, missed_at),
         missed = iif(?3 > 0, ?3, missed)
       WHERE platform = ?1 AND job = ?2`,
    )
    .bind(platform, job, missed, reason, day, now.toISOString());
  await askStore("D1", () => update.run());
}
