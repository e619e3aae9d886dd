import * as z from "zod";
import type { EventName } from "../../events/event.ts";
import { beginningOf, countRange, type EventRange } from "../../ledger/event-range.ts";
import { findOpenJob, insertJob, type JobRow, jobStatus } from "../../ledger/jobs.ts";
import { createInstance } from "../../stores/workflow.ts";
import type { Destination } from "../destinations/destination.ts";
import { configuredDestinations } from "../destinations/index.ts";
import { findSendable, refused } from "../sendable.ts";
import { PATIENCE_MS } from "./page.ts";

/** How far a job is that sends a range again. */
const sendingOutput = z.object({
  sent: z.number().describe("deliveries that are on their way again"),
  left_alone: z.number().describe("deliveries that were on their way already, or whose call was erased meanwhile"),
  of: z.number().describe("deliveries of the range when the job began"),
});

/** A job that sends a range again, as the outside sees it. */
export const sendingView = z.object({ status: jobStatus, output: sendingOutput });
export type SendingView = z.infer<typeof sendingView>;

/** Returns the state of a job that sends a range again; `undefined` for another job. */
export function viewSending({ kind, status, output }: JobRow): SendingView | undefined {
  return kind === "send-again" ? sendingView.parse({ status, output: JSON.parse(output) }) : undefined;
}

/** The events that a request means, and where they are to go. */
export interface RangeRequest {
  /** ISO 8601 UTC, of the events. */
  from: string;
  /** ISO 8601 UTC; an event at this moment is out. */
  to: string;
  event?: EventName | undefined;
  destination?: string | undefined;
}

/** What would be sent, or why nothing can be. */
export type RangePlan =
  | { kind: "planned"; range: EventRange; deliveries: number }
  | { kind: "refused"; reason: string };

/** Works out what a request would send, and counts it. Sends nothing. */
export async function planRange({ from, to, event, destination }: RangeRequest, env: Env): Promise<RangePlan> {
  const sendable = findSendable(destination, configuredDestinations(env));
  if (sendable.kind === "refused") return sendable;
  const targets = targetsOf(sendable.destinations, event);
  if (targets.length === 0) return refused(`None of the destinations takes ${event}: name the one that is to get it.`);
  const open = await findOpenJob(env.DB, "send-again");
  // Two at once would have twice the pace.
  if (open !== undefined) return refused(`The job ${open.id} sends a range already: stop it, or wait for its end.`);
  const range = { from, to, until: new Date().toISOString(), targets };
  return { kind: "planned", range, deliveries: await countRange(env.DB, range) };
}

/** An event that is named goes to the destinations that take it; to one that alone is meant, whether it takes it or not. */
function targetsOf(destinations: readonly Destination[], event: EventName | undefined): EventRange["targets"] {
  return destinations.flatMap(({ name: destination, events }) => {
    if (event === undefined) return events.map((taken) => ({ event: taken, destination }));
    return destinations.length === 1 || events.includes(event) ? [{ event, destination }] : [];
  });
}

/**
 * Starts a job that sends a range again.
 * @returns the id of the job
 */
export async function startSending(range: EventRange, deliveries: number, env: Env): Promise<string> {
  const id = crypto.randomUUID();
  const now = new Date();
  const output: z.infer<typeof sendingOutput> = { sent: 0, left_alone: 0, of: deliveries };
  const [subject, position] = [JSON.stringify(range), JSON.stringify(beginningOf(range))];
  const row = { id, kind: "send-again", subject, output: JSON.stringify(output), position } as const;
  await insertJob(env.DB, row, new Date(now.getTime() + PATIENCE_MS), now);
  await createInstance(env.SEND_AGAIN, id, { job: id });
  return id;
}
