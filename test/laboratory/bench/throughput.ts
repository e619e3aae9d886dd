import type { Bundle } from "../../support/bundle.ts";
import type { Signed } from "./bodies.ts";
import { openWorker, startRuntime } from "./boot.ts";
import { openSender, type Sender, sendAll } from "./load.ts";

/** Requests that are under way at once. */
export const AT_A_TIME = 16;

/** As short as a turn can be, so that whatever else the machine does for a while meets both Workers. */
const TURN_REQUESTS = AT_A_TIME;

export interface Load {
  /** What is sent, for the report: `call.end of 11 KB`. */
  name: string;
  /** Where: `/webhooks/atoms`. */
  path: string;
  /** Makes so many events, of different calls. */
  events(count: number): Signed[];
  /** In each, the two start afresh twice, each of them first once. */
  rounds: number;
  /** Requests a Worker gets at each start: an even number of turns. */
  requests: number;
  /** Requests it gets before them, that do not count: V8 compiles a path well only after it ran some hundred times. */
  warmUp: number;
}

/** Of two Workers that took turns. */
export interface Comparison {
  /** Requests a second, one figure a round. */
  rates: number[];
  floorRates: number[];
  /** The one as a share of the other, one figure a round. */
  shares: number[];
}

/**
 * How many events a second a Worker takes, 16 at a time, beside another. They start on empty stores and take
 * short turns, in one runtime: of two processes that do the same, one is up to a fifth faster for as long as it lives.
 */
export async function compare(worker: Bundle, floor: Bundle, load: Load, downstream: URL): Promise<Comparison> {
  const rates: number[] = [];
  const floorRates: number[] = [];
  for (let round = 0; round < load.rounds; round++) {
    const times = [
      await millisecondsOf([worker, floor], load, downstream),
      await millisecondsOf([floor, worker], load, downstream),
    ];
    const rateOf = (bundle: Bundle) => {
      const milliseconds = times.reduce((sum, time) => sum + (time.get(bundle) ?? Number.NaN), 0);
      return (times.length * load.requests * 1000) / milliseconds;
    };
    rates.push(rateOf(worker));
    floorRates.push(rateOf(floor));
  }
  const shares = rates.map((rate, round) => rate / (floorRates[round] ?? Number.NaN));
  return { rates, floorRates, shares };
}

/**
 * @param bundles in the order in which they start
 * @returns how long each took for all its requests
 */
async function millisecondsOf(
  bundles: readonly Bundle[],
  { path, events, requests, warmUp }: Load,
  downstream: URL,
): Promise<ReadonlyMap<Bundle, number>> {
  const runtime = await startRuntime(bundles, downstream);
  const contenders: { bundle: Bundle; sender: Sender }[] = [];
  for (const bundle of bundles) {
    const { url } = await openWorker(runtime, bundle);
    contenders.push({ bundle, sender: openSender(new URL(path, url), AT_A_TIME) });
  }
  for (const { sender } of contenders) await sendAll(sender, events(warmUp), AT_A_TIME);

  const totals = new Map<Bundle, number>();
  for (let turn = 0; turn < requests / TURN_REQUESTS; turn++) {
    for (const { bundle, sender } of turn % 2 === 0 ? contenders : contenders.toReversed()) {
      // Signed before the clock runs.
      const turnEvents = events(TURN_REQUESTS);
      const milliseconds = await sendAll(sender, turnEvents, AT_A_TIME);
      totals.set(bundle, (totals.get(bundle) ?? 0) + milliseconds);
    }
  }
  for (const { sender } of contenders) sender.close();
  await runtime.dispose();
  return totals;
}
