import { type Dice, throwDice } from "../../support/stores/dice.ts";
import { planDay } from "../simulator/day.ts";
import { sha256Of } from "./make-call.ts";
import { type PlatformBody, platformBody, repetitionOf, withoutSecrets } from "./platform-body.ts";

/** A body of the soak, with its answers so far. */
export interface SoakBody extends Omit<PlatformBody, "body"> {
  call_id: string;
  /** SHA-256 of each delivery as the archive may have it, hex: some platforms change something in each. */
  archivable: string[];
  /** `200 stored`, `200 parked`, `503`, `no answer`. */
  answers: string[];
}

/** A delivery of a body. */
export interface Sending {
  of: SoakBody;
  body: string;
}

export interface SoakPlan {
  bodies: SoakBody[];
  /** In the order in which they are sent: every body once, a tenth of them twice as far as their platforms repeat them. */
  sendings: Sending[];
}

const TWICE = 0.1;
/** A call of a day has nearly three. */
const EVENTS_PER_CALL = 2;

/** Shuffles real bodies of a day's calls, of all platforms, with so many events in them. The same seed gives the same sendings. */
export function planSoak(seed: number, count: number): SoakPlan {
  const day = planDay(seed, Math.ceil(count / EVENTS_PER_CALL));
  const dice = throwDice(seed);
  const bodies = new Map<string, SoakBody>();
  const sendings: Sending[] = [];
  let planned = 0;
  for (const { platform, events, callId, body: bytes, at, after } of day.deliveries) {
    const [first, ...others] = events;
    if (first === undefined || callId === undefined || after !== undefined || planned + events.length > count) continue;
    const sent = platformBody(platform, callId, [first, ...others], new TextDecoder().decode(bytes));
    const [{ key }] = sent.identities;
    if (bodies.has(key)) continue;
    const again = dice.chance(TWICE) ? repetitionOf(sent, at, dice) : undefined;
    const deliveries = again === undefined ? [sent.body] : [sent.body, again];
    const of = soakBody(sent, deliveries);
    bodies.set(key, of);
    planned += events.length;
    sendings.push(...deliveries.map((body) => ({ of, body })));
  }
  return { bodies: [...bodies.values()], sendings: shuffle(dice, sendings) };
}

/** @param deliveries all that are sent of the body */
export function soakBody({ platform, sha256, identities }: PlatformBody, deliveries: readonly string[]): SoakBody {
  const [{ call_id }] = identities;
  return {
    platform,
    sha256,
    identities,
    call_id,
    archivable: deliveries.map((body) => sha256Of(withoutSecrets(body))),
    answers: [],
  };
}

function shuffle<T>(dice: Dice, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, position: dice.integer(0, 2 ** 30) }))
    .toSorted((one, other) => one.position - other.position)
    .map(({ item }) => item);
}

export function isAcknowledged({ answers }: Pick<SoakBody, "answers">): boolean {
  return answers.some((answer) => answer.startsWith("2"));
}

/** What the events of some bodies are known by. */
export function identitiesIn(bodies: readonly SoakBody[]) {
  return bodies.flatMap(({ identities }) => identities);
}
