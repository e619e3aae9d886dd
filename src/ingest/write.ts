import pMap from "p-map";
import { putOverflow } from "../archive/objects.ts";
import { archiveTranscript } from "../archive/transcripts.ts";
import { type RecordResult, recordEvents } from "../ledger/record.ts";
import { logError, reasonOf } from "../log.ts";
import { isFull, MAX_CONNECTIONS, STORE_TIMEOUT_MS, StoreError, type StoreName } from "../stores/ask.ts";
import { batchesOf, letOthersIn } from "../stores/batches.ts";
import { Deadline } from "../stores/deadline.ts";
import type { Plan } from "./plan.ts";

export type WriteResult = { kind: RecordResult } | { kind: "failed"; failures: ReadonlyMap<StoreName, string> };

/** Milliseconds for the plans of a batch, for which nobody waits; the archive takes some of them one after the other. */
const BATCH_TIMEOUT_MS = 20_000;

/**
 * Carries out plans, in one D1 transaction. D1 first, since it decides: nothing is written to R2 of an event that the ledger
 * refuses. Safe to repeat: a body whose events are in the ledger is archived if the archive does not have it yet.
 * @param isSplit whether the transaction is repeated in parts when there is a mistake in it, or not room for all
 * @returns a result for each plan
 */
export async function write(
  plans: readonly Plan[],
  db: D1Database,
  bucket: R2Bucket,
  isSplit: boolean,
): Promise<WriteResult[]> {
  if (plans.length === 0) return [];
  const deadline = new Deadline(plans.length === 1 ? STORE_TIMEOUT_MS : BATCH_TIMEOUT_MS);
  try {
    const recorded = await recordOrFail(plans, db, deadline, isSplit);
    if (recorded === "in parts") {
      // A mistake in one fails them all, and so does a D1 with room for some. In fifths, since most of them are free of it, and the
      // others one by one.
      const parts = batchesOf(plans, { maxItems: Math.ceil(plans.length / 5) });
      const written = await pMap(parts, (part) => write(part, db, bucket, isSplit), {
        concurrency: MAX_CONNECTIONS,
      });
      return written.flat();
    }
    const archivePlan = async (plan: Plan, index: number) => {
      await letOthersIn(index);
      return archive(plan, recorded[index], bucket, deadline);
    };
    return await pMap(plans, archivePlan, { concurrency: MAX_CONNECTIONS });
  } finally {
    deadline.end();
  }
}

async function recordOrFail(
  plans: readonly Plan[],
  db: D1Database,
  deadline: Deadline,
  isSplit: boolean,
): Promise<WriteResult[] | "in parts"> {
  try {
    const results = await recordEvents(
      db,
      plans.map(({ ledger }) => ledger),
      deadline,
    );
    return results.map((kind) => ({ kind }));
  } catch (error) {
    if (isSplit && plans.length > 1 && (isFull(error) || !(error instanceof StoreError))) return "in parts";
    return plans.map(() => failedBy("D1", error));
  }
}

async function archive(
  { transcript, overflow }: Plan,
  recorded: WriteResult | undefined,
  bucket: R2Bucket,
  deadline: Deadline,
): Promise<WriteResult> {
  if (recorded === undefined) return { kind: "failed", failures: new Map() };
  if (recorded.kind !== "stored" && recorded.kind !== "duplicate") return recorded;
  try {
    await Promise.all([
      transcript && archiveTranscript(bucket, transcript, recorded.kind, deadline),
      overflow && putOverflow(bucket, overflow, deadline),
    ]);
    return recorded;
  } catch (error) {
    return failedBy("R2", error);
  }
}

/** A mistake of ours is no store's failure: only its own body is put off. */
function failedBy(store: StoreName, error: unknown): WriteResult {
  if (error instanceof StoreError) return { kind: "failed", failures: new Map([[store, reasonOf(error)]]) };
  logError({ message: "a plan could not be carried out", store }, error);
  return { kind: "failed", failures: new Map() };
}
