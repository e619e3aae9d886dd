import * as z from "zod";
import { findOpenJob, insertJob, type JobRow, jobStatus, listDueJobs } from "../ledger/jobs.ts";
import { readSettings } from "../settings.ts";
import { createInstance } from "../stores/workflow.ts";
import { isAnyDue } from "./batch.ts";
import { lettingGoOutput, nothingLeft, PATIENCE_MS, performStep } from "./step.ts";

/** A job that lets calls go, as the outside sees it. */
export const lettingGoView = z.object({ status: jobStatus, output: lettingGoOutput });

/** Returns the state of a job that lets calls go; `undefined` for another job. */
export function viewLettingGo({ kind, status, output }: JobRow): z.infer<typeof lettingGoView> | undefined {
  return kind === "letting-go" ? lettingGoView.parse({ status, output: JSON.parse(output) }) : undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Returns the first UTC day that stays in D1: those before it have been over for `hotDays` days. */
export function firstHotDay(now: Date, hotDays: number): string {
  return new Date(now.getTime() - hotDays * DAY_MS).toISOString().slice(0, "2024-07-15".length);
}

/** Jobs that one run of the cron goes on with: there is one at a time, but for two that began at once. */
const JOBS_A_RUN = 2;

/**
 * Starts a job if calls are to leave D1, and none is at it; goes on with one that made no progress: a store was down, or the runtime
 * ended, as it does with `npm run dev`. Safe to repeat.
 */
export async function startLettingGo(env: Env, now: Date): Promise<{ job?: string; left?: number }> {
  const { hotDays } = readSettings(env);
  if (hotDays === undefined) return {};
  const stores = { db: env.DB, bucket: env.ARCHIVE };
  let left = 0;
  for (const job of await listDueJobs(env.DB, "letting-go", JOBS_A_RUN, now)) {
    left += (await performStep(job, 0, stores)) ?? 0;
  }
  if ((await findOpenJob(env.DB, "letting-go")) !== undefined) return { left };
  const before = firstHotDay(now, hotDays);
  if (!(await isAnyDue(env.DB, before))) return { left };
  const id = crypto.randomUUID();
  const [subject, output] = [JSON.stringify({ before }), JSON.stringify(nothingLeft)];
  await insertJob(
    env.DB,
    { id, kind: "letting-go", subject, output, position: null },
    new Date(now.getTime() + PATIENCE_MS),
    now,
  );
  await createInstance(env.LET_GO, id, { job: id });
  return { job: id, left };
}
