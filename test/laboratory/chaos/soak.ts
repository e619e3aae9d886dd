import { setTimeout as delay } from "node:timers/promises";
import pMap from "p-map";
import pWaitFor from "p-wait-for";
import { median } from "../../support/statistics.ts";
import type { Faults } from "../../support/stores/faults.ts";
import { relayUntil, replayQuarantine, runCron, setFaults } from "../../support/stores/relay.ts";
import type { Progress } from "../simulator/progress.ts";
import { workerMemory } from "./memory.ts";
import { areOnDisk, isSoakRecovered, type SoakFindings, soakFindings } from "./soak-findings.ts";
import { type SoakLedger, startSoakLedger } from "./soak-ledger.ts";
import { isAcknowledged, planSoak, type Sending, type SoakBody } from "./soak-plan.ts";

export interface SoakOptions {
  /** How many different events; a tenth of their bodies is sent twice. */
  events: number;
  seed: number;
  /** Share of the calls of every store that fail, 0 to 1. */
  rate: number;
  progress: Progress;
  signal: AbortSignal;
}

/** Times in seconds, memory in bytes. */
export interface SoakResult {
  bodies: SoakBody[];
  requests: number;
  findings: SoakFindings;
  slowestAnswer: number;
  sending: number;
  recovery: number;
  cronRuns: number;
  /** Bodies at which a store failed while others got through: found in quarantine, and replayed once the stores were well. */
  replayed: number;
  /**
   * Of the Worker after the restart, in the first and in the second half of its life, NaN when it could not be measured; absent
   * when that life was too short to tell.
   */
  memory: { earlier: number; later: number } | undefined;
}

const AT_A_TIME = 32;
/** After this share of the sendings the runtime is killed, so that its second life is the longer one. */
const KILLED_AFTER = 1 / 3;
const SAMPLE_MILLISECONDS = 3000;
/** One minute. The heap of a fresh Worker grows until its caches are full, which is no leak. */
const LEAST_SAMPLES = 20;
const CRON_MILLISECONDS = 3000;
const POLL_MILLISECONDS = 100;
const ON_DISK_MILLISECONDS = 120_000;
const RECOVERY_MILLISECONDS = 240_000;

/** Sends events to a ledger whose stores fail at random, kills it on the way, and compares its stores with the events. */
export async function soak({ events: count, seed, rate, progress, signal }: SoakOptions): Promise<SoakResult> {
  const plan = planSoak(seed, count);
  progress.step("Starting the Worker on local D1, R2 and Queues that fail");
  const ledger = await startSoakLedger(AT_A_TIME, signal);
  const ended = new AbortController();
  const random = { rate, seed };
  const everything: Faults = { D1: random, R2: random, queue: random };
  try {
    const memory = sampleMemory(ledger, ended.signal);
    await setFaults(ledger.url, everything);
    const cron = runCronNowAndThen(ledger, ended.signal);

    progress.step(
      `Sending ${plan.sendings.length} times ${plan.bodies.length} bodies of all platforms, ${AT_A_TIME} at a time`,
    );
    const began = performance.now();
    const inFlight = new Set<Promise<void>>();
    const killAt = Math.floor(plan.sendings.length * KILLED_AFTER);
    let slowestAnswer = 0;
    let done = 0;
    let killed = Promise.resolve();
    await pMap(
      plan.sendings,
      async (one, index) => {
        if (index === killAt) {
          killed = killInTheMiddle(ledger, plan.bodies, inFlight, everything);
          // It is awaited when all is sent; until then nobody listens.
          killed.catch(() => undefined);
        }
        const sending = sendOne(ledger, one).then((seconds) => {
          slowestAnswer = Math.max(slowestAnswer, seconds);
        });
        inFlight.add(sending);
        await sending;
        inFlight.delete(sending);
        progress.advance(++done, plan.sendings.length);
      },
      { concurrency: AT_A_TIME, signal },
    );
    await killed;
    const healed = performance.now();
    ended.abort();
    await cron;

    progress.step("The stores are well again: recovering until nothing is parked or pending");
    await setFaults(ledger.url, {});
    const replayed = await replayQuarantine(ledger.url);
    const cronRuns = await relayUntil(ledger.url, () => isSoakRecovered(plan.bodies, ledger.stores), {
      timeoutMilliseconds: RECOVERY_MILLISECONDS,
      signal,
    });
    const recovered = performance.now();
    progress.step("Comparing every event and every body");
    const findings = await soakFindings(plan.bodies, ledger.stores, ledger.receiver);
    progress.finish();
    return {
      bodies: plan.bodies,
      requests: plan.sendings.length,
      findings,
      slowestAnswer,
      sending: (healed - began) / 1000,
      recovery: (recovered - healed) / 1000,
      cronRuns,
      replayed,
      memory: halves(await memory),
    };
  } finally {
    ended.abort();
    await ledger.close();
  }
}

/** @returns seconds until the answer */
async function sendOne(ledger: SoakLedger, { of, body }: Sending): Promise<number> {
  const door = await ledger.door();
  const began = performance.now();
  const answer = await door.send(body, of.platform).catch(() => "no answer");
  of.answers.push(answer);
  return answer === "no answer" ? 0 : (performance.now() - began) / 1000;
}

/**
 * Kills the runtime while bodies are on their way. Cloudflare's queues are durable, the local ones are in memory: before,
 * R2 is well for a while, so that no body is parked in the queue any more.
 */
async function killInTheMiddle(
  ledger: SoakLedger,
  bodies: readonly SoakBody[],
  inFlight: ReadonlySet<Promise<void>>,
  faults: Faults,
): Promise<void> {
  const { R2: _well, ...others } = faults;
  await setFaults(ledger.url, others);
  await Promise.all(inFlight);
  const acknowledged = bodies.filter(isAcknowledged);
  await pWaitFor(() => areOnDisk(acknowledged, ledger.stores), {
    interval: POLL_MILLISECONDS,
    timeout: ON_DISK_MILLISECONDS,
  });
  await ledger.killAndRestart();
  await setFaults(ledger.url, faults);
}

/** As Cloudflare does every minute. While the ledger is down nobody runs it. */
async function runCronNowAndThen(ledger: SoakLedger, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await ledger.door();
    await runCron(ledger.url, new Date()).catch(() => undefined);
    await delay(CRON_MILLISECONDS, undefined, { signal: ended }).catch(() => undefined);
  }
}

/** @returns bytes, `undefined` where the inspector did not answer */
async function sampleMemory(ledger: SoakLedger, ended: AbortSignal): Promise<(number | undefined)[]> {
  const samples: (number | undefined)[] = [];
  let life = ledger.lives;
  while (!ended.aborted) {
    if (ledger.lives !== life) samples.length = 0;
    life = ledger.lives;
    samples.push(await workerMemory(ledger.inspector));
    await delay(SAMPLE_MILLISECONDS, undefined, { signal: ended }).catch(() => undefined);
  }
  return samples;
}

function halves(samples: readonly (number | undefined)[]): SoakResult["memory"] {
  if (samples.length < LEAST_SAMPLES) return undefined;
  const middle = Math.floor(samples.length / 2);
  const medianOf = (half: readonly (number | undefined)[]) => median(half.filter((bytes) => bytes !== undefined));
  return { earlier: medianOf(samples.slice(0, middle)), later: medianOf(samples.slice(middle)) };
}
