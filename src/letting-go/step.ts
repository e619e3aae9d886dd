import pMap from "p-map";
import * as z from "zod";
import { type JobRow, saveJob } from "../ledger/jobs.ts";
import { MAX_CONNECTIONS } from "../stores/ask.ts";
import { batchesOf } from "../stores/batches.ts";
import { type Batch, findBatch, leave } from "./batch.ts";
import { putRecord, recordsOf } from "./record.ts";

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
async function letGo(batch: Batch, { db, bucket }: LettingGoStores): Promise<number> {
  for (const some of batchesOf(batch.calls, READ_AT_ONCE, ({ bytes }) => bytes + CALL_BYTES)) {
    const records = await recordsOf(
      db,
      some.map(({ call_id }) => call_id),
    );
    // One was erased meanwhile.
    if (records.length < some.length) return 0;
    await pMap(records, (record) => putRecord(bucket, record), { concurrency: MAX_CONNECTIONS });
  }
  return (await leave(db, batch)) ? batch.calls.length : 0;
}
