import pMap from "p-map";
import { type Received, sha256 } from "../events/received.ts";
import { hold, type QuarantineReason } from "../held/held.ts";
import { sendBody } from "../held/message.ts";
import { subjectsOf } from "../held/subjects.ts";
import type { SyncMessage } from "../ledger/deliveries.ts";
import { findBuried } from "../ledger/erasure.ts";
import { logError, reasonOf } from "../log.ts";
import { readSettings } from "../settings.ts";
import { MAX_CONNECTIONS, StoreError } from "../stores/ask.ts";
import { sendMessages } from "../stores/queue.ts";
import { type DecodedBody, decode } from "./decode.ts";
import { type Plan, type PlannedDestination, type PlanOptions, plan } from "./plan.ts";
import type { IngestResult, ReceiveResult } from "./result.ts";
import { type WriteResult, write } from "./write.ts";

/** The bindings, settings and hooks of ingesting. */
export interface IngestContext extends PlanOptions {
  db: D1Database;
  bucket: R2Bucket;
  queue: Queue;
  /** Starts copies of recordings whose addresses came in; if absent, the cron does. Never rejects. */
  startRecordings?: () => Promise<void>;
  /** Keeps the Worker alive for work that the answer does not wait for. */
  waitUntil(work: Promise<unknown>): void;
}

/** @param destinations those that are switched on */
export function ingestContext(
  env: Env,
  ctx: ExecutionContext,
  destinations: readonly PlannedDestination[],
): IngestContext {
  const { searchTranscripts, archiveRecordings } = readSettings(env);
  return {
    db: env.DB,
    bucket: env.ARCHIVE,
    queue: env.SYNC_QUEUE,
    searchTranscripts,
    archiveRecordings,
    destinations,
    waitUntil: (work) => ctx.waitUntil(work),
  };
}

/**
 * Ingests verified bodies in one D1 transaction: into the ledger and the archive, or into quarantine. Fresh bodies, parked ones, those
 * that the queue carried and those replayed from quarantine all take this path. Never rejects. Safe to repeat.
 * @param until milliseconds since 1970 by which the stores have to have answered
 * @returns a result for each body
 */
export async function ingestAll(
  bodies: readonly Received[],
  context: IngestContext,
  until: number,
): Promise<IngestResult[]> {
  const prepared = await pMap(bodies, (received) => prepare(received, context), { concurrency: 1 });
  const plans = prepared.flatMap((one) => (one.kind === "plan" ? one.plan : []));
  const written = new Map(await write(plans, context.db, context.bucket, until));
  const unfit = bodies.filter((_, index) => prepared[index]?.kind === "unfit");
  const erasedCalls = await findErasedCalls(unfit, context.db, part(until, 1 / 2));

  const messages: SyncMessage[] = [];
  const resultOf = async (received: Received, index: number): Promise<IngestResult> => {
    const one = prepared[index];
    if (one?.kind === "plan") {
      const result = written.get(one.plan);
      if (result?.kind === "stored") messages.push(...one.plan.messages);
      return resultOfPlan(received, one.plan, result, context.bucket, until);
    }
    if (one?.kind !== "unfit") return one ?? faultyResult(received, "not prepared");
    const call_id = erasedCalls.get(received);
    if (call_id !== undefined) return { kind: "erased", event_id: one.result.event_id, call_id };
    return quarantine(received, one.reason, one.detail, one.result, context.bucket, until);
  };
  const results = await pMap(bodies, resultOf, { concurrency: MAX_CONNECTIONS });
  if (messages.length > 0) context.waitUntil(announce(messages, context.queue));
  const bringsRecording = plans.some((one) => one.ledger.asksForRecording && written.get(one)?.kind === "stored");
  if (bringsRecording && context.startRecordings !== undefined) context.waitUntil(context.startRecordings());
  return results;
}

/**
 * Ingests a fresh body. If that fails, quarantines or parks it, in R2 or else in the queue. Never rejects.
 * @param until milliseconds since 1970 by which the sender must have its answer. Ingesting gets half of the time, holding the rest
 */
export async function ingestOrHold(received: Received, context: IngestContext, until: number): Promise<ReceiveResult> {
  const [first = faultyResult(received, "no result")] = await ingestAll([received], context, part(until, 1 / 2));
  const result = first.kind === "faulty" ? await quarantineFaulty(received, first, context, part(until, 1 / 2)) : first;
  if (result.kind !== "failed") return result;
  const { store, reason, ...about } = result;
  const failed = `${store}: ${reason}`;
  try {
    if (store !== "R2") {
      await hold(context.bucket, received, "parked", { reason: store, detail: reason }, part(until, 1 / 2));
      return { ...about, kind: "parked", failed, parked_in: "R2" };
    }
  } catch (error) {
    logError({ message: "could not park", event_id: received.sha256 }, error);
  }
  try {
    if (await sendBody(context.queue, received, until)) return { ...about, kind: "parked", failed, parked_in: "queue" };
  } catch (error) {
    logError({ message: "could not send a body by the queue", event_id: received.sha256 }, error);
  }
  return { ...about, kind: "not-stored", failed };
}

/** Returns the end of a share of the time that is left until a moment; both in milliseconds since 1970. */
function part(until: number, share: number): number {
  const now = Date.now();
  return now + (until - now) * share;
}

type Faulty = Extract<IngestResult, { kind: "faulty" }>;
type Failed = Extract<IngestResult, { kind: "failed" }>;
type InQuarantine = Extract<IngestResult, { kind: "quarantined" | "not-an-object" | "invalid" }>;

function faultyResult({ sha256: event_id }: Received, detail: string): Faulty {
  return { kind: "faulty", event_id, detail };
}

/** Quarantines a body that this code or D1 trips over, for a replay once a correction is deployed. */
export function quarantineFaulty(
  received: Received,
  { detail, kind: _, ...about }: Faulty,
  { bucket }: Pick<IngestContext, "bucket">,
  until: number,
): Promise<InQuarantine | Failed> {
  return quarantine(received, "faulty", detail, { ...about, kind: "quarantined", reason: "faulty" }, bucket, until);
}

/** A body with its plan, with the reason for its quarantine, or with a result that needs no store. */
type Prepared =
  | { kind: "plan"; plan: Plan }
  | { kind: "unfit"; reason: QuarantineReason; detail: string; result: InQuarantine }
  | Extract<IngestResult, { kind: "ignored" | "faulty" }>;

async function prepare(received: Received, options: PlanOptions): Promise<Prepared> {
  try {
    const decoded = decode(received);
    switch (decoded.kind) {
      case "ignored":
        return decoded;
      case "events":
        return { kind: "plan", plan: await plan(received, decoded, options) };
      case "unrecognised": {
        const { event_id } = decoded;
        const reason = decoded.kind;
        return { kind: "unfit", reason, detail: detailOf(decoded), result: { kind: "quarantined", reason, event_id } };
      }
      default:
        return { kind: "unfit", reason: decoded.kind, detail: detailOf(decoded), result: decoded };
    }
  } catch (error) {
    logError({ message: "a body could not be ingested", event_id: received.sha256 }, error);
    return faultyResult(received, reasonOf(error));
  }
}

function detailOf(unfit: Exclude<DecodedBody, { kind: "events" | "ignored" }>): string {
  switch (unfit.kind) {
    case "not-an-object":
      return unfit.detail;
    case "invalid":
      return unfit.errors.map(({ path, message }) => `${path}: ${message}`).join("; ");
    case "unrecognised":
      return "No event that this Worker knows.";
  }
}

async function resultOfPlan(
  received: Received,
  { call_id, event_id, event }: Plan,
  result: WriteResult = { kind: "faulty", detail: "not written" },
  bucket: R2Bucket,
  until: number,
): Promise<IngestResult> {
  const about = { event_id, call_id, event };
  switch (result.kind) {
    case "id-reused":
    case "other-platform":
    case "let-go": {
      const reason = result.kind;
      return quarantine(received, reason, refusals[reason], { ...about, kind: "quarantined", reason }, bucket, until);
    }
    case "failed":
    case "faulty":
      return { ...about, ...result };
    case "not-missed":
      return { ...about, kind: "duplicate" };
    default:
      return { ...about, kind: result.kind };
  }
}

const refusals = {
  "id-reused": "The ledger has another body of this event of this call under the same id.",
  "other-platform": "The call was begun by another platform.",
  "let-go": "The call has left the database (HOT_DAYS), and nothing is added to it any more.",
};

/** Quarantines a body. Never rejects: the result is `failed` if R2 does not take it. */
async function quarantine(
  received: Received,
  reason: QuarantineReason,
  detail: string,
  result: InQuarantine,
  bucket: R2Bucket,
  until: number,
): Promise<InQuarantine | Failed> {
  try {
    await hold(bucket, received, "quarantined", { reason, detail }, until);
    return result;
  } catch (error) {
    if (!(error instanceof StoreError)) logError({ message: "could not quarantine", event_id: result.event_id }, error);
    return { kind: "failed", event_id: result.event_id, store: "R2", reason: reasonOf(error) };
  }
}

/** Sends the messages of stored events. Never rejects: the relay sends those that the queue did not take. */
async function announce(messages: readonly SyncMessage[], queue: Queue): Promise<void> {
  for (const refused of await sendMessages(queue, messages)) {
    logError({ message: "the queue did not take messages", event_id: refused.messages[0]?.event_id }, refused.error);
  }
}

/**
 * Finds the erased calls that unfit bodies name. Returns none if D1 fails: such a body goes to quarantine, where it stays if its call
 * has been swept by then.
 */
async function findErasedCalls(
  unfit: readonly Received[],
  db: D1Database,
  until: number,
): Promise<ReadonlyMap<Received, string>> {
  const named = unfit.flatMap((received) => [...subjectsOf(received).callIds].map((id) => ({ received, id })));
  if (named.length === 0) return new Map();
  try {
    const digests = await Promise.all(named.map(({ id }) => sha256(id)));
    const buried = await findBuried(db, digests, until);
    return new Map(
      named.filter((_, index) => buried.has(digests[index] ?? "")).map(({ received, id }) => [received, id]),
    );
  } catch (error) {
    logError({ message: "could not look for erased calls", event_id: unfit[0]?.sha256 }, error);
    return new Map();
  }
}
