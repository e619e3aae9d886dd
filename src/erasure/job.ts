import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { readJob, saveJob } from "../ledger/jobs.ts";
import { log, logError } from "../log.ts";
import {
  addErased,
  beginning,
  nothingErased,
  PATIENCE_MS,
  type Position,
  performStep,
  type StepResult,
} from "./steps.ts";
import { subject as subjectSchema } from "./subject.ts";

export interface EraseParameters {
  /** The id of the row in `ledger_jobs`, which has the subject: Workflows keeps parameters for days. */
  job: string;
}

/** A store that is down for minutes; beyond it the cron goes on with the job. */
const stepConfig = { retries: { limit: 5, delay: "5 seconds", backoff: "exponential" } } as const;

/**
 * A step takes some 250 of the 10,000 subrequests that all steps of an instance share, and four of their 1,000 queries of D1
 * (developers.cloudflare.com/workflows/reference/limits). The cron goes on with what is left.
 */
const MAX_STEPS = 40;

/** Erases a call, all calls of a number, or all that is too old, in durable steps. Every step finds in the stores what is left to do. */
export class EraseJob extends WorkflowEntrypoint<Env, EraseParameters> {
  override async run({ payload }: Readonly<WorkflowEvent<EraseParameters>>, step: WorkflowStep): Promise<void> {
    const { job } = payload;
    let total = nothingErased;
    try {
      let position: Position | undefined = beginning;
      for (let number = 1; position !== undefined && number <= MAX_STEPS; number++) {
        const at: Position = position;
        const before = total;
        const result: StepResult = await step.do(`${number} erase ${at.stage}`, stepConfig, async () => {
          const row = await readJob(this.env.DB, job);
          if (row?.subject == null) return { erased: nothingErased };
          const subject = subjectSchema.parse(JSON.parse(row.subject));
          const stores = { db: this.env.DB, bucket: this.env.ARCHIVE };
          return performStep({ id: job, subject, total: before }, at, stores);
        });
        total = addErased(total, result.erased);
        position = result.next;
      }
      log({ message: "erased", job, isComplete: position === undefined, ...total });
    } catch (error) {
      logError({ message: "an erasure failed", job }, error);
      await step.do("record the failure", stepConfig, async () => {
        const now = new Date();
        const dueAt = new Date(now.getTime() + PATIENCE_MS);
        await saveJob(this.env.DB, { id: job, status: "errored", output: total }, dueAt, now);
      });
    }
  }
}
