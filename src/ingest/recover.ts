import type { ListableParking, ParkedBody, ParkedKey } from "../parking/parking.ts";
import { type Attempt, batchesOfBodies, ingestBatch, isStoreDown, restAfterBatch } from "./batch.ts";
import { type IngestContext, reasonText } from "./ingest.ts";

const PAGE_BODIES = 500;

/** A run ends before the next minute's begins. */
const RUN_MS = 45_000;

/**
 * Limits a run to nine tenths of what an invocation may ask, the rest being for the other work of the minute: 10,000 subrequests, of
 * which 1,000 queries of D1; a batch of statements is one (developers.cloudflare.com/workers/platform/limits,
 * /d1/platform/limits).
 */
const RUN_SUBREQUESTS = 9_000;
const RUN_QUERIES = 900;

/** A megabyte takes some 50 ms of the 30 s of CPU time that an invocation has. */
const RUN_BYTES = 256 * 1024 * 1024;

/** Of D1 for a batch: record, explain, look for erased calls. */
const BATCH_QUERIES = 3;

/** Of D1 for a batch that is parked there, besides: read, remove, postpone. */
const PARKED_QUERIES = 3;

/** Of D1 for a body of a batch that is split to the last: the fifths of the batch, and each body by itself. */
const SPLIT_QUERIES = 1.2;

/** What is left of the limits of one run, for all stores together. */
export class RunLimits {
  #subrequests = RUN_SUBREQUESTS;
  #queries = RUN_QUERIES;
  #bytes = RUN_BYTES;
  readonly #endMs = Date.now() + RUN_MS;

  /** Takes what a batch needs in any case. Returns false when there is not enough for it. */
  take(batch: readonly ParkedBody[]): boolean {
    const queries = BATCH_QUERIES + (batch[0]?.store === "D1" ? PARKED_QUERIES : 0);
    // A body is read and written. Bytes may go below zero, or one that is larger than the rest of them would wait for ever.
    const isEnough = this.#subrequests >= 2 * batch.length && this.#queries >= queries && this.#bytes > 0;
    if (!isEnough || Date.now() >= this.#endMs) return false;
    this.#subrequests -= batch.length;
    this.#queries -= queries;
    this.#bytes -= batch.reduce((sum, { size }) => sum + size, 0);
    return true;
  }

  canSplit(batch: readonly ParkedBody[]): boolean {
    return this.#queries >= SPLIT_QUERIES * batch.length;
  }

  /** Takes what a batch needed besides, and gives back what it did not need. */
  spend(attempts: readonly Attempt<ParkedBody>[], wasSplit: boolean): void {
    const taken = attempts.filter(({ kind }) => kind === "taken").length;
    const isMixed = taken > 0 && taken < attempts.length;
    // Others are either removed or postponed.
    if (!isMixed && attempts[0]?.parked.store === "D1") this.#queries++;
    this.#subrequests -= attempts.filter(({ kind, isArchived }) => isArchived || kind !== "taken").length;
    const faulty = attempts.filter(({ kind, received }) => kind === "faulty" && received !== undefined).length;
    if (faulty > 0 && wasSplit) this.#queries -= Math.min(10 * faulty, SPLIT_QUERIES * attempts.length);
  }
}

export interface Recovery {
  recovered: number;
  /** Tried, and put off. */
  postponed: number;
}

/**
 * Ingests the parked bodies of a store that are due, in batches, until none is left or the run is over. What fails is put off,
 * so that a crowd of it never stands before the others. Safe to run twice at once: ingesting is idempotent, and a body is removed
 * only when it is where it belongs.
 */
export async function recover(
  parking: ListableParking,
  context: IngestContext,
  now: Date,
  limits: RunLimits,
): Promise<Recovery> {
  const total: Recovery = { recovered: 0, postponed: 0 };
  for (let after: ParkedKey | undefined; ; ) {
    const { parked, more } = await parking.list(PAGE_BODIES, after);
    const due = parked.filter(({ due_at }) => due_at <= now.toISOString());
    // Small ones first: should a large one be the end of its Worker, the others are in.
    for (const batch of batchesOfBodies(due.toSorted((a, b) => a.size - b.size))) {
      if (!limits.take(batch)) return total;
      const beganAt = Date.now();
      const canSplit = limits.canSplit(batch);
      const attempts = await ingestBatch(batch, () => parking.read(batch), context, canSplit);
      limits.spend(attempts, canSplit);
      const taken = attempts.filter(({ kind }) => kind === "taken").map(({ parked }) => parked);
      const failed = attempts.filter(({ kind }) => kind !== "taken");
      if (taken.length > 0) await parking.remove(taken);
      if (failed.length > 0) {
        await parking.postpone(
          failed.map((attempt) => ({
            ...attempt,
            until: nextDue(attempt, now, canSplit),
            reason: reasonText(attempt.failures),
          })),
        );
      }
      total.recovered += taken.length;
      total.postponed += failed.length;
      if (isStoreDown(attempts)) return total;
      await restAfterBatch(beganAt);
    }
    if (!more || due.length < parked.length || parked.length === 0) return total;
    after = parked.at(-1);
  }
}

const MINUTE_MS = 60_000;
const MAX_POSTPONED_MS = 30 * MINUTE_MS;

/**
 * A minute when a store failed, or when another body of its batch may be the cause. Else a quarter of its age from now: some four
 * tries in each doubling, and never further apart than half an hour.
 */
function nextDue({ parked, received, kind }: Attempt<ParkedBody>, now: Date, wasSplit: boolean): string {
  const isOwnFault = kind === "faulty" && (wasSplit || received === undefined);
  const quarter = isOwnFault ? (now.getTime() - Date.parse(parked.received_at)) / 4 : 0;
  return new Date(now.getTime() + Math.min(Math.max(quarter, MINUTE_MS), MAX_POSTPONED_MS)).toISOString();
}
