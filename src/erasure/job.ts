import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { failJob, readJob } from "../ledger/jobs.ts";
import { log, logError } from "../log.ts";
import { PATIENCE_MS, performStep } from "./steps.ts";

export interface EraseParameters {
  /** The id of the row in `ledger_jobs`, which has the subject: Workflows keeps parameters for days. */
  job: string;
}

/** Retries over two and a half minutes; then the job has failed, and the cron goes on with it. */
const stepConfig = { retries: { limit: 5, delay: "5 seconds", backoff: "exponential" } } as const;

/**
 * A step takes some 250 of the 10,000 subrequests that all steps of an instance share, and five of their 1,000 queries of D1
 * (developers.cloudflare.com/workflows/reference/limits). The cron goes on with what is left.
 */
const MAX_STEPS = 40;

/** Erases a call, all calls of a number, or all that is too old, in durable steps. Its row in `ledger_jobs` has the position. */
export class EraseJob extends WorkflowEntrypoint<Env, EraseParameters> {
  override async run({ payload }: Readonly<WorkflowEvent<EraseParameters>>, step: WorkflowStep): Promise<void> {
    const { job } = payload;
    const { DB: db, ARCHIVE: bucket } = this.env;
    try {
      let isComplete = false;
      for (let number = 1; !isComplete && number <= MAX_STEPS; number++) {
        const patienceMs = number < MAX_STEPS ? PATIENCE_MS : 0;
        isComplete = await step.do(`step ${number}`, stepConfig, async () => {
          const row = await readJob(db, job);
          return row === undefined || row.status === "complete" || (await performStep(row, patienceMs, { db, bucket }));
        });
      }
      log({ message: "erasure", job, isComplete });
    } catch (error) {
      logError({ message: "an erasure failed", job }, error);
      await step.do("record the failure", stepConfig, async () => {
        const now = new Date();
        await failJob(db, job, new Date(now.getTime() + PATIENCE_MS), now);
      });
    }
  }
}
