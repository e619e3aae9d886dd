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
  /** Requests a Worker gets in a round, warm-up not counted: a multiple of fifty. */
  requests: number;
}

export interface Throughput {
  name: string;
  /** Requests a second, one figure a round. */
  rounds: number[];
}

/**
 * How many `call.end` events a second each Worker takes, 16 at a time. In every round all Workers start afresh, on empty
 * stores. Within a round they take turns in short slices, each turn beginning with another.
 */
export async function throughput(
  bundles: readonly Bundle[],
  { bytes, requests }: Load,
  downstream: URL,
): Promise<Throughput[]> {
  const figures: { name: string; rounds: number[] }[] = bundles.map(({ name }) => ({ name, rounds: [] }));
  for (let round = 0; round < ROUNDS; round++) {
    const booted = await Promise.all(bundles.map((bundle) => boot(bundle, downstream)));
    const milliseconds = await takeTurns(booted, bytes, requests);
    figures.forEach(({ rounds }, index) => {
      rounds.push((requests / (milliseconds[index] ?? Number.NaN)) * 1000);
    });
    await Promise.all(booted.map((worker) => worker.stop()));
  }
  return figures;
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
    const order = [...senders.entries()];
    order.push(...order.splice(0, turn % order.length));
    for (const [index, sender] of order) {
      // Signed before the clock runs.
      const events = callEnds(SLICE_REQUESTS, bytes);
      totals[index] = (totals[index] ?? 0) + (await sendAll(sender, events, AT_A_TIME));
    }
  }
  for (const sender of senders) sender.close();
  return totals;
}
