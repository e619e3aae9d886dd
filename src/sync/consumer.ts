import pMap from "p-map";
import {
  type Attempt,
  type DeliveryId,
  overdueAt,
  type PlannedDelivery,
  readDeliveries,
  saveAttempts,
} from "../ledger/deliveries.ts";
import { log, logError, reasonOf } from "../log.ts";
import { attempt } from "../stores/attempt.ts";
import { delaySeconds } from "./backoff.ts";
import type { DeliveryResult, Destination } from "./destinations/destination.ts";
import { deliveryId } from "./messages.ts";

/** Connections a Worker may open at once (developers.cloudflare.com/workers/platform/limits). */
const CONCURRENCY = 6;

/** Milliseconds for writing the outcomes down: deliveries that were made and not noted would be made again. */
const SAVE_LIMIT = 10_000;

/** One delivery of a batch, with every message about it: a queue delivers at least once, and sometimes twice at once. */
interface Job {
  id: DeliveryId;
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
  const planned = await readDeliveries(
    db,
    jobs.map((job) => job.id),
  );
  const deliver = async (job: Job) => plan(job, await deliverOnce(job.id, planned, destinations));
  const done = await pMap(jobs, deliver, { concurrency: CONCURRENCY });

  const now = new Date();
  const attempts = done.flatMap(({ job, result, delay }) => attemptRow(job.id, result, delay, now));
  // Before any message is settled: an outcome that could not be written down is tried again with its message.
  if (attempts.length > 0) await attempt(() => saveAttempts(db, attempts, now), SAVE_LIMIT);
  for (const settled of done) settle(settled);
}

/** What does not name a delivery was not sent by this Worker; it is logged and dropped, or it would block for days. */
function jobsOf(messages: readonly Message[]): Job[] {
  const jobs = new Map<string, Job>();
  for (const message of messages) {
    const id = deliveryId.safeParse(message.body);
    if (!id.success) {
      logError({ message: "a message that names no delivery", message_id: message.id });
      message.ack();
      continue;
    }
    const key = JSON.stringify([id.data.destination, id.data.event_id]);
    const job = jobs.get(key) ?? { id: id.data, messages: [] };
    job.messages.push(message);
    jobs.set(key, job);
  }
  return [...jobs.values()];
}

/** A result, and how many seconds the messages rest if it is to be tried again. */
function plan(job: Job, result: JobResult) {
  const attempts = Math.max(...job.messages.map((message) => message.attempts));
  const asked = result.kind === "transient" ? result.retryAfterSeconds : undefined;
  return { job, result, attempts, delay: delaySeconds(attempts, asked) };
}

async function deliverOnce(
  id: DeliveryId,
  planned: readonly PlannedDelivery[],
  destinations: readonly Destination[],
): Promise<JobResult> {
  const delivery = planned.find((row) => row.event_id === id.event_id && row.destination === id.destination);
  // Erased since, or settled by an earlier copy of the message.
  if (delivery?.state !== "pending") return { kind: "nothing-to-do" };

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

function attemptRow(id: DeliveryId, result: JobResult, delay: number, now: Date): Attempt[] {
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
