import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { failJob, readJob } from "../ledger/jobs.ts";
import { log, logError } from "../log.ts";
import { createInstance } from "../stores/workflow.ts";
import { PATIENCE_MS, performStep } from "./step.ts";

export interface LetGoParameters {
  /** The id of the row in `ledger_jobs`. */
  job: string;
}

/** Retries over two and a half minutes; then the job has failed, and the cron goes on with it. */
const stepConfig = {
  retries: { limit: 5, delay: "5 seconds", backoff: "exponential" },
  timeout: "10 minutes",
} as const;

/**
 * All steps of an instance share 1,000 queries of D1 and 10,000 subrequests (developers.cloudflare.com/workflows/reference/limits): a
 * step takes some twenty queries, six more for each hundred calls, and a subrequest a call, three where an earlier try put its rows.
 * Another instance goes on with what is left.
 */
const MAX_STEPS = 25;
const MAX_CALLS = 6_000;

/** Lets calls go that are older than `HOT_DAYS`, an hour of them in each durable step. What is in D1 is still to leave. */
export class LetGoJob extends WorkflowEntrypoint<Env, LetGoParameters> {
  override async run({ payload }: Readonly<WorkflowEvent<LetGoParameters>>, step: WorkflowStep): Promise<void> {
    const { job } = payload;
    const stores = { db: this.env.DB, bucket: this.env.ARCHIVE };
    try {
      let calls = 0;
      let isOver = false;
      for (let number = 1; !isOver && number <= MAX_STEPS && calls < MAX_CALLS; number++) {
        const left = await step.do(`step ${number}`, stepConfig, async () => {
          const row = await readJob(stores.db, job);
          return row === undefined ? null : ((await performStep(row, PATIENCE_MS, stores)) ?? null);
        });
        isOver = left === null;
        calls += left ?? 0;
      }
      if (!isOver) {
        await step.do("hand over", stepConfig, () => createInstance(this.env.LET_GO, crypto.randomUUID(), { job }));
      }
      log({ message: "calls were let go", job, calls });
    } catch (error) {
      logError({ message: "letting calls go failed", job }, error);
      await step.do("record the failure", stepConfig, async () => {
        const now = new Date();
        await failJob(stores.db, job, new Date(now.getTime() + PATIENCE_MS), now);
      });
    }
  }
}
