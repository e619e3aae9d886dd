import { createHash } from "node:crypto";
import { planDay } from "../simulator/day.ts";
import { type Dice, throwDice } from "../simulator/dice.ts";

/** An event of the soak, and what has become of it so far. */
export interface SoakEvent {
  /** As the contract makes it: the body's own id, else its digest. */
  event_id: string;
  kind: "call.start" | "call.end" | "analytics.completed";
  body: Uint8Array;
  /** SHA-256 of the body, hex. */
  digest: string;
  /** `200 stored`, `202 parked`, `503`, `no answer`. */
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

/** Real events of a day's calls, shuffled. Pure but for the answers: the same seed gives the same sendings. */
export function planSoak(seed: number, count: number): SoakPlan {
  const { deliveries } = planDay(seed, Math.ceil(count / EVENTS_PER_CALL));
  const events = new Map<string, SoakEvent>();
  for (const { content, body, after } of deliveries) {
    if (content === "noise" || after !== undefined || events.size === count) continue;
    const event = soakEvent(content === "correction" ? "call.end" : content, body);
    events.set(event.event_id, event);
  }
  const dice = throwDice(seed);
  const all = [...events.values()];
  return { events: all, sendings: shuffle(dice, [...all, ...all.filter(() => dice.chance(TWICE))]) };
}

function soakEvent(kind: SoakEvent["kind"], body: Uint8Array): SoakEvent {
  const digest = createHash("sha256").update(body).digest("hex");
  const { id }: { id?: unknown } = JSON.parse(new TextDecoder().decode(body));
  return { event_id: typeof id === "string" ? id : digest, kind, body, digest, answers: [] };
}

function shuffle<T>(dice: Dice, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: dice.integer(0, 2 ** 30) }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

export function isAcknowledged({ answers }: SoakEvent): boolean {
  return answers.some((answer) => answer.startsWith("2"));
}
