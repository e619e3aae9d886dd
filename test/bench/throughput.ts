import { callEnds } from "./bodies.ts";
import { type Booted, boot } from "./boot.ts";
import type { Bundle } from "./bundle.ts";
import { openSender, sendAll } from "./load.ts";
import { median } from "./statistics.ts";

const AT_A_TIME = 16;
const ROUNDS = 3;

/** Short, so that whatever else the machine does for a while meets every Worker. */
const SLICE_REQUESTS = 50;
const WARM_UP_REQUESTS = 200;

export interface Load {
  /** Of each body. */
  bytes: number;
  /** Requests a Worker gets in a round, warm-up not counted: a multiple of fifty times the number of Workers. */
  requests: number;
}

export interface Throughput {
  name: string;
  /** Requests a second, one figure a round. */
  rounds: number[];
}

/**
 * How many `call.end` events a second each Worker takes, 16 at a time. In a round all Workers start afresh on empty stores as
 * often as there are Workers, each of them first once: what starts first stays up to a fifth slower for as long as it lives. In
 * between they take turns in short slices, each turn beginning with another.
 */
export async function throughput(
  bundles: readonly Bundle[],
  { bytes, requests }: Load,
  downstream: URL,
): Promise<Throughput[]> {
  const figures: { name: string; rounds: number[] }[] = bundles.map(({ name }) => ({ name, rounds: [] }));
  for (let round = 0; round < ROUNDS; round++) {
    const milliseconds = bundles.map(() => 0);
    for (let start = 0; start < bundles.length; start++) {
      const starters = rotated([...bundles.entries()], start);
      const booted = await Promise.all(starters.map(([, bundle]) => boot(bundle, downstream)));
      const taken = await takeTurns(booted, bytes, requests / bundles.length);
      starters.forEach(([index], place) => {
        milliseconds[index] = (milliseconds[index] ?? 0) + (taken[place] ?? Number.NaN);
      });
      await Promise.all(booted.map((worker) => worker.stop()));
    }
    figures.forEach(({ rounds }, index) => {
      rounds.push((requests / (milliseconds[index] ?? Number.NaN)) * 1000);
    });
  }
  return figures;
}

function rotated<T>(items: readonly T[], turn: number): T[] {
  const first = turn % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** The median over the rounds of what one Worker did in a round as a share of what another did in the same. */
export function shareOf(figure: Throughput, other: Throughput): number {
  return median(figure.rounds.map((rate, round) => rate / (other.rounds[round] ?? Number.NaN)));
}

/** @returns milliseconds each Worker took for all its requests */
async function takeTurns(workers: readonly Booted[], bytes: number, requests: number): Promise<number[]> {
  const senders = workers.map(({ webhook }) => openSender(webhook, AT_A_TIME));
  for (const sender of senders) await sendAll(sender, callEnds(WARM_UP_REQUESTS, bytes), AT_A_TIME);

  const totals = senders.map(() => 0);
  for (let turn = 0; turn < requests / SLICE_REQUESTS; turn++) {
    for (const [index, sender] of rotated([...senders.entries()], turn)) {
      // Signed before the clock runs.
      const events = callEnds(SLICE_REQUESTS, bytes);
      totals[index] = (totals[index] ?? 0) + (await sendAll(sender, events, AT_A_TIME));
    }
  }
  for (const sender of senders) sender.close();
  return totals;
}
