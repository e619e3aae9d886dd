import pMap from "p-map";
import {
  type Attempt,
  type DeliveryId,
  type DeliveryRound,
  overdueAt,
  type PlannedDelivery,
  readDeliveries,
  saveAttempts,
} from "../ledger/deliveries.ts";
import { log, logError, reasonOf } from "../log.ts";
import { attempt } from "../stores/attempt.ts";
import { delaySeconds } from "../stores/backoff.ts";
import { CONNECTIONS, STORE_LIMIT } from "../stores/limits.ts";
import type { DeliveryResult, Destination } from "./destinations/destination.ts";
import { deliveryRound } from "./messages.ts";

/** Milliseconds for writing the outcomes down: deliveries that were made and not noted would be made again. */
const SAVE_LIMIT = 10_000;

/** One delivery of a batch, with every message about it: a queue delivers at least once, and sometimes twice at once. */
interface Job {
  id: DeliveryRound;
  messages: Message[];
}

type JobResult = DeliveryResult | { kind: "nothing-to-do" };

/**
 * Delivers a batch, each message on its own: acknowledged when it is delivered or never can be, retried when it may be
 * later. One D1 read before and one D1 write after, whatever the size of the batch.
 */
export async function deliverBatch(
  messages: readonly Message[],
  db: D1Database,
  destinations: readonly Destination[],
): Promise<void> {
  const jobs = jobsOf(messages);
  if (jobs.length === 0) return;
  const ids = jobs.map((job) => job.id);
  const planned = await attempt(() => readDeliveries(db, ids), STORE_LIMIT);
  const deliver = async (job: Job) => {
    const delivery = planned.find(({ event_id, destination }) => sameDelivery(job.id, { event_id, destination }));
    return plan(job, delivery, await deliverOnce(job.id, delivery, destinations));
  };
  const done = await pMap(jobs, deliver, { concurrency: CONNECTIONS });

  const now = new Date();
  const attempts = done.flatMap((outcome) => attemptRow(outcome, now));
  // Before any message is settled: an outcome that could not be written down is tried again with its message.
  if (attempts.length > 0) await attempt(() => saveAttempts(db, attempts, now), SAVE_LIMIT);
  for (const settled of done) settle(settled);
}

/** What does not name a delivery was not sent by this Worker; it is logged and dropped, or it would block for days. */
function jobsOf(messages: readonly Message[]): Job[] {
  const jobs = new Map<string, Job>();
  for (const message of messages) {
    const id = deliveryRound.safeParse(message.body);
    if (!id.success) {
      logError({ message: "a message that names no delivery", message_id: message.id });
      message.ack();
      continue;
    }
    const key = JSON.stringify([id.data.destination, id.data.event_id, id.data.round]);
    const job = jobs.get(key) ?? { id: id.data, messages: [] };
    job.messages.push(message);
    jobs.set(key, job);
  }
  return [...jobs.values()];
}

function sameDelivery(a: DeliveryId, b: DeliveryId): boolean {
  return a.event_id === b.event_id && a.destination === b.destination;
}

/** A result, the attempts it makes in all, and how many seconds its messages rest if it is to be tried again. */
function plan(job: Job, delivery: PlannedDelivery | undefined, result: JobResult) {
  const tries = Math.max(...job.messages.map((message) => message.attempts));
  const asked = result.kind === "transient" ? result.retryAfterSeconds : undefined;
  return { job, result, attempts: (delivery?.attempts ?? 0) + 1, delay: delaySeconds(tries, asked) };
}

async function deliverOnce(
  id: DeliveryRound,
  delivery: PlannedDelivery | undefined,
  destinations: readonly Destination[],
): Promise<JobResult> {
  // Erased since, settled by an earlier copy of the message, or sent again since.
  if (delivery?.state !== "pending" || delivery.round !== id.round) return { kind: "nothing-to-do" };

  const destination = destinations.find(({ name }) => name === id.destination);
  if (destination === undefined) return { kind: "permanent", reason: "this destination is switched off" };
  const [problem] = destination.problems;
  if (problem !== undefined) return { kind: "transient", reason: `${problem.setting} ${problem.problem}` };
  try {
    return await destination.deliver(delivery);
  } catch (error) {
    logError({ message: "a destination threw", ...id, error: reasonOf(error) });
    return { kind: "transient", reason: "the destination failed unexpectedly" };
  }
}

function attemptRow({ job, result, attempts, delay }: ReturnType<typeof plan>, now: Date): Attempt[] {
  const id = { ...job.id, attempts };
  switch (result.kind) {
    case "nothing-to-do":
      return [];
    case "delivered":
      return [{ ...id, state: "delivered", error: null, overdue_at: null }];
    case "transient":
      return [{ ...id, state: "pending", error: result.reason, overdue_at: overdueAt(now, delay) }];
    case "permanent":
      return [{ ...id, state: "failed", error: result.reason, overdue_at: null }];
  }
}

function settle({ job, result, attempts, delay }: ReturnType<typeof plan>): void {
  const reason = "reason" in result ? result.reason : undefined;
  log({ message: "delivery", ...job.id, outcome: result.kind, attempts, reason });
  for (const message of job.messages) {
    if (result.kind === "transient") message.retry({ delaySeconds: delay });
    else message.ack();
  }
}
