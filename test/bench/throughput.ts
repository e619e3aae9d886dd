import { callEnds } from "./bodies.ts";
import { type Booted, boot } from "./boot.ts";
import type { Bundle } from "./bundle.ts";
import { openSender, sendAll } from "./load.ts";
import { median } from "./statistics.ts";

const AT_A_TIME = 16;
const ROUNDS = 3;
const SLICES = 6;

export interface Load {
  /** Of each body. */
  bytes: number;
  /** Requests a Worker gets in a round, warm-up not counted. */
  requests: number;
}

export interface Throughput {
  name: string;
  /** Requests a second, one figure a round. */
  rounds: number[];
  median: number;
}

/**
 * How many `call.end` events a second each Worker takes, 16 at a time. In every round all Workers start afresh, on empty
 * stores. Within a round they take turns in short slices, so that whatever else the machine does meets all of them.
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
  return figures.map((figure) => ({
    ...figure,
    median: median(figure.rounds),
  }));
}

/** @returns milliseconds each Worker took for all its requests */
async function takeTurns(workers: readonly Booted[], bytes: number, requests: number): Promise<number[]> {
  const senders = workers.map(({ webhook }) => openSender(webhook, AT_A_TIME));
  const slice = requests / SLICES;
  for (const sender of senders) await sendAll(sender, callEnds(slice * 2, bytes), AT_A_TIME);

  const totals = senders.map(() => 0);
  for (let turn = 0; turn < SLICES; turn++) {
    for (const [index, sender] of senders.entries()) {
      // Signed before the clock runs.
      const events = callEnds(slice, bytes);
      totals[index] = (totals[index] ?? 0) + (await sendAll(sender, events, AT_A_TIME));
    }
  }
  for (const sender of senders) sender.close();
  return totals;
}
