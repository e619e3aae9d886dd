import { type Call, correct, makeCall } from "./calls.ts";
import { bytes, type Content, type Delivery } from "./delivery.ts";
import { type Dice, throwDice } from "./dice.ts";
import { makeNoise } from "./noise.ts";
import { type Totals, totalsOf } from "./totals.ts";
import { vocabularies } from "./vocabularies.ts";
import type { Body } from "./vocabulary.ts";

export interface Day {
  seed: number;
  calls: number;
  /** When all of it is over, milliseconds since 1970. */
  end: number;
  /** In the order in which they are sent; nothing comes before what it has to come `after`. */
  deliveries: Delivery[];
  /** What a ledger that knew nothing of this day must end with. */
  totals: Totals;
}

export const DEFAULT_CALLS = 200;
export const DEFAULT_SEED = 1;

/** A day that is always the same, for tests. */
const DEFAULT_END = Date.UTC(2026, 8, 29, 21);

const HOUR_MILLISECONDS = 60 * 60 * 1000;

/** From midnight until the last call of a day is over, analyzed and corrected. */
const DAY_HOURS = 21;

/** Shares of the events or calls that the platform does not send once, in order and for good. */
const TWICE_LATER = 0.05;
const TWICE_AT_ONCE = 0.025;
const OUT_OF_ORDER = 0.05;
const CORRECTED = 0.025;
/** Events signed in the header that older pages of the platform show. */
const OLD_HEADER = 0.2;

/**
 * A working day of calls, as the requests a platform would send for it. Pure: the same seed, number of calls and end give the
 * same requests, byte by byte. At another end the calls are the same, and have other ids.
 * @param seed a whole number
 * @param calls 1 or more
 * @param end when all of it is over, milliseconds since 1970; it has begun less than 24 hours before
 */
export function planDay(seed: number = DEFAULT_SEED, calls: number = DEFAULT_CALLS, end: number = DEFAULT_END): Day {
  const dice = throwDice(seed);
  const midnight = end - DAY_HOURS * HOUR_MILLISECONDS;
  const deliveries: Delivery[] = [];
  for (let index = 0; index < calls; index++) {
    // A day worth the name has a call of hundreds of turns, and one of each kind of mischief.
    const first = index === 0;
    const call = makeCall(dice, midnight, first && calls > 1 ? "endless" : undefined);
    deliveries.push(...deliveriesOf(dice, call, first));
  }
  deliveries.push(...makeNoise(dice, midnight, calls));
  // Stable: what is to come at the same millisecond keeps its order.
  deliveries.sort((one, other) => one.at - other.at);
  return { seed, calls, end, deliveries, totals: totalsOf(deliveries) };
}

/** The end of a day that has just passed: the hour that was last full, so that the same seed is the same day for a while. */
export function lastFullHour(now: number): number {
  return now - (now % HOUR_MILLISECONDS);
}

/** @param mischief everything happens to this call that may happen to one */
function deliveriesOf(dice: Dice, call: Call, mischief: boolean): Delivery[] {
  const vocabulary = vocabularies[call.agent.vocabulary];
  const first: Delivery[] = [
    delivery(dice, call, "call.start", call.startedAt, vocabulary.start(call, dice.hex(20))),
    delivery(dice, call, "call.end", call.endedAt, vocabulary.end(call, dice.hex(20))),
  ];
  if (call.analysis) {
    const body = vocabulary.analytics(call, call.analysis, dice.hex(20));
    first.push(delivery(dice, call, "analytics.completed", call.analysis.finishedAt, body));
  }
  if (mischief || dice.chance(OUT_OF_ORDER)) swapTimes(dice, first);
  if (call.answeredAt !== undefined && (mischief || dice.chance(CORRECTED))) {
    const corrected = correct(dice, call);
    const at = corrected.endedAt + dice.integer(1000, 20 * 60_000);
    first.push(delivery(dice, call, "correction", at, vocabulary.end(corrected, dice.hex(20))));
  }
  return first.flatMap((sent, index) => {
    if (dice.chance(TWICE_AT_ONCE) || (mischief && index === 0)) sent.expected = ["200 stored", "200 duplicate"];
    return dice.chance(TWICE_LATER) || (mischief && index === 1) ? [sent, again(dice, sent)] : [sent];
  });
}

function delivery(dice: Dice, call: Call, content: Content, at: number, body: Body): Delivery {
  return {
    at,
    content,
    callId: call.id,
    hasTranscript: (content === "call.end" || content === "correction") && call.turns !== undefined,
    body: bytes(body),
    signing: dice.chance(OLD_HEADER) ? "X-Atoms-Signature" : "X-Signature",
    expected: ["200 stored"],
  };
}

/** The platform sends the same bytes once more, some time later. */
function again(dice: Dice, sent: Delivery): Delivery {
  return {
    ...sent,
    at: sent.at + dice.integer(1, 90 * 60_000),
    expected: ["200 duplicate"],
    after: sent,
  };
}

/** Two neighbours change places: the end before the start, or the analysis before the end. */
function swapTimes(dice: Dice, deliveries: Delivery[]): void {
  const index = dice.integer(0, deliveries.length - 2);
  const [one, other] = deliveries.slice(index, index + 2);
  if (one && other) [one.at, other.at] = [other.at, one.at];
}
