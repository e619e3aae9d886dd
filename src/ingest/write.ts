import pMap from "p-map";
import { putOverflow } from "../archive/objects.ts";
import { archiveTranscript } from "../archive/transcripts.ts";
import { type RecordResult, recordEvents } from "../ledger/record.ts";
import { readRecord } from "../letting-go/record.ts";
import { logError, reasonOf } from "../log.ts";
import { MAX_CONNECTIONS, StoreError, type StoreName } from "../stores/ask.ts";
import type { Plan } from "./plan.ts";

/** How writing a plan ended. `failed`: a store failed. `faulty`: this code or D1 trips over it, or over another plan of its batch. */
export type WriteResult =
  | { kind: RecordResult }
  | { kind: "failed"; store: StoreName; reason: string }
  | { kind: "faulty"; detail: string };

/**
 * Carries out plans: one D1 transaction, then R2. D1 goes first, since it decides: R2 gets nothing of an event that D1 refuses. Never
 * rejects. Safe to repeat: a duplicate is archived if the archive does not have it yet.
 * @param until milliseconds since 1970 by which the stores have to have answered
 */
export async function write(
  plans: readonly Plan[],
  db: D1Database,
  bucket: R2Bucket,
  until: number,
): Promise<[Plan, WriteResult][]> {
  if (plans.length === 0) return [];
  try {
    const recorded = await recordEvents(
      db,
      plans.map(({ ledger }) => ledger),
      until,
    );
    return await pMap(
      plans,
      async (plan, index) => [plan, await archive(plan, recorded[index] ?? "duplicate", bucket, until)],
      { concurrency: MAX_CONNECTIONS },
    );
  } catch (error) {
    const result = resultOf("D1", error);
    return plans.map((plan) => [plan, result]);
  }
}

async function archive(plan: Plan, recorded: RecordResult, bucket: R2Bucket, until: number): Promise<WriteResult> {
  const { transcript, overflow } = plan;
  try {
    const kind = recorded === "let-go" ? await compareWithRecord(plan, bucket, until) : recorded;
    if (kind !== "stored" && kind !== "duplicate") return { kind };
    await Promise.all([
      transcript && archiveTranscript(bucket, transcript, kind, until),
      overflow && putOverflow(bucket, overflow, until),
    ]);
    return { kind };
  } catch (error) {
    return resultOf("R2", error);
  }
}

/** Finds out what a body is to a call that left D1, by the call's rows in R2. */
async function compareWithRecord(
  { call_id, ledger: { platform, entries } }: Plan,
  bucket: R2Bucket,
  until: number,
): Promise<RecordResult> {
  const record = await readRecord(bucket, call_id, until);
  if (record === undefined) return "let-go";
  if (record.call.platform !== platform) return "other-platform";
  const known = entries.map(({ row }) =>
    record.events.find(({ event, event_id }) => event === row.event && event_id === row.event_id),
  );
  if (entries.some(({ row }, nth) => (known[nth]?.ledger_sha256 ?? row.ledger_sha256) !== row.ledger_sha256)) {
    return "id-reused";
  }
  return known.includes(undefined) ? "let-go" : "duplicate";
}

function resultOf(store: StoreName, error: unknown): WriteResult {
  if (error instanceof StoreError) return { kind: "failed", store, reason: reasonOf(error) };
  logError({ message: "a plan could not be carried out", store }, error);
  return { kind: "faulty", detail: reasonOf(error) };
}
