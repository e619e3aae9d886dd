import pMap from "p-map";
import * as z from "zod";
import { type JobRow, saveJob } from "../ledger/jobs.ts";
import { MAX_CONNECTIONS } from "../stores/ask.ts";
import { batchesOf } from "../stores/batches.ts";
import { type Batch, findBatch, leave } from "./batch.ts";
import { findRecord, putRecord, recordsOf } from "./record.ts";

/** The stores that calls are let go in. */
export interface LettingGoStores {
  db: D1Database;
  bucket: R2Bucket;
}

/** Which calls leave. JSON in `ledger_jobs.subject`. */
export const subject = z.object({ before: z.string().describe("the first UTC day that stays") });

/** How far a job is. */
export const lettingGoOutput = z.object({ calls: z.number().describe("that left the database") });
export const nothingLeft: z.infer<typeof lettingGoOutput> = { calls: 0 };

/** Time without progress after which the cron goes on with a job; longer than all tries of a step. */
export const PATIENCE_MS = 10 * 60 * 1000;

/** Rows that are in memory at once, and in one answer of D1. */
const READ_AT_ONCE = { maxItems: 100, maxWeight: 8_000_000 };

/** What a call's rows take besides its large columns. */
const CALL_BYTES = 10_000;

/**
 * Performs the next step of a job: one hour of calls leaves, or a part of it, and the progress is recorded. Safe to repeat.
 * @param patienceMs how long the cron leaves the job alone after this step
 * @returns the calls that left; `undefined` if the job is over: none may leave, or what was to leave has just changed
 */
export async function performStep(
  { id, status, subject: json, output }: JobRow,
  patienceMs: number,
  stores: LettingGoStores,
): Promise<number | undefined> {
  if (status === "complete" || status === "stopped") return undefined;
  const batch = await findBatch(stores.db, subject.parse(JSON.parse(json ?? "")).before);
  const calls = batch === undefined ? 0 : await letGo(batch, stores);
  const now = new Date();
  const progress = { calls: lettingGoOutput.parse(JSON.parse(output)).calls + calls };
  const isOver = calls === 0;
  await saveJob(
    stores.db,
    { id, status: isOver ? "complete" : "running", output: progress, position: undefined },
    isOver ? undefined : new Date(now.getTime() + patienceMs),
    now,
  );
  return isOver ? undefined : calls;
}

/** Puts the rows of each call of a batch into R2, and then lets them go, all or none. @returns how many left */
async function letGo(batch: Batch, stores: LettingGoStores): Promise<number> {
  for (const some of batchesOf(batch.calls, READ_AT_ONCE, ({ bytes }) => bytes + CALL_BYTES)) {
    const callIds = some.map(({ call_id }) => call_id);
    if (!(await putRecords(callIds, new Map(), stores))) return 0;
  }
  return (await leave(stores.db, batch)) ? batch.calls.length : 0;
}

/**
 * Puts the rows of calls into R2, none in place of newer ones: a put that hung while a call changed and left by another job, would undo
 * the change.
 * @param replaced the etags of what is there from an earlier try, read before the rows are
 * @returns whether all are there; `false` if a call was erased or left meanwhile, or another job is at it
 */
async function putRecords(
  callIds: readonly string[],
  replaced: ReadonlyMap<string, string | undefined>,
  stores: LettingGoStores,
): Promise<boolean> {
  const { db, bucket } = stores;
  const records = await recordsOf(db, callIds);
  if (records.length < callIds.length) return false;
  const inTheWay = await pMap(
    records,
    async (record) => {
      const { call_id } = record.call;
      return (await putRecord(bucket, record, replaced.get(call_id))) ? [] : [call_id];
    },
    { concurrency: MAX_CONNECTIONS },
  );
  const left = inTheWay.flat();
  if (left.length === 0) return true;
  if (replaced.size > 0) return false;
  const etags = await pMap(left, async (callId) => [callId, await findRecord(bucket, callId)] as const, {
    concurrency: MAX_CONNECTIONS,
  });
  return putRecords(left, new Map(etags), stores);
}
