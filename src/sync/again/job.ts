import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { failJob, readJob } from "../../ledger/jobs.ts";
import { log, logError } from "../../log.ts";
import { PACE, PATIENCE_MS, type Pace, sendPage } from "./page.ts";

export interface SendAgainParameters {
  /** The id of the row in `ledger_jobs`, which has the range. */
  job: string;
}

/** Retries over two and a half minutes; then the job has failed, and the cron goes on with it. */
const stepConfig = { retries: { limit: 5, delay: "5 seconds", backoff: "exponential" } } as const;

/**
 * A page takes three of the 1,000 queries of D1 that all steps of an instance share, and some ten of their 10,000 subrequests
 * (developers.cloudflare.com/workflows/reference/limits): 150,000 events. The cron goes on with what is left.
 */
const MAX_PAGES = 250;

/** Sends a range of events again, a page in each durable step, with pauses. Its row in `ledger_jobs` has the position. */
export class SendAgainJob extends WorkflowEntrypoint<Env, SendAgainParameters> {
  protected readonly pace: Pace = PACE;

  override async run({ payload }: Readonly<WorkflowEvent<SendAgainParameters>>, step: WorkflowStep): Promise<void> {
    const { job } = payload;
    const { DB: db, SYNC_QUEUE: queue } = this.env;
    try {
      let isOver = false;
      for (let number = 1; !isOver && number <= MAX_PAGES; number++) {
        if (number > 1) await step.sleep(`pause ${number}`, this.pace.pauseMs);
        const patienceMs = number < MAX_PAGES ? PATIENCE_MS : 0;
        isOver = await step.do(`page ${number}`, stepConfig, async () => {
          const row = await readJob(db, job);
          return row === undefined || (await sendPage(row, patienceMs, { db, queue }, this.pace));
        });
      }
      log({ message: "a range was sent again", job, isOver });
    } catch (error) {
      logError({ message: "sending a range again failed", job }, error);
      await step.do("record the failure", stepConfig, async () => {
        const now = new Date();
        await failJob(db, job, new Date(now.getTime() + PATIENCE_MS), now);
      });
    }
  }
}
