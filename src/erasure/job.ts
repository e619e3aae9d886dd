import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { endJob, insertJob, readJob, saveJobProgress } from "../ledger/jobs.ts";
import { eraseWords, mergeSearchIndex } from "../ledger/search-index.ts";
import { log, logError } from "../log.ts";
import {
  addErased,
  CALLS_A_STEP,
  type Erased,
  eraseCalls,
  eraseCallsOfNumber,
  eraseCallsOfWaiting,
  eraseWaiting,
  nothingErased,
} from "./steps.ts";
import { type Subject, subject as subjectSchema } from "./subject.ts";
import type { WaitingPosition } from "./waiting.ts";

export interface EraseParameters {
  /** The id of the row in `jobs`, which has the subject. */
  job: string;
  /** Present in a second pass: its row has no subject, since by then nothing of a person is to be found in D1. */
  secondPass?: { subject: Subject; delaySeconds: number };
}

/** Without progress for so long, the cron starts a job again: longer than all tries of a step. */
export const PATIENCE_MS = 10 * 60 * 1000;

/** By then every write that was under way during the first pass has come in. */
const SECOND_PASS_DELAY_SECONDS = 10 * 60;

/** Ids of calls in the parameters of one second pass, which take 1 MiB. */
const SECOND_PASS_CALLS = 500;

/** Workflows keeps parameters and results of an instance for days by default; the ids of erased calls are among them. */
export const INSTANCE_RETENTION = { successRetention: "1 hour", errorRetention: "1 day" } as const;

/** A store that is down for minutes; beyond it the cron starts the job again. */
const stepConfig = { retries: { limit: 5, delay: "5 seconds", backoff: "exponential" } } as const;

/** How one step ended; `next` is absent after the last of its kind. */
interface StepResult {
  erased: Erased;
  callIds?: string[];
  next?: WaitingPosition;
}

/**
 * Erases calls, or all calls of a number, in durable steps. Every step finds in the stores what is left to do, so a new instance
 * goes on where an old one ended.
 */
export class EraseJob extends WorkflowEntrypoint<Env, EraseParameters> {
  override async run(event: Readonly<WorkflowEvent<EraseParameters>>, step: WorkflowStep): Promise<void> {
    const { job, secondPass } = event.payload;
    try {
      if (secondPass !== undefined) await step.sleep("until everything has come in", secondPass.delaySeconds * 1000);
      await this.#erase(job, step, secondPass?.subject);
    } catch (error) {
      logError({ message: "an erasure failed", job }, error);
      await step.do("record the failure", stepConfig, async () => {
        const now = new Date();
        const dueAt = secondPass === undefined ? new Date(now.getTime() + PATIENCE_MS) : undefined;
        await endJob(this.env.DB, job, "errored", dueAt, now);
      });
    }
  }

  /** @param ofSecondPass the subject; without it, the row has it */
  async #erase(job: string, step: WorkflowStep, ofSecondPass?: Subject): Promise<void> {
    const { DB: db, ARCHIVE: bucket } = this.env;
    const stores = { db, bucket };
    let total = nothingErased;
    const erasedIds = new Set<string>();
    let steps = 0;

    /** One durable step. It reads the subject anew, so that no step's result holds it. */
    const perform = async (name: string, work: (subject: Subject) => Promise<StepResult>): Promise<StepResult> => {
      const before = total;
      const result = await step.do(`${++steps} ${name}`, stepConfig, async () => {
        const subject = ofSecondPass ?? (await this.#subject(job));
        // Ended by another instance of the same job.
        if (subject === undefined) return { erased: nothingErased };
        const done = await work(subject);
        const now = new Date();
        await saveJobProgress(db, job, addErased(before, done.erased), new Date(now.getTime() + PATIENCE_MS), now);
        return done;
      });
      total = addErased(total, result.erased);
      for (const id of result.callIds ?? []) erasedIds.add(id);
      return result;
    };

    for (let from = 0, more = true; more; from += CALLS_A_STEP) {
      const chunkStart = from;
      const { callIds = [] } = await perform("erase the named calls", async ({ call_ids }) => {
        const callIds = call_ids.slice(chunkStart, chunkStart + CALLS_A_STEP);
        return { erased: await eraseCalls(callIds, stores), callIds };
      });
      more = callIds.length === CALLS_A_STEP;
    }
    for (let more = true; more; ) {
      const { callIds = [] } = await perform("erase calls of the number", async ({ digits }) =>
        digits === undefined ? { erased: nothingErased } : eraseCallsOfNumber(digits, stores),
      );
      more = callIds.length > 0;
    }
    for (let position: WaitingPosition | undefined = { source: 0 }; position !== undefined; ) {
      const at: WaitingPosition = position;
      const { next } = await perform("erase calls that waiting bodies name", async (subject) => {
        const { digits } = subject;
        return digits === undefined
          ? { erased: nothingErased }
          : eraseCallsOfWaiting({ ...subject, digits }, at, stores);
      });
      position = next;
    }
    for (let position: WaitingPosition | undefined = { source: 0 }; position !== undefined; ) {
      const at: WaitingPosition = position;
      const { next } = await perform("erase waiting bodies", (subject) => eraseWaiting(subject, at, stores));
      position = next;
    }
    for (let more = true; more; ) more = await step.do(`${++steps} erase words`, stepConfig, () => eraseWords(db));
    await step.do("merge the index of words", stepConfig, () => mergeSearchIndex(db));
    if (ofSecondPass === undefined) await this.#planSecondPass(job, step, [...erasedIds]);
    await step.do("end", stepConfig, () => endJob(db, job, "complete", undefined, new Date()));
    log({ message: "erased", job, ...total });
  }

  async #subject(job: string): Promise<Subject | undefined> {
    const row = await readJob(this.env.DB, job);
    return row?.subject == null ? undefined : subjectSchema.parse(JSON.parse(row.subject));
  }

  /** Names the calls by their ids, since the rows that knew the number are gone. */
  async #planSecondPass(job: string, step: WorkflowStep, callIds: readonly string[]): Promise<void> {
    const count = Math.max(1, Math.ceil(callIds.length / SECOND_PASS_CALLS));
    for (let part = 0; part < count; part++) {
      const call_ids = callIds.slice(part * SECOND_PASS_CALLS, (part + 1) * SECOND_PASS_CALLS);
      await step.do(`plan the second pass, part ${part + 1}`, stepConfig, async () => {
        const first = await this.#subject(job);
        if (first === undefined) return;
        const id = `${job}-second-pass-${part + 1}`;
        await insertJob(
          this.env.DB,
          { id, subject: null, output: JSON.stringify(nothingErased) },
          undefined,
          new Date(),
        );
        const secondPass = { subject: { ...first, call_ids }, delaySeconds: SECOND_PASS_DELAY_SECONDS };
        await createOnce(this.env.ERASURE, { id, params: { job: id, secondPass }, retention: INSTANCE_RETENTION });
      });
    }
  }
}

/** Creates an instance unless it is there: a step that failed after it comes again. */
async function createOnce(
  erasure: Workflow<EraseParameters>,
  options: WorkflowInstanceCreateOptions<EraseParameters> & { id: string },
): Promise<void> {
  try {
    await erasure.create(options);
  } catch (error) {
    // Throws as well when there is none.
    await erasure.get(options.id).catch(() => {
      throw error;
    });
  }
}
