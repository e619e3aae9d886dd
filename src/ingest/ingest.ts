import pMap from "p-map";
import { putQuarantined, type QuarantineReason } from "../archive/quarantine.ts";
import { type Received, sha256 } from "../events/received.ts";
import type { SyncMessage } from "../ledger/deliveries.ts";
import { findBuried } from "../ledger/erasure.ts";
import { logError, reasonOf } from "../log.ts";
import { bucketParking } from "../parking/bucket.ts";
import { PARK_TIMEOUT_MS, park } from "../parking/index.ts";
import { readSettings } from "../settings.ts";
import { MAX_CONNECTIONS, type StoreName } from "../stores/ask.ts";
import { letOthersIn } from "../stores/batches.ts";
import { sendMessages } from "../stores/queue.ts";
import { type DecodedBody, decode } from "./decode.ts";
import { namedCallIds, readUnfit } from "./named-calls.ts";
import { type Plan, type PlanOptions, plan } from "./plan.ts";
import type { IngestResult, ReceiveResult } from "./result.ts";
import { type WriteResult, write } from "./write.ts";

/** What ingesting needs besides the body. */
export interface IngestContext extends PlanOptions {
  db: D1Database;
  bucket: R2Bucket;
  queue: Queue;
  /** Keeps the Worker alive for work that the answer does not wait for. */
  waitUntil(work: Promise<unknown>): void;
}

/** @param destinations the names of the destinations that finished analytics go to */
export function ingestContext(env: Env, ctx: ExecutionContext, destinations: readonly string[]): IngestContext {
  return {
    db: env.DB,
    bucket: env.ARCHIVE,
    queue: env.SYNC_QUEUE,
    searchTranscripts: readSettings(env).searchTranscripts,
    destinations,
    waitUntil: (work) => ctx.waitUntil(work),
  };
}

/**
 * Brings genuine bodies to where they belong: ledger and archive, or quarantine. Fresh bodies, parked ones and those replayed
 * from quarantine all come this way. Never rejects: a body that this code trips over is `failed` without a store, so that it is
 * parked until a corrected deployment recovers it. Safe to repeat.
 * @param isSplit see `write`
 * @returns a result for each body
 */
export async function ingestAll(
  bodies: readonly Received[],
  context: IngestContext,
  isSplit = true,
): Promise<IngestResult[]> {
  const prepared: Prepared[] = [];
  // One after the other: parsed, a body takes several times the memory of its bytes.
  for (const [index, received] of bodies.entries()) {
    prepared.push(await prepare(received, context));
    await letOthersIn(index);
  }
  const plans = prepared.flatMap((one) => (one.kind === "plan" ? one.plan : []));
  const written = await write(plans, context.db, context.bucket, isSplit);
  const quarantined = await quarantineUnfit(
    prepared.flatMap((one) => (one.kind === "unfit" ? one : [])),
    context,
  );
  const messages: SyncMessage[] = [];
  const results = await Promise.all(
    prepared.map((one) => {
      if (one.kind === "unfit") return quarantined.get(one) ?? failed(one.received);
      if (one.kind !== "plan") return one;
      const result = written[plans.indexOf(one.plan)] ?? failed(one.received);
      if (result.kind === "stored") messages.push(...one.plan.messages);
      return resultOf(one.received, one.plan, result, context.bucket);
    }),
  );
  if (messages.length > 0) context.waitUntil(announce(messages, context.queue));
  return results;
}

/** Ingests one body. See {@link ingestAll}. */
export async function ingest(received: Received, context: IngestContext): Promise<IngestResult> {
  const [result = failed(received)] = await ingestAll([received], context);
  return result;
}

function failed({ sha256: event_id }: Received): IngestResult & { kind: "failed" } {
  return { kind: "failed", event_id, failures: new Map() };
}

/** Parsed and planned, a body takes several times its bytes: larger ones are parked before, so that a Worker that dies of it loses nothing. */
const PARKED_FIRST_BYTES = 1024 * 1024;

/** Longer than the answer to any body takes: until then its own request is at work on a body that was parked first. */
const REQUEST_MS = 30_000;

/** When the cron may look at a body that was parked first. */
function dueAfterRequest({ receivedAt }: Received): string {
  return new Date(Date.parse(receivedAt) + REQUEST_MS).toISOString();
}

/** Ingests a body, or parks it: whatever goes wrong, it must be kept. Never rejects. */
export async function ingestOrPark(received: Received, context: IngestContext): Promise<ReceiveResult> {
  const isParked = received.body.byteLength > PARKED_FIRST_BYTES && (await parkFirst(received, context));
  const result = await ingest(received, context);
  if (result.kind !== "failed") {
    if (isParked) await unpark(received, context);
    return result;
  }
  const { failures, ...about } = result;
  const reason = reasonText(failures);
  const parked_in = isParked ? "R2" : await park(received, failures, reason, context);
  return parked_in === undefined
    ? { ...about, kind: "not-stored", failed: reason }
    : { ...about, kind: "parked", failed: reason, parked_in };
}

/** Never rejects: when R2 fails, the body is ingested without. */
async function parkFirst(received: Received, { bucket }: IngestContext): Promise<boolean> {
  try {
    await bucketParking(bucket).park(
      received,
      "large: parked before it was parsed",
      PARK_TIMEOUT_MS,
      dueAfterRequest(received),
    );
    return true;
  } catch (error) {
    logError({ message: "could not park a large body first", sha256: received.sha256 }, error);
    return false;
  }
}

/** Never rejects: the cron finds that the body is in the ledger, and removes it. */
async function unpark(received: Received, { bucket }: IngestContext): Promise<void> {
  const { sha256, receivedAt: received_at } = received;
  try {
    await bucketParking(bucket).remove([{ sha256, received_at, due_at: dueAfterRequest(received) }]);
  } catch (error) {
    logError({ message: "could not remove a parked body", sha256 }, error);
  }
}

/** @returns for people */
export function reasonText(failures: ReadonlyMap<StoreName, string>): string {
  return Array.from(failures, ([store, words]) => `${store}: ${words}`).join("; ") || "unexpected";
}

/** Why a body did not become events. */
type Unfit = Exclude<DecodedBody, { kind: "events" | "ignored" }>;

interface UnfitBody {
  kind: "unfit";
  received: Received;
  unfit: Unfit;
}

type Prepared =
  | { kind: "plan"; received: Received; plan: Plan }
  | UnfitBody
  | Extract<IngestResult, { kind: "ignored" | "failed" }>;

/**
 * Decodes a body and plans its events. The parsed body goes no further than this: it takes several times the memory of its
 * bytes, and a busy Worker waits for the stores of many at a time.
 */
async function prepare(received: Received, options: PlanOptions): Promise<Prepared> {
  try {
    const decoded = decode(received);
    if (decoded.kind === "ignored") return decoded;
    if (decoded.kind !== "events") return { kind: "unfit", received, unfit: decoded };
    return { kind: "plan", received, plan: await plan(received, decoded, options) };
  } catch (error) {
    logError({ message: "a body could not be ingested", event_id: received.sha256 }, error);
    return failed(received);
  }
}

async function resultOf(
  received: Received,
  { call_id, event_id, event }: Plan,
  result: WriteResult,
  bucket: R2Bucket,
): Promise<IngestResult> {
  const about = { event_id, call_id, event };
  if (result.kind === "failed") return { ...about, ...result };
  if (result.kind !== "id-reused" && result.kind !== "other-platform") return { ...about, kind: result.kind };
  const detail = `The ledger has another body of this ${event} of this call under the id ${event_id}.`;
  return quarantine(received, "id-reused", detail, { ...about, kind: "unrecognised" }, bucket);
}

/** Sends the messages of stored events. Never rejects: deliveries whose message the queue did not take are sent by the relay. */
async function announce(messages: readonly SyncMessage[], queue: Queue): Promise<void> {
  for (const refused of await sendMessages(queue, messages)) {
    logError({ message: "the queue did not take messages", event_id: refused.messages[0]?.event_id }, refused.error);
  }
}

/** Keeps unfit bodies in quarantine, but for those of erased calls. */
async function quarantineUnfit(
  bodies: readonly UnfitBody[],
  { db, bucket }: IngestContext,
): Promise<ReadonlyMap<UnfitBody, IngestResult>> {
  if (bodies.length === 0) return new Map();
  const erasedCalls = await findErasedCalls(bodies, db);
  const ended = await pMap(
    bodies,
    async (body): Promise<[UnfitBody, IngestResult]> => {
      const { received, unfit } = body;
      const call_id = erasedCalls.get(body);
      if (call_id !== undefined) return [body, { kind: "erased", event_id: unfit.event_id, call_id }];
      return [body, await quarantine(received, unfit.kind, detailOf(unfit), unfit, bucket)];
    },
    { concurrency: MAX_CONNECTIONS },
  );
  return new Map(ended);
}

async function quarantine(
  received: Received,
  reason: QuarantineReason,
  detail: string,
  result: IngestResult & { event_id: string },
  bucket: R2Bucket,
): Promise<IngestResult> {
  try {
    await putQuarantined(bucket, received, reason, detail);
    return result;
  } catch (error) {
    return { kind: "failed", event_id: result.event_id, failures: new Map([["R2", reasonOf(error)]]) };
  }
}

/** Ids of one body that are looked up; it is about one call. */
const MAX_LOOKED_UP = 5;

/** The erased calls that bodies name. None when D1 fails: the bodies are kept, and the second pass of the erasure finds them. */
async function findErasedCalls(bodies: readonly UnfitBody[], db: D1Database): Promise<ReadonlyMap<UnfitBody, string>> {
  const named = bodies.flatMap((body) =>
    namedCallIds(readUnfit(body.received.body))
      .slice(0, MAX_LOOKED_UP)
      .map((id) => ({ body, id })),
  );
  if (named.length === 0) return new Map();
  try {
    const digests = await Promise.all(named.map(({ id }) => sha256(id)));
    const buried = await findBuried(db, digests);
    return new Map(named.filter((_, index) => buried.has(digests[index] ?? "")).map(({ body, id }) => [body, id]));
  } catch (error) {
    logError({ message: "could not look for erased calls", event_id: bodies[0]?.unfit.event_id }, error);
    return new Map();
  }
}

function detailOf(unfit: Unfit): string {
  switch (unfit.kind) {
    case "not-an-object":
      return unfit.detail;
    case "invalid":
      return unfit.errors.map(({ path, message }) => `${path}: ${message}`).join("; ");
    case "unrecognised":
      return "No event that this Worker knows.";
  }
}
