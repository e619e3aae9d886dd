import * as z from "zod";
import { hasCallObjects } from "../archive/objects.ts";
import { MIN_PHONE_DIGITS, phoneDigits } from "../events/phone.ts";
import { readCallRow } from "../ledger/calls.ts";
import { insertJob, jobStatus, listDueJobs, readJob, saveJobStart } from "../ledger/jobs.ts";
import { logError } from "../log.ts";
import { type EraseParameters, INSTANCE_RETENTION, PATIENCE_MS } from "./job.ts";
import { type ErasureStores, erased, nothingErased } from "./steps.ts";
import type { Subject } from "./subject.ts";
import { lookThrough, type WaitingPosition } from "./waiting.ts";

/** A whole phone number as a request has it. Fewer digits would be a mistake, and name many people. */
export const wholePhone = z
  .string()
  .max(200)
  .refine((phone) => phoneDigits(phone).length >= MIN_PHONE_DIGITS, {
    message: `must be a whole phone number: ${MIN_PHONE_DIGITS} digits or more`,
  });

/** A job as the outside sees it. */
export const jobView = z.object({ status: jobStatus, output: erased.describe("how much went so far") });
export type JobView = z.infer<typeof jobView>;

/** The state of a job; `undefined` when there is none of this id. */
export async function readJobView(db: D1Database, id: string): Promise<JobView | undefined> {
  const row = await readJob(db, id);
  return row && { status: row.status, output: erased.parse(JSON.parse(row.output)) };
}

/**
 * Starts the erasure of a call.
 * @returns the id of the job; `undefined` when there is nothing of such a call
 */
export async function startCallErasure(callId: string, env: Env): Promise<string | undefined> {
  const subject: Subject = { call_ids: [callId] };
  return (await isKnown(callId, subject, { db: env.DB, bucket: env.ARCHIVE })) ? start(subject, env) : undefined;
}

/**
 * Starts the erasure of all calls with a customer's number.
 * @returns the id of the job
 */
export function startNumberErasure(phone: string, env: Env): Promise<string> {
  return start({ call_ids: [], digits: phoneDigits(phone) }, env);
}

/** Pages of waiting bodies that a request looks through; with more, only the job can tell. */
const MAX_PAGES = 8;

/** Whether anything of a call is in the ledger, in the archive, parked or in quarantine. */
async function isKnown(callId: string, subject: Subject, stores: ErasureStores): Promise<boolean> {
  if ((await readCallRow(stores.db, callId)) !== undefined || (await hasCallObjects(stores.bucket, callId)))
    return true;
  let position: WaitingPosition | undefined = { source: 0 };
  for (let page = 0; page < MAX_PAGES && position !== undefined; page++) {
    const { waiting, next }: Awaited<ReturnType<typeof lookThrough>> = await lookThrough(subject, position, stores);
    if (waiting.some(({ mention }) => mention.isDirect)) return true;
    position = next;
  }
  return position !== undefined;
}

async function start(subject: Subject, env: Env): Promise<string> {
  const id = crypto.randomUUID();
  const now = new Date();
  const row = { id, subject: JSON.stringify(subject), output: JSON.stringify(nothingErased) };
  await insertJob(env.DB, row, new Date(now.getTime() + PATIENCE_MS), now);
  await createInstance(env.ERASURE, id, id);
  return id;
}

/** Jobs that one run of the cron starts. */
const JOBS_A_RUN = 20;

/** Starts jobs again that made no progress: on this machine an instance ends with the runtime, and one may fail for long. */
export async function startDueJobs(db: D1Database, erasure: Workflow<EraseParameters>, now: Date) {
  const jobs = await listDueJobs(db, JOBS_A_RUN, now);
  for (const { id } of jobs) {
    await saveJobStart(db, id, new Date(now.getTime() + PATIENCE_MS), now);
    await createInstance(erasure, `${id}-${now.getTime()}`, id);
  }
  return { started: jobs.length };
}

/** Never rejects: a job whose instance could not be made is due after a while. */
async function createInstance(erasure: Workflow<EraseParameters>, instance: string, job: string): Promise<void> {
  try {
    await erasure.create({ id: instance, params: { job }, retention: INSTANCE_RETENTION });
  } catch (error) {
    logError({ message: "could not start an erasure", job }, error);
  }
}
