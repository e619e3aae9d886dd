import { type Dice, throwDice } from "../../support/stores/dice.ts";
import { type Call, correct, makeCall } from "./calls.ts";
import { bytes, type Content, type Delivery } from "./delivery.ts";
import { makeNoise } from "./noise.ts";
import { platforms } from "./platforms/index.ts";
import { type CallBody, type PlatformName, platformNames } from "./platforms/platform.ts";
import { type Totals, totalsOf } from "./totals.ts";

export interface Day {
  seed: number;
  calls: number;
  /** Those that are played. */
  platforms: readonly PlatformName[];
  /** When all of it is over, milliseconds since 1970. */
  end: number;
  /** Every call of the day, in no order. */
  made: readonly Call[];
  /** In the order in which they are sent; nothing comes before what it has to come `after`. */
  deliveries: Delivery[];
  /** What a ledger that knew nothing of this day must end with. */
  totals: Totals;
}

export const DEFAULT_CALLS = 200;
/** Of a day on which everything happens that may. */
export const DEFAULT_SEED = 2;

/** A day that is always the same, for tests. */
const DEFAULT_END = Date.UTC(2026, 8, 29, 21);

export const HOUR_MILLISECONDS = 60 * 60 * 1000;

/** From midnight until the last call of a day is over, analyzed and corrected. */
export const DAY_HOURS = 21;

/** Shares of the bodies or calls that a platform does not send once, in order and for good. */
const TWICE_LATER = 0.05;
const TWICE_AT_ONCE = 0.025;
const OUT_OF_ORDER = 0.05;
const CORRECTED = 0.025;

/**
 * A working day of calls, as the requests the platforms would send for it. Pure: the same seed, number of calls, end and platforms
 * give the same requests, byte by byte. At another end the calls are the same, and have other ids.
 * @param seed a whole number
 * @param calls 1 or more
 * @param end when all of it is over, milliseconds since 1970; it has begun less than 24 hours before
 */
export function planDay(
  seed: number = DEFAULT_SEED,
  calls: number = DEFAULT_CALLS,
  end: number = DEFAULT_END,
  names: readonly PlatformName[] = platformNames,
): Day {
  const dice = throwDice(seed);
  const midnight = end - DAY_HOURS * HOUR_MILLISECONDS;
  const deliveries: Delivery[] = [];
  const made: Call[] = [];
  for (let index = 0; index < calls; index++) {
    // A day worth the name has of every platform a call that everything happens to, and one of hundreds of turns.
    const first = names.slice(index, index + 1);
    const isFirst = first.length > 0;
    const length = isFirst ? (index === 0 && calls > 1 ? "endless" : "ordinary") : undefined;
    const call = makeCall(dice, midnight, isFirst ? first : names, length);
    made.push(call);
    deliveries.push(...deliveriesOf(dice, call, isFirst));
  }
  deliveries.push(...makeNoise(dice, midnight, calls, names));
  // Stable: what is to come at the same millisecond keeps its order.
  deliveries.sort((one, other) => one.at - other.at);
  return { seed, calls, platforms: names, end, made, deliveries, totals: totalsOf(deliveries) };
}

/** The end of a day that has just passed: the hour that was last full, so that the same seed is the same day for a while. */
export function lastFullHour(now: number): number {
  return now - (now % HOUR_MILLISECONDS);
}

/** @param mischief everything happens to this call that may happen to one */
function deliveriesOf(dice: Dice, call: Call, mischief: boolean): Delivery[] {
  const platform = platforms[call.agent.platform];
  const sent = platform.bodies(call, dice);
  if (mischief || dice.chance(OUT_OF_ORDER)) swapTimes(dice, sent);
  const isCorrected = call.answeredAt !== undefined && (mischief || dice.chance(CORRECTED));
  const correction = isCorrected ? platform.correction(correct(dice, call), dice) : undefined;
  const [copied, repeated] = sent.filter(isOfTheLedger);
  return [...sent, ...(correction ? [correction] : [])].flatMap((one) => {
    const once = delivery(dice, call, one === correction ? "correction" : "call", one);
    const again = isOfTheLedger(one) ? platform.repetition(one, dice) : undefined;
    if (again === undefined) return [once];
    if (dice.chance(TWICE_AT_ONCE) || (mischief && one === copied)) once.expected = ["200 stored", "200 duplicate"];
    if (!dice.chance(TWICE_LATER) && !(mischief && one === (repeated ?? copied))) return [once];
    return [once, { ...once, at: again.at, body: bytes(again.body), expected: ["200 duplicate"], after: once }];
  });
}

function isOfTheLedger({ events }: CallBody): boolean {
  return events.length > 0;
}

function delivery(dice: Dice, call: Call, content: Content, sent: CallBody): Delivery {
  const { at, events, turns, tools = { calls: 0, errors: 0 }, costUsd, hasVersion = false, body } = sent;
  const { platform, direction } = call.agent;
  const isIgnored = !isOfTheLedger(sent);
  return {
    at,
    platform,
    content: isIgnored ? "noise" : content,
    callId: isIgnored ? undefined : call.id,
    hasNumber: direction !== "web",
    events,
    turns,
    tools,
    costUsd,
    hasVersion,
    body: bytes(body),
    signing: dice.weighted(platforms[platform].signings),
    expected: isIgnored ? ["200 ignored"] : ["200 stored"],
  };
}

/** Two neighbours change places: the end before the start, or the analysis before the end. */
function swapTimes(dice: Dice, bodies: CallBody[]): void {
  const withEvents = bodies.filter(isOfTheLedger);
  const index = dice.integer(0, Math.max(0, withEvents.length - 2));
  const [one, other] = withEvents.slice(index, index + 2);
  if (one && other) [one.at, other.at] = [other.at, one.at];
}
