import pMap from "p-map";
import {
  type Attempt,
  type DeliveryId,
  type DeliveryReference,
  deliveryReference,
  overdueAt,
  type PlannedDelivery,
  readDeliveries,
  saveAttempts,
  secondsAfter,
} from "../ledger/deliveries.ts";
import { log, logError } from "../log.ts";
import { MAX_CONNECTIONS } from "../stores/ask.ts";
import { backoffSeconds } from "../stores/backoff.ts";
import type { Destination } from "./destinations/destination.ts";
import { type Pace, type PacedResult, startPace } from "./pace.ts";

/** One delivery of a batch, with every message about it: a queue delivers at least once, and sometimes twice at once. */
interface BatchedDelivery {
  reference: DeliveryReference;
  messages: Message[];
}

/** `void`: the delivery was erased, ended by an earlier copy of the message, or sent anew since. `skipped`: the destination does not want the call. */
type AttemptResult = PacedResult | { kind: "void" | "skipped" };

/** How the attempt at a delivery ended, with what follows from it. */
interface Attempted extends BatchedDelivery {
  result: AttemptResult;
  /** Including this one. */
  attempts: number;
  /** Delay of its messages before another attempt. */
  delaySeconds: number;
}

/**
 * Delivers a batch, each message on its own: acknowledged if it is delivered or never can be, retried if it may be later. Reads and
 * writes D1 once a batch. Throws if D1 fails: unacknowledged messages come back, so a delivery that arrived and could not be recorded
 * is made again.
 */
export async function deliverBatch(
  messages: readonly Message[],
  db: D1Database,
  destinations: readonly Destination[],
): Promise<void> {
  const batch = groupByDelivery(messages);
  if (batch.length === 0) return;
  const planned = await readDeliveries(
    db,
    batch.map(({ reference }) => reference),
  );
  const attempted = (
    await pMap(lanesOf(batch, destinations), (lane) => deliverLane(lane, planned), { concurrency: MAX_CONNECTIONS })
  ).flat();

  const now = new Date();
  const attempts = attempted.flatMap((one) => attemptOf(one, now));
  // Before any message is acknowledged.
  if (attempts.length > 0) await saveAttempts(db, attempts, now);
  for (const one of attempted) acknowledge(one);
}

/** Groups messages by delivery. Drops a message that names none, which this Worker did not send: it would be retried for hours. */
function groupByDelivery(messages: readonly Message[]): BatchedDelivery[] {
  const batch = new Map<string, BatchedDelivery>();
  for (const message of messages) {
    const { data: reference } = deliveryReference.safeParse(message.body);
    if (reference === undefined) {
      logError({ message: "a message names no delivery", message_id: message.id });
      message.ack();
      continue;
    }
    const { call_id, event, event_id, destination, generation } = reference;
    const key = JSON.stringify([call_id, event, event_id, destination, generation]);
    const delivery = batch.get(key) ?? { reference, messages: [] };
    delivery.messages.push(message);
    batch.set(key, delivery);
  }
  return [...batch.values()];
}

function isSameDelivery(a: DeliveryId, b: DeliveryId): boolean {
  return a.call_id === b.call_id && a.event === b.event && a.event_id === b.event_id && a.destination === b.destination;
}

/** Deliveries that are attempted one after another. */
interface Lane {
  /** `undefined` if it is switched off. */
  destination: Destination | undefined;
  deliveries: BatchedDelivery[];
}

/** Splits a batch into lanes: one for a destination with a pause, one for each delivery to any other. */
function lanesOf(batch: readonly BatchedDelivery[], destinations: readonly Destination[]): Lane[] {
  const byDestination = Map.groupBy(batch, ({ reference }) => reference.destination);
  return Array.from(byDestination).flatMap(([name, deliveries]): Lane[] => {
    const destination = destinations.find((one) => one.name === name);
    if (destination?.pauseMs !== undefined) return [{ destination, deliveries }];
    return deliveries.map((delivery) => ({ destination, deliveries: [delivery] }));
  });
}

async function deliverLane(
  { destination, deliveries }: Lane,
  planned: readonly PlannedDelivery[],
): Promise<Attempted[]> {
  const pace = startPace(destination?.pauseMs);
  const attempted: Attempted[] = [];
  for (const { reference, messages } of deliveries) {
    const delivery = planned.find((candidate) => isSameDelivery(reference, candidate));
    const result = await deliverOnce(reference, delivery, destination, pace);
    const tries = Math.max(...messages.map((message) => message.attempts));
    const isAttempt = result.kind !== "skipped" && result.kind !== "postponed";
    attempted.push({
      reference,
      messages,
      result,
      attempts: (delivery?.attempts ?? 0) + (isAttempt ? 1 : 0),
      delaySeconds: backoffSeconds(tries, "retryAfterSeconds" in result ? result.retryAfterSeconds : undefined),
    });
  }
  return attempted;
}

async function deliverOnce(
  reference: DeliveryReference,
  delivery: PlannedDelivery | undefined,
  destination: Destination | undefined,
  pace: Pace,
): Promise<AttemptResult> {
  if (delivery?.state !== "pending" || delivery.generation !== reference.generation) return { kind: "void" };
  if (destination === undefined) return { kind: "permanent", reason: "this destination is switched off" };
  const [problem] = destination.problems;
  if (problem !== undefined) return { kind: "transient", reason: `${problem.setting} ${problem.problem}` };
  try {
    if (destination.wants?.(delivery) === false) return { kind: "skipped" };
    return await pace(() => destination.deliver(delivery));
  } catch (error) {
    logError({ message: "a destination threw", ...reference }, error);
    return { kind: "transient", reason: "the destination failed unexpectedly" };
  }
}

function attemptOf({ reference, result, attempts, delaySeconds }: Attempted, now: Date): Attempt[] {
  const attempt = { ...reference, attempts };
  switch (result.kind) {
    case "void":
      return [];
    case "delivered":
    case "skipped":
      return [{ ...attempt, state: result.kind, error: null, ...ended }];
    case "transient":
    case "postponed": {
      const next_attempt_at = secondsAfter(now, delaySeconds);
      return [
        {
          ...attempt,
          state: "pending",
          error: errorOf(result),
          next_attempt_at,
          overdue_at: overdueAt(now, delaySeconds),
        },
      ];
    }
    case "permanent":
      return [{ ...attempt, state: "failed", error: errorOf(result), ...ended }];
  }
}

const ended = { next_attempt_at: null, overdue_at: null };

/** Why an attempt failed, and behind it what the other side answered. */
function errorOf({ reason, answer }: { reason: string; answer?: string }): string {
  return answer === undefined ? reason : `${reason}: ${answer}`;
}

function acknowledge({ reference, messages, result, attempts, delaySeconds }: Attempted): void {
  // Without the answer: it may repeat what a caller said.
  const reason = "reason" in result ? result.reason : undefined;
  log({ message: "delivery", ...reference, result: result.kind, attempts, reason });
  for (const message of messages) {
    if (result.kind === "transient" || result.kind === "postponed") message.retry({ delaySeconds });
    else message.ack();
  }
}
