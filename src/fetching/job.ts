import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { putOffJob, readJob } from "../ledger/jobs.ts";
import { logError } from "../log.ts";
import { createInstance } from "../stores/workflow.ts";
import { API_PACE, type ApiPace } from "./api.ts";
import { failStep, performStep } from "./step.ts";

export interface FetchParameters {
  /** The id of the row in `ledger_jobs`, which has the platform and the span. */
  job: string;
  /** Which of the instances one after another this is, from 1. */
  part: number;
}

/** Retries over half a minute; then the job has failed. */
const stepConfig = { retries: { limit: 3, delay: "5 seconds", backoff: "exponential" }, timeout: "9 minutes" } as const;

/** How much an instance does. */
export interface FetchLimits {
  /**
   * Requests to the platform. All steps of an instance share 1,000 queries of D1: a call takes one transaction, and up to three while
   * a store fails (developers.cloudflare.com/workflows/reference/limits).
   */
  requests: number;
  /** Instances one after another, until a run rests for a quarter of an hour. An import does not rest. */
  parts: number;
  restMs: number;
}

/** The request budget of a run: 1,200, in ten minutes at the least. */
const LIMITS: FetchLimits = { requests: 300, parts: 4, restMs: 15 * 60_000 };

/** Fetches what the ledger lacks from a platform, up to a page in each durable step. Its row in `ledger_jobs` has the position. */
export class FetchJob extends WorkflowEntrypoint<Env, FetchParameters> {
  protected readonly pace: ApiPace = API_PACE;
  protected readonly limits: FetchLimits = LIMITS;

  override async run(
    { payload: { job, part } }: Readonly<WorkflowEvent<FetchParameters>>,
    step: WorkflowStep,
  ): Promise<void> {
    const { DB: db, FETCH: workflow } = this.env;
    const { requests: budget, parts, restMs } = this.limits;
    try {
      let requests = 0;
      for (let number = 1; requests < budget; number++) {
        const left = budget - requests;
        const result = await step.do(`step ${number}`, stepConfig, () =>
          performStep(job, left, this.env, this.ctx, this.pace),
        );
        if (result.kind === "over") return;
        requests += result.requests;
        if (result.kind === "pause") await step.sleep(`pause ${number}`, result.ms);
      }
      await step.do("go on", stepConfig, async () => {
        const isImport = (await readJob(db, job))?.kind === "import";
        if (isImport || part < parts) await createInstance(workflow, crypto.randomUUID(), { job, part: part + 1 });
        else await putOffJob(db, job, new Date(Date.now() + restMs));
      });
    } catch (error) {
      logError({ message: "fetching failed", job }, error);
      await step.do("record the failure", stepConfig, () => failStep(job, db));
    }
  }
}
