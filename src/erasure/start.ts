import * as z from "zod";
import { hasCallObjects } from "../archive/objects.ts";
import { MIN_PHONE_DIGITS, phoneDigits } from "../events/phone.ts";
import { sha256 } from "../events/received.ts";
import type { HeldState } from "../held/held.ts";
import { listHeld } from "../held/list.ts";
import { readCallRow } from "../ledger/calls.ts";
import { callIdsBefore, countCallsOfNumber } from "../ledger/erasure.ts";
import { insertJob, type JobRow, jobStatus } from "../ledger/jobs.ts";
import { readSettings } from "../settings.ts";
import { createInstance } from "../stores/workflow.ts";
import { type ErasureStores, erased, nothingErased, PATIENCE_MS } from "./steps.ts";
import type { Subject } from "./subject.ts";

/** Schema of a phone number in a request. A part of one would name many people. */
export const wholePhone = z
  .string()
  .max(200)
  .refine((phone) => phoneDigits(phone).length >= MIN_PHONE_DIGITS, {
    message: `must be a whole phone number: ${MIN_PHONE_DIGITS} digits or more`,
  });

/** An erasure as the outside sees it. */
export const erasureView = z.object({
  status: jobStatus.exclude(["stopped"]),
  output: erased.describe("how much went so far"),
});
export type ErasureView = z.infer<typeof erasureView>;

/** Returns the state of an erasure; `undefined` for another job. */
export function viewErasure({ kind, status, output }: JobRow): ErasureView | undefined {
  return kind === "erasure" ? erasureView.parse({ status, output: JSON.parse(output) }) : undefined;
}

/**
 * Starts the erasure of a call.
 * @returns the id of the job; `undefined` if nothing of such a call is stored or held
 */
export async function startCallErasure(callId: string, env: Env): Promise<string | undefined> {
  const isKnown = await isCallKnown(callId, { db: env.DB, bucket: env.ARCHIVE });
  return isKnown ? start(crypto.randomUUID(), { call_id: callId }, env, new Date()) : undefined;
}

/**
 * Starts the erasure of all calls with a customer's number.
 * @returns the id of the job
 */
export function startNumberErasure(phone: string, env: Env): Promise<string> {
  const now = new Date();
  return start(crypto.randomUUID(), { digits: phoneDigits(phone), until: now.toISOString() }, env, now);
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Starts the erasure of calls and held bodies older than `RETENTION_DAYS`, if there are any: one job an hour. */
export async function startRetention(env: Env, now: Date): Promise<{ job?: string }> {
  const { retentionDays } = readSettings(env);
  if (retentionDays === undefined) return {};
  const before = new Date(now.getTime() - retentionDays * DAY_MS).toISOString();
  const isAnyOld =
    (await callIdsBefore(env.DB, before, 1)).length > 0 ||
    (await isAnyHeldBefore(env.ARCHIVE, "parked", before)) ||
    (await isAnyHeldBefore(env.ARCHIVE, "quarantined", before));
  if (!isAnyOld) return {};
  const hour = now.toISOString().slice(0, "2024-07-15T14".length);
  return { job: await start(`retention-${hour}`, { before }, env, now) };
}

/** Held bodies are listed oldest first. */
async function isAnyHeldBefore(bucket: R2Bucket, state: HeldState, before: string): Promise<boolean> {
  const { bodies } = await listHeld(bucket, state, 1);
  return bodies.some(({ received_at }) => received_at < before);
}

/** How much the erasure of a number would delete at present. */
export const numberPreview = z.object({
  calls: z.number(),
  parked: z.number(),
  quarantined: z.number(),
  complete: z.boolean().describe("false: more bodies are held than were looked through"),
});

export async function previewNumberErasure(
  phone: string,
  { db, bucket }: ErasureStores,
): Promise<z.infer<typeof numberPreview>> {
  const digits = phoneDigits(phone);
  const digest = await sha256(digits);
  const [calls, parked, quarantined] = await Promise.all([
    countCallsOfNumber(db, digits),
    countLabelled(bucket, "parked", "numberSha256s", digest),
    countLabelled(bucket, "quarantined", "numberSha256s", digest),
  ]);
  return {
    calls,
    parked: parked.count,
    quarantined: quarantined.count,
    complete: parked.isComplete && quarantined.isComplete,
  };
}

/** Returns whether anything of a call is in the ledger, in the archive or held; true if more is held than a request reads. */
async function isCallKnown(callId: string, { db, bucket }: ErasureStores): Promise<boolean> {
  if ((await readCallRow(db, callId)) !== undefined || (await hasCallObjects(bucket, callId))) return true;
  const digest = await sha256(callId);
  for (const state of ["parked", "quarantined"] as const) {
    const { count, isComplete } = await countLabelled(bucket, state, "callSha256s", digest);
    if (count > 0 || !isComplete) return true;
  }
  return false;
}

/** Pages of held bodies that a request reads. */
const MAX_PAGES = 10;

const PAGE_BODIES = 1_000;

/** Counts the held bodies whose label has a digest. The count is incomplete if there are partial labels or too many bodies. */
async function countLabelled(
  bucket: R2Bucket,
  state: HeldState,
  digests: "callSha256s" | "numberSha256s",
  digest: string,
): Promise<{ count: number; isComplete: boolean }> {
  let count = 0;
  let isComplete = true;
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { bodies, next } = await listHeld(bucket, state, PAGE_BODIES, after);
    count += bodies.filter(({ label }) => label[digests].includes(digest)).length;
    isComplete &&= bodies.every(({ label }) => !label.isPartial);
    after = next;
    if (after === undefined) return { count, isComplete };
  }
  return { count, isComplete: false };
}

async function start(id: string, subject: Subject, env: Env, now: Date): Promise<string> {
  const [subjectJson, output] = [JSON.stringify(subject), JSON.stringify(nothingErased)];
  const row = { id, kind: "erasure", subject: subjectJson, output, position: null } as const;
  await insertJob(env.DB, row, new Date(now.getTime() + PATIENCE_MS), now);
  await createInstance(env.ERASURE, id, { job: id });
  return id;
}
