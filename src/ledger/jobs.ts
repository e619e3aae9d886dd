import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import { writeFromReserve } from "./reserve.ts";
import { parseRows } from "./schema.ts";

export const jobStatus = z.enum(["running", "complete", "errored"]);

const jobRow = z.object({
  id: z.string(),
  status: jobStatus,
  /** JSON; null once the job is complete, and of second passes. */
  subject: z.string().nullable(),
  /** JSON. */
  output: z.string(),
});

/** A job as its row has it: what it is about, and how far it is. */
export type JobRow = z.infer<typeof jobRow>;

/**
 * Adds a job. Safe to repeat.
 * @param dueAt when the cron starts it again for want of progress; `undefined`: never
 */
export async function insertJob(
  db: D1Database,
  { id, subject, output }: Pick<JobRow, "id" | "subject" | "output">,
  dueAt: Date | undefined,
  now: Date,
): Promise<void> {
  const insert = db
    .prepare(
      `INSERT INTO ledger_jobs (id, status, subject, output, due_at, updated_at) VALUES (?1, 'running', ?2, ?3, ?4, ?5)
       ON CONFLICT DO NOTHING`,
    )
    .bind(id, subject, output, dueAt?.toISOString() ?? null, now.toISOString());
  await writeFromReserve(db, [insert]);
}

export async function readJob(db: D1Database, id: string): Promise<JobRow | undefined> {
  const query = db.prepare("SELECT id, status, subject, output FROM ledger_jobs WHERE id = ?1").bind(id);
  return parseRows(jobRow, await askStore("D1", () => query.all()))[0];
}

/** Records progress: the cron starts the job again when none follows until `dueAt`. Safe to repeat. */
export async function saveJobProgress(
  db: D1Database,
  id: string,
  output: object,
  dueAt: Date,
  now: Date,
): Promise<void> {
  const update = db
    .prepare(
      "UPDATE ledger_jobs SET output = ?2, due_at = iif(subject IS NULL, NULL, ?3), updated_at = ?4 WHERE id = ?1 AND status = 'running'",
    )
    .bind(id, JSON.stringify(output), dueAt.toISOString(), now.toISOString());
  await writeFromReserve(db, [update]);
}

/** Marks a job as started. Safe to repeat. */
export async function saveJobStart(db: D1Database, id: string, dueAt: Date, now: Date): Promise<void> {
  const update = db
    .prepare(
      "UPDATE ledger_jobs SET status = 'running', due_at = ?2, updated_at = ?3 WHERE id = ?1 AND status <> 'complete'",
    )
    .bind(id, dueAt.toISOString(), now.toISOString());
  await writeFromReserve(db, [update]);
}

/**
 * Ends a job. The subject of a complete one goes: nothing of a person stays in what was erased for them. Safe to repeat.
 * @param dueAt when the cron starts it again; `undefined`: never
 */
export async function endJob(
  db: D1Database,
  id: string,
  status: "complete" | "errored",
  dueAt: Date | undefined,
  now: Date,
): Promise<void> {
  const update = db
    .prepare(
      `UPDATE ledger_jobs SET status = ?2, subject = iif(?2 = 'complete', NULL, subject), due_at = ?3, updated_at = ?4
       WHERE id = ?1 AND status <> 'complete'`,
    )
    .bind(id, status, dueAt?.toISOString() ?? null, now.toISOString());
  await writeFromReserve(db, [update]);
}

/** Jobs without progress. */
export async function listDueJobs(db: D1Database, limit: number, now: Date): Promise<JobRow[]> {
  const query = db
    .prepare("SELECT id, status, subject, output FROM ledger_jobs WHERE due_at < ?1 ORDER BY due_at LIMIT ?2")
    .bind(now.toISOString(), limit);
  return parseRows(jobRow, await askStore("D1", () => query.all()));
}

const JOB_DAYS = 7;

/** Deletes jobs that ended a week ago. Safe to repeat. */
export async function deleteOldJobs(db: D1Database, now: Date): Promise<void> {
  const oldest = new Date(now.getTime() - JOB_DAYS * 24 * 60 * 60 * 1000).toISOString();
  await askStore("D1", () =>
    db.prepare("DELETE FROM ledger_jobs WHERE due_at IS NULL AND updated_at < ?1").bind(oldest).run(),
  );
}
