import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { endJob, insertJob, readJob, saveJobProgress } from "../ledger/jobs.ts";
import { mergeSearchIndex } from "../ledger/search-index.ts";
import { log, logError } from "../log.ts";
import { batchesOf } from "../stores/batches.ts";
import { firstStage, performStage, type Stage, type StepResult } from "./stages.ts";
import { addErased, type Erased, nothingErased } from "./steps.ts";
import { type Subject, subject as subjectSchema } from "./subject.ts";

export interface EraseParameters {
  /** The id of the row in `jobs`, which has the subject. */
  job: string;
  /** Present in a second pass: its row has no subject, since by then nothing of a person is to be found in D1. */
  secondPass?: { subject: Subject; delaySeconds: number };
  /** Present when an instance goes on for another. */
  part?: Part;
}

/** What an instance hands to the one that goes on for it. */
interface Part {
  /** The id of the first instance. */
  first: string;
  /** From 2. */
  number: number;
  stage: Stage;
  /** How much went so far. */
  total: Erased;
  /** How many second passes are planned. */
  secondPasses: number;
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

/**
 * Bounds one instance, since all its steps share 10,000 subrequests, of which 1,000 queries of D1
 * (developers.cloudflare.com/workflows/reference/limits). A step that looks through 200 bodies asks for each of them twice at the
 * most, and a call takes two queries and five subrequests.
 */
const MAX_STEPS = 15;
const MAX_CALLS = 150;

/**
 * Erases calls, or all calls of a number, in durable steps. Every step finds in the stores what is left to do, so a new instance
 * goes on where an old one ended.
 */
export class EraseJob extends WorkflowEntrypoint<Env, EraseParameters> {
  override async run(event: Readonly<WorkflowEvent<EraseParameters>>, step: WorkflowStep): Promise<void> {
    const { job, secondPass } = event.payload;
    try {
      if (secondPass !== undefined) await step.sleep("until everything has come in", secondPass.delaySeconds * 1000);
      await this.#erase(event, step);
    } catch (error) {
      logError({ message: "an erasure failed", job }, error);
      await step.do("record the failure", stepConfig, async () => {
        const now = new Date();
        const dueAt = secondPass === undefined ? new Date(now.getTime() + PATIENCE_MS) : undefined;
        await endJob(this.env.DB, job, "errored", dueAt, now);
      });
    }
  }

  async #erase({ payload, instanceId }: Readonly<WorkflowEvent<EraseParameters>>, step: WorkflowStep): Promise<void> {
    const { DB: db, ARCHIVE: bucket } = this.env;
    const { job, secondPass } = payload;
    const part = payload.part ?? {
      first: instanceId,
      number: 1,
      stage: firstStage,
      total: nothingErased,
      secondPasses: 0,
    };
    let { total } = part;
    const erasedIds = new Set<string>();

    let stage: Stage | undefined = part.stage;
    for (let steps = 1; stage !== undefined && steps <= MAX_STEPS && erasedIds.size <= MAX_CALLS; steps++) {
      const before = total;
      const current: Stage = stage;
      // Each step reads the subject anew, so that no step's result holds it.
      const result: StepResult = await step.do(`${steps} erase ${current.kind}`, stepConfig, async () => {
        const subject = secondPass?.subject ?? (await this.#subject(job));
        // Ended by another instance of the same job.
        if (subject === undefined) return { erased: nothingErased };
        const done = await performStage(current, subject, { db, bucket });
        const now = new Date();
        await saveJobProgress(db, job, addErased(before, done.erased), new Date(now.getTime() + PATIENCE_MS), now);
        return done;
      });
      total = addErased(total, result.erased);
      for (const id of result.callIds ?? []) erasedIds.add(id);
      stage = result.next;
    }

    const { secondPasses } = part;
    const isLast = stage === undefined;
    const planned =
      secondPass === undefined ? await this.#planSecondPasses(job, step, [...erasedIds], secondPasses, isLast) : 0;
    if (stage !== undefined) {
      const next: Part = { ...part, number: part.number + 1, stage, total, secondPasses: secondPasses + planned };
      return this.#handOver({ ...payload, part: next }, step);
    }
    await step.do("merge the index of words", stepConfig, () => mergeSearchIndex(db));
    await step.do("end", stepConfig, () => endJob(db, job, "complete", undefined, new Date()));
    log({ message: "erased", job, ...total });
  }

  /** Lets another instance go on, with limits of its own. */
  async #handOver({ secondPass, ...rest }: EraseParameters & { part: Part }, step: WorkflowStep): Promise<void> {
    const { first, number } = rest.part;
    await step.do("hand over", stepConfig, () =>
      createOnce(this.env.ERASURE, {
        id: `${first}-part-${number}`,
        params: { ...rest, ...(secondPass && { secondPass: { ...secondPass, delaySeconds: 0 } }) },
        retention: INSTANCE_RETENTION,
      }),
    );
  }

  async #subject(job: string): Promise<Subject | undefined> {
    const row = await readJob(this.env.DB, job);
    return row?.subject == null ? undefined : subjectSchema.parse(JSON.parse(row.subject));
  }

  /**
   * Names the calls by their ids, since the rows that knew the number are gone.
   * @param planned how many there are already
   * @param isLast whether no more follow: there is one at the least
   * @returns how many it added
   */
  async #planSecondPasses(
    job: string,
    step: WorkflowStep,
    callIds: readonly string[],
    planned: number,
    isLast: boolean,
  ): Promise<number> {
    const parts = batchesOf(callIds, { maxItems: SECOND_PASS_CALLS });
    if (isLast && planned + parts.length === 0) parts.push([]);
    for (const [index, call_ids] of parts.entries()) {
      const number = planned + index + 1;
      await step.do(`plan the second pass, part ${number}`, stepConfig, async () => {
        const first = await this.#subject(job);
        if (first === undefined) return;
        const id = `${job}-second-pass-${number}`;
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
    return parts.length;
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
