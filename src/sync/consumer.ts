import pMap from "p-map";
import {
  type Attempt,
  type DeliveryId,
  type PlannedDelivery,
  readDeliveries,
  saveAttempts,
} from "../ledger/deliveries.ts";
import { log, logError, reasonOf } from "../log.ts";
import { delaySeconds } from "./backoff.ts";
import type { DeliveryResult, Destination } from "./destinations/destination.ts";
import { deliveryId } from "./messages.ts";

/** Connections a Worker may open at once (developers.cloudflare.com/workers/platform/limits). */
const CONCURRENCY = 6;

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
  batch: MessageBatch,
  db: D1Database,
  destinations: readonly Destination[],
): Promise<void> {
  const jobs = jobsOf(batch);
  const planned = await readDeliveries(
    db,
    jobs.map((job) => job.id),
  );
  const done = await pMap(jobs, async (job) => ({ job, result: await attempt(job.id, planned, destinations) }), {
    concurrency: CONCURRENCY,
  });

  const attempts = done.flatMap(({ job, result }) => attemptRow(job.id, result));
  // Before any message is settled: an outcome that could not be written down is tried again with its message.
  if (attempts.length > 0) await saveAttempts(db, attempts, new Date().toISOString());
  for (const { job, result } of done) settle(job, result);
}

/** What does not name a delivery was not sent by this Worker; it is logged and dropped, or it would block for days. */
function jobsOf(batch: MessageBatch): Job[] {
  const jobs = new Map<string, Job>();
  for (const message of batch.messages) {
    const id = deliveryId.safeParse(message.body);
    if (!id.success) {
      logError({ message: "a message that names no delivery", queue: batch.queue, message_id: message.id });
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

async function attempt(
  id: DeliveryId,
  planned: readonly PlannedDelivery[],
  destinations: readonly Destination[],
): Promise<JobResult> {
  const delivery = planned.find((row) => row.event_id === id.event_id && row.destination === id.destination);
  // Erased since, or delivered by an earlier copy of the message.
  if (delivery === undefined || delivery.state === "delivered") return { kind: "nothing-to-do" };

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

function attemptRow(id: DeliveryId, result: JobResult): Attempt[] {
  switch (result.kind) {
    case "nothing-to-do":
      return [];
    case "delivered":
      return [{ ...id, state: "delivered", error: null }];
    case "transient":
      return [{ ...id, state: "pending", error: result.reason }];
    case "permanent":
      return [{ ...id, state: "failed", error: result.reason }];
  }
}

function settle({ id, messages }: Job, result: JobResult): void {
  const attempts = Math.max(...messages.map((message) => message.attempts));
  log({
    message: "delivery",
    ...id,
    outcome: result.kind,
    attempts,
    reason: "reason" in result ? result.reason : undefined,
  });
  for (const message of messages) {
    if (result.kind === "transient") {
      message.retry({ delaySeconds: delaySeconds(message.attempts, result.retryAfterSeconds) });
    } else {
      message.ack();
    }
  }
}
