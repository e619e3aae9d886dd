import * as z from "zod";
import { deleteCallObjects } from "../archive/objects.ts";
import { rewritePosition, rewriteStep } from "../export/rewrite.ts";
import { sweepDay } from "../export/step.ts";
import { removeHeld } from "../held/held.ts";
import { buryCalls, callIdsBefore, callIdsOfNumber, deleteCallRows } from "../ledger/erasure.ts";
import { forgetSubject, type JobRow, saveJob } from "../ledger/jobs.ts";
import { mergeSearchIndex } from "../ledger/search-index.ts";
import { recountHour } from "../letting-go/recount.ts";
import { findHeld } from "./held.ts";
import { type Subject, subject as subjectSchema } from "./subject.ts";

/** How much an erasure deleted. */
export const erased = z.object({
  calls: z.number(),
  events: z.number(),
  deliveries: z.number(),
  words: z.number().describe("calls whose words were in the index"),
  objects: z.number().describe("transcripts and other bodies of a call in R2"),
  parked: z.number().describe("bodies that waited for a store"),
  quarantined: z.number().describe("bodies that did not fit"),
  index_merged: z
    .boolean()
    .describe(
      "false: words of deleted calls may be left in pages of the index, without their call, until these are rewritten",
    ),
});

export type Erased = z.infer<typeof erased>;

export const nothingErased: Erased = {
  calls: 0,
  events: 0,
  deliveries: 0,
  words: 0,
  objects: 0,
  parked: 0,
  quarantined: 0,
  index_merged: false,
};

export function addErased(one: Erased, other: Erased): Erased {
  return {
    calls: one.calls + other.calls,
    events: one.events + other.events,
    deliveries: one.deliveries + other.deliveries,
    words: one.words + other.words,
    objects: one.objects + other.objects,
    parked: one.parked + other.parked,
    quarantined: one.quarantined + other.quarantined,
    index_merged: one.index_merged || other.index_merged,
  };
}

/** The stores that an erasure works on. */
export interface ErasureStores {
  db: D1Database;
  bucket: R2Bucket;
}

/** The next step of an erasure. JSON in `ledger_jobs.position`. */
export const position = z.object({
  stage: z.enum(["calls", "parked", "quarantined", "totals", "export", "index"]),
  after: z.string().optional().describe("the key of the held body before"),
  hasErased: z.boolean().describe("whether this pass erased anything: then another follows, until one finds nothing"),
  rewrite: rewritePosition.optional().describe("days of the export; absent before the first"),
  rewritten: z.array(z.string()).optional().describe("all days of the export that were written again"),
  toSweep: z.array(z.string()).optional().describe("the same, in the pass that sweeps"),
  merges: z.number().optional().describe("how often the index was merged"),
});

export type Position = z.infer<typeof position>;

const beginning: Position = { stage: "calls", hasErased: false };

/** How one step ended. */
interface StepResult {
  erased: Erased;
  /** Absent after the last step. */
  next?: Position;
}

/** Steps that merge the index, 8 MB in all; later writes merge the rest of a larger one. */
const MAX_MERGES = 10;

/** Calls that one step erases, with some two subrequests each. */
const CALLS_A_STEP = 100;

/** Performs one step of an erasure. Safe to repeat. */
async function eraseStep(subject: Subject, at: Position, stores: ErasureStores): Promise<StepResult> {
  const { stage, after, hasErased, toSweep } = at;
  switch (stage) {
    case "calls": {
      const callIds = await findCalls(subject, stores.db);
      const deleted = await eraseCalls(callIds, "before" in subject, stores);
      const isLast = "call_id" in subject || deleted.calls === 0;
      const next = { stage: isLast ? "parked" : "calls", hasErased: hasErased || isAny(deleted), toSweep } as const;
      return { erased: deleted, next };
    }
    case "parked":
    case "quarantined": {
      const matches = await findHeld(subject, stage, after, stores);
      const deleted = await eraseCalls(matches.callIds, "before" in subject, stores);
      await removeHeld(stores.bucket, matches.keys);
      const all = addErased(deleted, { ...nothingErased, [stage]: matches.keys.length });
      const pass = { hasErased: hasErased || isAny(all), toSweep };
      if (matches.next !== undefined) return { erased: all, next: { stage, after: matches.next, ...pass } };
      if (stage === "parked") return { erased: all, next: { stage: "quarantined", ...pass } };
      return { erased: all, next: pass.hasErased ? { ...beginning, toSweep } : { stage: "totals", ...pass } };
    }
    case "totals": {
      // By the files of the export, before these are written again.
      const hasMore = await recountHour(stores);
      return { erased: nothingErased, next: { stage: hasMore ? stage : "export", hasErased, toSweep } };
    }
    case "export": {
      const [day, ...others] = toSweep ?? [];
      if (day !== undefined) {
        await sweepDay(day, stores);
        return { erased: nothingErased, next: { ...at, toSweep: others } };
      }
      const rewrite = await rewriteStep(at.rewrite, stores);
      const rewritten = at.rewritten ?? rewrite?.days;
      return { erased: nothingErased, next: { stage: rewrite ? stage : "index", hasErased, rewrite, rewritten } };
    }
    case "index": {
      const hasMore = await mergeSearchIndex(stores.db);
      const merges = (at.merges ?? 0) + 1;
      if (hasMore && merges < MAX_MERGES) return { erased: nothingErased, next: { ...at, merges } };
      return { erased: { ...nothingErased, index_merged: !hasMore } };
    }
  }
}

function findCalls(subject: Subject, db: D1Database): Promise<string[]> {
  if ("digits" in subject) return callIdsOfNumber(db, subject.digits, subject.until, CALLS_A_STEP);
  if ("before" in subject) return callIdsBefore(db, subject.before, CALLS_A_STEP);
  return Promise.resolve([subject.call_id]);
}

/**
 * Erases calls: tombstones first, so that nothing comes in meanwhile; rows last, so that after a failure the same calls are found
 * again.
 */
async function eraseCalls(callIds: readonly string[], byAge: boolean, { db, bucket }: ErasureStores): Promise<Erased> {
  if (callIds.length === 0) return nothingErased;
  await buryCalls(db, callIds, new Date(), byAge);
  const objects = await deleteCallObjects(bucket, callIds);
  return { ...nothingErased, ...(await deleteCallRows(db, callIds)), objects };
}

function isAny(counts: Erased): boolean {
  return Object.values(counts).some((count) => typeof count === "number" && count > 0);
}

/** Time without progress after which the cron goes on with a job; longer than all tries of a step. */
export const PATIENCE_MS = 10 * 60 * 1000;

/** Delay of the sweep: by then every write that was under way during the job has ended. */
export const SWEEP_DELAY_MS = 10 * 60 * 1000;

/**
 * Performs the next step of a job, and records its progress. A complete job is swept by one more pass, and its subject forgotten
 * after it. Safe to repeat.
 * @param patienceMs how long the cron leaves the job alone after this step
 * @returns whether it was the last step
 */
export async function performStep(job: JobRow, patienceMs: number, stores: ErasureStores): Promise<boolean> {
  if (job.subject === null) return true;
  const subject = subjectSchema.parse(JSON.parse(job.subject));
  const at = job.position === null ? beginning : position.parse(JSON.parse(job.position));
  const { erased: deleted, next } = await eraseStep(subject, at, stores);
  if (next === undefined && job.status === "complete") {
    await forgetSubject(stores.db, job.id);
    return true;
  }
  const now = new Date();
  const output = addErased(erased.parse(JSON.parse(job.output)), deleted);
  const status = next === undefined ? "complete" : "running";
  const dueAt = new Date(now.getTime() + (next === undefined ? SWEEP_DELAY_MS : patienceMs));
  // The sweep of tombstones takes the call itself.
  const sweep = { ...beginning, ...("call_id" in subject && { stage: "parked" }), toSweep: at.rewritten };
  await saveJob(stores.db, { id: job.id, status, output, position: next ?? sweep }, dueAt, now);
  return next === undefined;
}
