import { deleteCallObjects } from "../archive/objects.ts";
import { deleteCallRows, forgetIds, listUnswept } from "../ledger/erasure.ts";
import { listDueJobs, readJob } from "../ledger/jobs.ts";
import { type ErasureStores, performStep, SWEEP_DELAY_MS } from "./steps.ts";

/** Time for a run of the cron. */
const RUN_MS = 20_000;

/** Calls that one run sweeps, some three subrequests each, of the 10,000 of an invocation. */
const MAX_SWEPT_CALLS = 1_000;

const CALLS_AT_ONCE = 100;

/** Steps of jobs that one run performs, some 250 subrequests each. */
const MAX_STEPS = 15;

const JOBS_A_RUN = 10;

/**
 * Erases what writes under way during an erasure brought in, and goes on with jobs that made no progress: their instance had too much
 * to do, a store was down, or the runtime ended, as it does with `npm run dev`. Safe to repeat.
 */
export async function sweepErasures(stores: ErasureStores, now: Date): Promise<{ swept: number; jobs: number }> {
  const end = Date.now() + RUN_MS;
  const swept = await sweepCalls(stores, now, end);
  let jobs = 0;
  let steps = 0;
  for (const { id } of await listDueJobs(stores.db, "erasure", JOBS_A_RUN, now)) {
    for (let isDone = false; !isDone; ) {
      if (Date.now() >= end || ++steps > MAX_STEPS) return { swept, jobs };
      const row = await readJob(stores.db, id);
      // The run of the next minute goes on.
      isDone = row === undefined || (await performStep(row, 0, stores));
    }
    jobs++;
  }
  return { swept, jobs };
}

/** Deletes the objects and the rows of calls that were buried ten minutes ago, and forgets their ids. */
async function sweepCalls(stores: ErasureStores, now: Date, end: number): Promise<number> {
  const before = new Date(now.getTime() - SWEEP_DELAY_MS).toISOString();
  let swept = 0;
  while (swept < MAX_SWEPT_CALLS && Date.now() < end) {
    const callIds = await listUnswept(stores.db, before, CALLS_AT_ONCE);
    if (callIds.length === 0) break;
    await deleteCallObjects(stores.bucket, callIds);
    await deleteCallRows(stores.db, callIds);
    await forgetIds(stores.db, callIds, before);
    swept += callIds.length;
  }
  return swept;
}
