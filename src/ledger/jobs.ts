import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import { type LedgerReader, parseRows } from "./schema.ts";

/** `errored`: a step failed, and the cron goes on with it. */
export const jobStatus = z.enum(["running", "complete", "errored", "stopped"]);
export type JobStatus = z.infer<typeof jobStatus>;

const jobKind = z.enum(["erasure", "send-again", "letting-go", "fetch", "import"]);
export type JobKind = z.infer<typeof jobKind>;

const jobRow = z.object({
  id: z.string(),
  kind: jobKind,
  status: jobStatus,
  /** JSON; null once an erasure is swept. */
  subject: z.string().nullable(),
  /** JSON. */
  output: z.string(),
  /** JSON; null at the beginning. */
  position: z.string().nullable(),
});
const columns = jobRow.keyof().options.join(", ");

/** A row of `ledger_jobs`. */
export type JobRow = z.infer<typeof jobRow>;

/**
 * Adds a job. Safe to repeat.
 * @param dueAt when the cron goes on with it, unless it makes progress
 */
export async function insertJob(
  db: D1Database,
  { id, kind, subject, output, position }: Omit<JobRow, "status">,
  dueAt: Date,
  now: Date,
): Promise<void> {
  const insert = db
    .prepare(
      `INSERT INTO ledger_jobs (id, kind, status, subject, output, position, due_at, updated_at)
       VALUES (?1, ?2, 'running', ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING`,
    )
    .bind(id, kind, subject, output, position, dueAt.toISOString(), now.toISOString());
  await askStore("D1", () => insert.run());
}

export async function readJob(db: D1Database, id: string): Promise<JobRow | undefined> {
  const query = db.prepare(`SELECT ${columns} FROM ledger_jobs WHERE id = ?1`).bind(id);
  return parseRows(jobRow, await askStore("D1", () => query.all()))[0];
}

/**
 * Records the progress of a job. A complete job stays complete. Safe to repeat.
 * @param dueAt when the cron goes on with it, or sweeps after it; `undefined`: never
 */
export async function saveJob(
  db: D1Database,
  { id, status, output, position }: { id: string; status: JobStatus; output: object; position: object | undefined },
  dueAt: Date | undefined,
  now: Date,
): Promise<void> {
  const update = db
    .prepare(
      `UPDATE ledger_jobs
       SET status = iif(status = 'complete', status, ?2), output = ?3, position = ?4, due_at = ?5, updated_at = ?6
       WHERE id = ?1 AND subject IS NOT NULL`,
    )
    .bind(
      ...[id, status, JSON.stringify(output), position === undefined ? null : JSON.stringify(position)],
      ...[dueAt?.toISOString() ?? null, now.toISOString()],
    );
  await askStore("D1", () => update.run());
}

/** Marks a job as failed, until the cron goes on with it. */
export async function failJob(db: D1Database, id: string, dueAt: Date, now: Date): Promise<void> {
  const update = db
    .prepare(
      `UPDATE ledger_jobs SET status = 'errored', due_at = ?2, updated_at = ?3 WHERE id = ?1 AND status NOT IN ('complete', 'stopped')`,
    )
    .bind(id, dueAt.toISOString(), now.toISOString());
  await askStore("D1", () => update.run());
}

/** Progress of a job, from the position where it was. */
export interface JobProgress {
  status: JobStatus;
  output: object;
  position: object;
  /** The position that it went on from, as it was read: another instance of the job may be further by now. */
  from: string | null;
}

/** Records progress of a job that is neither over nor further by now. Safe to repeat. @param dueAt `undefined`: the cron leaves it alone */
export async function advanceJob(
  db: D1Database,
  id: string,
  { status, output, position, from }: JobProgress,
  dueAt: Date | undefined,
  now: Date,
): Promise<void> {
  const update = db
    .prepare(
      `UPDATE ledger_jobs SET status = ?2, output = ?3, position = ?4, due_at = ?5, updated_at = ?6
       WHERE id = ?1 AND position IS ?7 AND ${openSql}`,
    )
    .bind(
      ...[id, status, JSON.stringify(output), JSON.stringify(position)],
      ...[dueAt?.toISOString() ?? null, now.toISOString(), from],
    );
  await askStore("D1", () => update.run());
}

/** Puts off the moment when the cron goes on with a job. Safe to repeat. */
export async function putOffJob(db: D1Database, id: string, dueAt: Date): Promise<void> {
  const update = db
    .prepare("UPDATE ledger_jobs SET due_at = ?2 WHERE id = ?1 AND due_at IS NOT NULL")
    .bind(id, dueAt.toISOString());
  await askStore("D1", () => update.run());
}

/** A condition for a job that goes on. */
export const openSql = "status IN ('running', 'errored')";

/** Lists the jobs of a kind that go on. */
export async function listOpenJobs(db: LedgerReader, kind: JobKind): Promise<JobRow[]> {
  const query = db.prepare(`SELECT ${columns} FROM ledger_jobs WHERE kind = ?1 AND ${openSql}`).bind(kind);
  return parseRows(jobRow, await askStore("D1", () => query.all()));
}

/** Finds a job of a kind that goes on. */
export async function findOpenJob(db: LedgerReader, kind: JobKind): Promise<JobRow | undefined> {
  return (await listOpenJobs(db, kind))[0];
}

/** Stops a job that goes on: no step of it takes anything any more. Safe to repeat. */
export async function stopJob(db: D1Database, id: string, now: Date): Promise<void> {
  const update = db
    .prepare(`UPDATE ledger_jobs SET status = 'stopped', due_at = NULL, updated_at = ?2 WHERE id = ?1 AND ${openSql}`)
    .bind(id, now.toISOString());
  await askStore("D1", () => update.run());
}

/** Forgets the subject of a complete job that is swept. Safe to repeat. */
export async function forgetSubject(db: D1Database, id: string): Promise<void> {
  const update = db
    .prepare("UPDATE ledger_jobs SET subject = NULL, position = NULL, due_at = NULL WHERE id = ?1")
    .bind(id);
  await askStore("D1", () => update.run());
}

/** Lists jobs of a kind without progress, and complete erasures that are to be swept, longest due first. */
export async function listDueJobs(db: D1Database, kind: JobKind, limit: number, now: Date): Promise<JobRow[]> {
  const query = db
    .prepare(`SELECT ${columns} FROM ledger_jobs WHERE due_at <= ?1 AND kind = ?2 ORDER BY due_at LIMIT ?3`)
    .bind(now.toISOString(), kind, limit);
  return parseRows(jobRow, await askStore("D1", () => query.all()));
}

/** Time after which a job stands still: the cron should have gone on with it. */
const STUCK_MS = 60 * 60 * 1000;

/** A condition for jobs that make no progress, which ends before its parameter: {@link stuckBefore}. */
export const stuckSql =
  "due_at IS NOT NULL AND status IN ('errored', 'running') AND iif(status = 'errored', '', due_at) <";

export function stuckBefore(now: Date): string {
  return new Date(now.getTime() - STUCK_MS).toISOString();
}

const stuckRow = z.object({
  count: z.number(),
  kind: jobKind.nullable().describe("of the one that stands still for longest"),
  oldest: z.string().nullable().describe("its last progress, ISO 8601 UTC"),
});

/** Reads how many jobs make no progress. */
export async function readStuckJobs(db: LedgerReader, now: Date): Promise<z.infer<typeof stuckRow>> {
  const query = db
    .prepare(`SELECT count(*) AS count, kind, min(updated_at) AS oldest FROM ledger_jobs WHERE ${stuckSql} ?1`)
    .bind(stuckBefore(now));
  const [row = { count: 0, kind: null, oldest: null }] = parseRows(stuckRow, await askStore("D1", () => query.all()));
  return row;
}

const JOB_DAYS = 7;

/** Deletes jobs that ended a week ago, erasures once they are swept. Safe to repeat. */
export async function deleteOldJobs(db: D1Database, now: Date): Promise<void> {
  const oldest = new Date(now.getTime() - JOB_DAYS * 24 * 60 * 60 * 1000).toISOString();
  const remove = db.prepare("DELETE FROM ledger_jobs WHERE due_at IS NULL AND updated_at < ?1").bind(oldest);
  await askStore("D1", () => remove.run());
}
