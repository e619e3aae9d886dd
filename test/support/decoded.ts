import type { CallFacts, Turn } from "../../src/events/event.ts";
import { type FieldError, isJsonObject } from "../../src/events/fields.ts";
import { phoneDigits } from "../../src/events/phone.ts";
import type { Platform } from "../../src/platforms/platform.ts";

/** When the bodies that {@link decoded} reads came in. */
export const RECEIVED_AT = "2030-01-01T00:00:00.000Z";

/** Every fact that no event tells. */
const unknown: { [Fact in keyof Required<CallFacts>]: null } = {
  call_direction: null,
  caller_phone: null,
  agent_phone: null,
  started_at: null,
  ended_at: null,
  analyzed_at: null,
  duration_seconds: null,
  disposition: null,
  variables: null,
  metrics: null,
  summary: null,
  recording_url: null,
  transcript_turns: null,
  agent_version: null,
  cost_usd: null,
  latency_ms: null,
};

/** A body as it comes in over the wire: without what is undefined. */
function onTheWire(body: object) {
  const json: unknown = JSON.parse(JSON.stringify(body));
  if (!isJsonObject(json)) throw new Error("the body is no JSON object");
  return json;
}

/**
 * What a platform reads out of a body: the names of its events, the facts of all of them, null where none tells one, and as digits
 * the numbers that its customer is found by. Of a body without events: why there are none.
 */
export function decoded(platform: Platform, body: object) {
  const result = platform.decode(onTheWire(body), RECEIVED_AT);
  if (result.kind !== "events") return result;
  const { events, format } = result;
  const numbers = events.flatMap(({ caller_phone, caller_phones = [] }) => [caller_phone ?? "", ...caller_phones]);
  const customers = [...new Set(numbers.map(phoneDigits))].filter((digits) => digits !== "").sort();
  const names = events.map(({ event }) => event);
  return { ...unknown, ...Object.assign({}, ...events), format, events: names, customers };
}

/** The fields of a body that do not fit. */
export function errorsIn(platform: Platform, body: object): FieldError[] {
  const result = platform.decode(onTheWire(body), RECEIVED_AT);
  return result.kind === "invalid" ? result.errors : [];
}

/** What the ledger keeps of a body as the payload of its event. */
export function payloadOf(platform: Platform, body: object): unknown {
  const result = platform.decode(onTheWire(body), RECEIVED_AT);
  return result.kind === "events" ? result.payload : undefined;
}

/** The turns of the conversation in a body, tool calls among them. */
export function turnsIn(platform: Platform, body: object): Turn[] {
  return platform.turns(onTheWire(body));
}

/** The turns of the conversation in a body that somebody spoke. */
export function speechIn(platform: Platform, body: object): Turn[] {
  return turnsIn(platform, body).filter(({ kind }) => kind === "speech");
}

/** The same members, all null but for some. */
export function nulled(object: object, ...kept: string[]): object {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, kept.includes(name) ? value : null]));
}
