import * as z from "zod";
import { readCall } from "../ledger/call-details.ts";
import { callIdsOfCaller, eraseCallRows } from "../ledger/erasure.ts";
import { log } from "../log.ts";
import { attempt } from "../stores/attempt.ts";
import { SEARCH_LIMIT, STORE_LIMIT } from "../stores/limits.ts";
import { eraseObjects } from "./objects.ts";
import { digitsOf, type Subject } from "./subject.ts";
import { eraseWaiting, waitingPosition } from "./waiting.ts";

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

/** Where an erasure goes on: first through what waits, then through the calls, of which the first are always the next. */
export const erasurePosition = z.union([waitingPosition, z.literal("calls")]);

export type ErasurePosition = z.infer<typeof erasurePosition>;

const START: ErasurePosition = { place: 0 };

/**
 * Erases what is kept of a call, or of all calls with one caller: bodies that wait or did not fit, then objects in R2, then
 * rows in D1. Rows last, since they name the rest: should it break off, asking again finishes it.
 * @param position the `next` of the answer before
 * @returns what went, and `next` when there is more to do
 */
export async function erase(
  subject: Subject,
  env: Env,
  position: ErasurePosition = START,
): Promise<{ erased: Erased; next?: ErasurePosition }> {
  const total: Erased = { calls: 0, events: 0, deliveries: 0, objects: 0, parked: 0, quarantined: 0 };
  if (position !== "calls") {
    const { next, ...waiting } = await eraseWaiting(subject, position, env);
    Object.assign(total, waiting);
    if (next !== undefined) return { erased: total, next };
    // Deleting took so many subrequests that the calls are for the next request.
    if (waiting.parked + waiting.quarantined > 0) return { erased: total, next: "calls" };
  }
  const callIds = await callsOf(subject, env.DB);
  for (const callId of callIds) {
    const gone = await eraseCall(callId, env);
    for (const what of ["calls", "events", "deliveries", "objects"] as const) total[what] += gone[what];
  }
  log({ message: "erased", ...total });
  return callIds.length < CALLS_A_REQUEST ? { erased: total } : { erased: total, next: "calls" };
}

async function callsOf(subject: Subject, db: D1Database): Promise<string[]> {
  if ("call_id" in subject) return [subject.call_id];
  return attempt(() => callIdsOfCaller(db, digitsOf(subject.caller_phone), CALLS_A_REQUEST), SEARCH_LIMIT);
}

async function eraseCall(callId: string, { DB, ARCHIVE }: Env): Promise<Omit<Erased, "parked" | "quarantined">> {
  const details = await attempt(() => readCall(DB, callId), STORE_LIMIT);
  if (details === undefined) return { calls: 0, events: 0, deliveries: 0, objects: 0 };
  const objects = await eraseObjects(ARCHIVE, details);
  return { ...(await attempt(() => eraseCallRows(DB, callId, details.events.length), STORE_LIMIT)), objects };
}
