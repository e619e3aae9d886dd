import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import pMap from "p-map";
import * as z from "zod";
import type { Delivery } from "./delivery.ts";
import { platforms, type Secrets } from "./platforms/index.ts";

export interface Target {
  /** Where the ledger is. */
  url: string;
  /** Of each platform whose deliveries are sent, one of the ledger's. */
  secrets: Secrets;
}

export interface SendOptions {
  /** Deliveries under way at once; twins count as one. */
  concurrency?: number;
  /** Events a second; undefined: as fast as they are answered. */
  rate?: number | undefined;
  signal: AbortSignal;
  onAnswer?: (delivery: Delivery, seen: readonly string[]) => void;
}

/** How the ledger answered a day. */
export interface Traffic {
  /** Answer (`200 stored`, `401`, `no answer: …`) to how often it was given. */
  answers: Map<string, number>;
  /** Deliveries that were answered otherwise than planned. */
  surprises: { delivery: Delivery; seen: string[] }[];
  /** From the first byte sent to the last byte of the answer, in microseconds. */
  latency: RecordableHistogram;
  /** Requests sent. */
  requests: number;
  seconds: number;
}

/** As long as the platform waits. */
const TIMEOUT_MILLISECONDS = 30_000;

/** Sends the deliveries in their order, many at once, and compares every answer with the plan. */
export async function send(
  deliveries: readonly Delivery[],
  target: Target,
  { concurrency = 16, rate, signal, onAnswer }: SendOptions,
): Promise<Traffic> {
  const traffic: Traffic = {
    answers: new Map(),
    surprises: [],
    latency: createHistogram(),
    requests: 0,
    seconds: 0,
  };
  const answered = new Map<Delivery, Promise<unknown>>();
  const began = performance.now();

  const sendOne = async (delivery: Delivery, index: number) => {
    if (rate !== undefined)
      await delay(Math.max(0, began + (index / rate) * 1000 - performance.now()), undefined, { signal });
    // It was begun before this one, since nothing stands before what it has to come after.
    if (delivery.after) await answered.get(delivery.after);
    const seen = await Promise.all(delivery.expected.map(() => post(delivery, target, traffic.latency, signal)));
    signal.throwIfAborted();
    traffic.requests += seen.length;
    for (const answer of seen) traffic.answers.set(answer, (traffic.answers.get(answer) ?? 0) + 1);
    if (seen.toSorted().join() !== delivery.expected.toSorted().join()) traffic.surprises.push({ delivery, seen });
    onAnswer?.(delivery, seen);
  };
  await pMap(
    deliveries,
    (delivery, index) => {
      const done = sendOne(delivery, index);
      answered.set(delivery, done);
      return done;
    },
    { concurrency, signal },
  );
  traffic.seconds = (performance.now() - began) / 1000;
  return traffic;
}

async function post(
  delivery: Delivery,
  target: Target,
  latency: RecordableHistogram,
  signal: AbortSignal,
): Promise<string> {
  const { platform, body, signing } = delivery;
  const secret = target.secrets[platform];
  if (secret === undefined) throw new RangeError(`no secret of ${platform}`);
  const began = performance.now();
  try {
    const response = await fetch(new URL(`/webhooks/${platform}`, target.url), {
      method: "POST",
      headers: platforms[platform].headers(body, secret, signing),
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]),
    });
    const answer = nameOf(response.status, await response.text());
    latency.record(Math.max(1, Math.round((performance.now() - began) * 1000)));
    return answer;
  } catch (error) {
    return `no answer: ${networkReason(error)}`;
  }
}

const withStatus = z.object({ status: z.string() });

/** `200 stored`: problem documents repeat the number in their status, so that only words count. */
function nameOf(status: number, body: string): string {
  try {
    return `${status} ${withStatus.parse(JSON.parse(body)).status}`;
  } catch {
    return String(status);
  }
}

/** Why a request got no answer, in the words of the system: `ECONNREFUSED`. */
export function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return networkReason(error.cause);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
