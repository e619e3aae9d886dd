import { median } from "../support/statistics.ts";
import { callEnds } from "./bodies.ts";
import { boot } from "./boot.ts";
import type { Bundle } from "./bundle.ts";
import { openSender, sendAll } from "./load.ts";

const AT_A_TIME = 16;
const ROUNDS = 3;

/** Short, so that whatever else the machine does for a while meets both Workers. */
const SLICE_REQUESTS = 50;

export interface Load {
  /** Of each body. */
  bytes: number;
  /** Requests a Worker gets at each start: an even number of slices. */
  requests: number;
  /** Requests it gets before them, that do not count: V8 compiles a path well only after it ran some hundred times. */
  warmUp: number;
  /** How often each of the two starts first, in a round. */
  starts: number;
}

/** Of two Workers that took turns. */
export interface Comparison {
  /** Requests a second, one figure a round. */
  rates: number[];
  floorRates: number[];
  /** The one as a share of the other, one figure a round. */
  shares: number[];
  /** The median of the shares. */
  share: number;
}

/**
 * How many `call.end` events a second a Worker takes, 16 at a time, beside another. In each round both start afresh on empty
 * stores several times, each of them first as often as the other: a process is up to a fifth faster or slower than its twin for as
 * long as it lives. In between they take turns in short slices, each turn beginning with the other. No third runtime is up
 * meanwhile: even an idle one gets in the way on two cores.
 */
export async function compare(worker: Bundle, floor: Bundle, load: Load, downstream: URL): Promise<Comparison> {
  const rates: number[] = [];
  const floorRates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const times: ReadonlyMap<Bundle, number>[] = [];
    for (let start = 0; start < load.starts; start++) {
      times.push(await millisecondsOf([worker, floor], load, downstream));
      times.push(await millisecondsOf([floor, worker], load, downstream));
    }
    const rateOf = (bundle: Bundle) => {
      const milliseconds = times.reduce((sum, time) => sum + (time.get(bundle) ?? Number.NaN), 0);
      return (times.length * load.requests * 1000) / milliseconds;
    };
    rates.push(rateOf(worker));
    floorRates.push(rateOf(floor));
  }
  const shares = rates.map((rate, round) => rate / (floorRates[round] ?? Number.NaN));
  return { rates, floorRates, shares, share: median(shares) };
}

/**
 * @param bundles in the order in which they start
 * @returns how long each took for all its requests
 */
async function millisecondsOf(
  bundles: readonly Bundle[],
  { bytes, requests, warmUp }: Load,
  downstream: URL,
): Promise<ReadonlyMap<Bundle, number>> {
  const contenders = await Promise.all(
    bundles.map(async (bundle) => {
      const worker = await boot(bundle, downstream);
      return { bundle, worker, sender: openSender(worker.webhook, AT_A_TIME) };
    }),
  );
  for (const { sender } of contenders) await sendAll(sender, callEnds(warmUp, bytes), AT_A_TIME);

  const totals = new Map<Bundle, number>();
  for (let turn = 0; turn < requests / SLICE_REQUESTS; turn++) {
    for (const { bundle, sender } of turn % 2 === 0 ? contenders : contenders.toReversed()) {
      // Signed before the clock runs.
      const events = callEnds(SLICE_REQUESTS, bytes);
      const milliseconds = await sendAll(sender, events, AT_A_TIME);
      totals.set(bundle, (totals.get(bundle) ?? 0) + milliseconds);
    }
  }
  for (const { sender } of contenders) sender.close();
  await Promise.all(contenders.map(({ worker }) => worker.stop()));
  return totals;
}
