import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep, type WorkflowStepConfig } from "cloudflare:workers";
import { logError, reasonOf } from "../log.ts";
import { createInstance } from "../stores/workflow.ts";
import { beginDay, failDay, findDueDay } from "./days.ts";
import { exportStep } from "./step.ts";

/**
 * A step takes some five of the 1,000 queries of D1 that all steps of an instance share, and some ten of their 10,000 subrequests
 * (developers.cloudflare.com/workflows/reference/limits). Another instance goes on.
 */
const MAX_STEPS = 150;

export interface ExportParameters {
  /** The day to go on with; absent to look for one. */
  day?: string;
}

/** Exports all days that are due, oldest first, a file in each durable step. The rows in `ledger_export_days` have the positions. */
export class ExportJob extends WorkflowEntrypoint<Env, ExportParameters> {
  protected readonly stepConfig: WorkflowStepConfig = {
    // Over two and a half minutes; then the day has failed, and a later job goes on with it.
    retries: { limit: 5, delay: "5 seconds", backoff: "exponential" },
  };

  override async run({ payload }: Readonly<WorkflowEvent<ExportParameters>>, step: WorkflowStep): Promise<void> {
    const { stepConfig } = this;
    const stores = { db: this.env.DB, bucket: this.env.ARCHIVE };
    let day = payload.day ?? "";
    for (let number = 1; number <= MAX_STEPS; number++) {
      if (day === "") {
        day = await step.do(`find a day ${number}`, stepConfig, () => findDay(stores.db));
        if (day === "") return;
        continue;
      }
      const current = day;
      try {
        const isOver = await step.do(`export ${day} ${number}`, stepConfig, () => exportStep(current, stores));
        if (isOver) day = "";
      } catch (error) {
        logError({ message: "an export failed", day }, error);
        const reason = reasonOf(error);
        await step.do(`record the failure ${number}`, stepConfig, () =>
          failDay(stores.db, current, reason, new Date()),
        );
        day = "";
      }
    }
    const parameters = day === "" ? {} : { day };
    await step.do("hand over", stepConfig, () => createInstance(this.env.EXPORT, crypto.randomUUID(), parameters));
  }
}

/** Finds a day and begins its export; one that was cut off goes on where it was. @returns empty if there is none */
async function findDay(db: D1Database): Promise<string> {
  const now = new Date();
  const due = await findDueDay(db, now);
  if (due?.export_id === null) await beginDay(db, due.day, now);
  return due?.day ?? "";
}
