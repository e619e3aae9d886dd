import * as z from "zod";
import { readCall } from "../ledger/call-details.ts";
import { callIdsOfCaller, eraseCallRows } from "../ledger/erasure.ts";
import { log } from "../log.ts";
import { attempt } from "../stores/attempt.ts";
import { SEARCH_LIMIT, STORE_LIMIT } from "../stores/limits.ts";
import { eraseBodies, findCalls, notOthers } from "./calls.ts";
import { eraseObjects } from "./objects.ts";
import { digitsOf, type Subject } from "./subject.ts";
import { lookInto, waitingPosition } from "./waiting.ts";

/** Calls that one request erases: of the 50 subrequests an invocation has on the Free plan, each takes four or more. */
const CALLS_A_REQUEST = 4;

/** How much went with one request. */
export const erased = z.object({
  calls: z.number(),
  events: z.number(),
  deliveries: z.number(),
  objects: z.number().describe("transcripts and other bodies in R2"),
  parked: z.number().describe("bodies that waited for a store"),
  quarantined: z.number().describe("bodies that did not fit"),
});

export type Erased = z.infer<typeof erased>;

/** Calls that are somebody's by what waits alone, taken along from request to request. */
const call_ids = z.array(z.string()).max(1000);

/**
 * Where an erasure goes on: `find` looks through what waits for calls that the ledger does not know to be theirs, `waiting`
 * deletes what waits, `calls` what is in the ledger, of which the first are always the next.
 */
export const erasurePosition = z.discriminatedUnion("step", [
  z.object({ step: z.literal("find"), at: waitingPosition, call_ids }),
  z.object({ step: z.literal("waiting"), at: waitingPosition, call_ids, full: z.boolean() }),
  z.object({ step: z.literal("calls"), call_ids, full: z.boolean() }),
]);

export type ErasurePosition = z.infer<typeof erasurePosition>;

const START = { place: 0 };

/**
 * Erases what is kept of a call, or of all calls with one caller: bodies that wait or did not fit, then objects in R2, then
 * rows in D1. Rows last, since they name the rest: should it break off, asking again finishes it.
 * @param position the `next` of the answer before
 * @returns what went, and `next` when there is more to do
 */
export async function erase(
  subject: Subject,
  env: Env,
  position: ErasurePosition = firstStep(subject),
): Promise<{ erased: Erased; next?: ErasurePosition }> {
  const total: Erased = { calls: 0, events: 0, deliveries: 0, objects: 0, parked: 0, quarantined: 0 };
  let current = position;
  if (current.step === "find") {
    const { bodies, next } = await lookInto(subject, current.at, env);
    const { callIds, full } = await findCalls(subject, current.call_ids, bodies, env.DB);
    if (next !== undefined && !full) return { erased: total, next: { step: "find", at: next, call_ids: callIds } };
    current = { step: "waiting", at: START, call_ids: callIds, full };
    if (bodies.length > 0) return { erased: total, next: current };
  }
  if (current.step === "waiting") {
    const { call_ids, full } = current;
    const { bodies, next } = await lookInto(subject, current.at, env);
    const gone = await eraseBodies(subject, { callIds: call_ids, full }, bodies, env);
    for (const { kind } of gone) total[kind]++;
    if (next !== undefined) return { erased: total, next: { ...current, at: next } };
    current = { step: "calls", call_ids, full };
    // Deleting took so many subrequests that the calls are for the next request.
    if (gone.length > 0) return { erased: total, next: current };
  }
  const { taken, left, more } = await callsToErase(subject, current.call_ids, env.DB);
  for (const callId of taken) {
    const gone = await eraseCall(callId, env);
    for (const what of ["calls", "events", "deliveries", "objects"] as const) total[what] += gone[what];
  }
  log({ message: "erased", ...total });
  if (more) return { erased: total, next: { ...current, call_ids: left } };
  return current.full ? { erased: total, next: firstStep(subject) } : { erased: total };
}

/** A call is known from the beginning; whose a caller's calls are may have to be found out from what waits. */
function firstStep(subject: Subject): ErasurePosition {
  if ("caller_phone" in subject) return { step: "find", at: START, call_ids: [] };
  return { step: "waiting", at: START, call_ids: [subject.call_id], full: false };
}

/** The next calls to erase: those found in what waits, then those the ledger knows. */
async function callsToErase(subject: Subject, found: readonly string[], db: D1Database) {
  const taken = await notOthers(subject, found.slice(0, CALLS_A_REQUEST), db);
  const left = found.slice(CALLS_A_REQUEST);
  if ("call_id" in subject) return { taken, left, more: false };
  if (found.length >= CALLS_A_REQUEST) return { taken, left, more: true };
  const { caller_phone } = subject;
  const known = await attempt(() => callIdsOfCaller(db, digitsOf(caller_phone), CALLS_A_REQUEST), SEARCH_LIMIT);
  const all = [...new Set([...taken, ...known])].slice(0, CALLS_A_REQUEST);
  return { taken: all, left, more: all.length === CALLS_A_REQUEST };
}

async function eraseCall(callId: string, { DB, ARCHIVE }: Env): Promise<Omit<Erased, "parked" | "quarantined">> {
  const details = await attempt(() => readCall(DB, callId), STORE_LIMIT);
  if (details === undefined) return { calls: 0, events: 0, deliveries: 0, objects: 0 };
  const objects = await eraseObjects(ARCHIVE, details);
  return { ...(await attempt(() => eraseCallRows(DB, callId, details.events.length), STORE_LIMIT)), objects };
}
