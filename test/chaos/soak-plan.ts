import type { EventName } from "../../src/events/event.ts";
import { planDay } from "../simulator/day.ts";
import { type Dice, throwDice } from "../simulator/dice.ts";
import { eventKey } from "./ledger-state.ts";
import { sha256Of } from "./make-call.ts";

/** An event of the soak, with its answers so far. */
export interface SoakEvent {
  call_id: string;
  event: EventName;
  /** The body's own id, else its SHA-256. */
  event_id: string;
  /** See {@link eventKey}. */
  key: string;
  body: Uint8Array;
  /** Of the body, hex. */
  sha256: string;
  /** `200 stored`, `200 parked`, `503`, `no answer`. */
  answers: string[];
}

export interface SoakPlan {
  events: SoakEvent[];
  /** In the order in which they are sent: every event once, a tenth of them twice. */
  sendings: SoakEvent[];
}

const TWICE = 0.1;
/** A call has two events at the least, so that there are always enough to choose from. */
const EVENTS_PER_CALL = 2;

/** Shuffles real events of a day's calls. The same seed gives the same sendings. */
export function planSoak(seed: number, count: number): SoakPlan {
  const { deliveries } = planDay(seed, Math.ceil(count / EVENTS_PER_CALL), undefined, ["atoms"]);
  const events = new Map<string, SoakEvent>();
  for (const {
    events: [name],
    callId,
    body,
    after,
  } of deliveries) {
    if (name === undefined || callId === undefined || after !== undefined || events.size === count) continue;
    const event = soakEvent(callId, name, body);
    events.set(event.key, event);
  }
  const dice = throwDice(seed);
  const all = [...events.values()];
  return { events: all, sendings: shuffle(dice, [...all, ...all.filter(() => dice.chance(TWICE))]) };
}

function soakEvent(call_id: string, event: EventName, body: Uint8Array): SoakEvent {
  const sha256 = sha256Of(body);
  const { id }: { id?: unknown } = JSON.parse(new TextDecoder().decode(body));
  const identity = { call_id, event, event_id: typeof id === "string" ? id : sha256 };
  return { ...identity, key: eventKey(identity), body, sha256, answers: [] };
}

function shuffle<T>(dice: Dice, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, position: dice.integer(0, 2 ** 30) }))
    .toSorted((one, other) => one.position - other.position)
    .map(({ item }) => item);
}

export function isAcknowledged({ answers }: SoakEvent): boolean {
  return answers.some((answer) => answer.startsWith("2"));
}
