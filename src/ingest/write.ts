import pMap from "p-map";
import { putOverflow } from "../archive/objects.ts";
import { archiveTranscript } from "../archive/transcripts.ts";
import { type RecordResult, recordEvents } from "../ledger/record.ts";
import { logError, reasonOf } from "../log.ts";
import { MAX_CONNECTIONS, STORE_TIMEOUT_MS, StoreError, type StoreName } from "../stores/ask.ts";
import { Deadline } from "../stores/deadline.ts";
import type { Plan } from "./plan.ts";

export type WriteResult = { kind: RecordResult } | { kind: "failed"; failures: ReadonlyMap<StoreName, string> };

/**
 * Carries out plans, all in one D1 transaction. D1 first, since it decides: nothing is written to R2 of an event that the ledger
 * refuses. Safe to repeat: a body whose events are in the ledger is archived if the archive does not have it yet.
 * @returns a result for each plan
 */
export async function write(plans: readonly Plan[], db: D1Database, bucket: R2Bucket): Promise<WriteResult[]> {
  if (plans.length === 0) return [];
  const deadline = new Deadline(STORE_TIMEOUT_MS);
  try {
    const recorded = await recordOrFail(plans, db, deadline);
    if (recorded === "one by one") {
      return (await pMap(plans, (plan) => write([plan], db, bucket), { concurrency: MAX_CONNECTIONS })).flat();
    }
    return await pMap(plans, (plan, index) => archive(plan, recorded[index], bucket, deadline), {
      concurrency: MAX_CONNECTIONS,
    });
  } finally {
    deadline.end();
  }
}

/** A mistake in one plan fails the transaction of all: then each has one of its own. */
async function recordOrFail(
  plans: readonly Plan[],
  db: D1Database,
  deadline: Deadline,
): Promise<WriteResult[] | "one by one"> {
  try {
    const results = await recordEvents(
      db,
      plans.map(({ ledger }) => ledger),
      deadline,
    );
    return results.map((kind) => ({ kind }));
  } catch (error) {
    if (plans.length > 1 && !(error instanceof StoreError)) return "one by one";
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
