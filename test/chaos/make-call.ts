import { createHash } from "node:crypto";
import type { EventName } from "../../src/events/event.ts";
import type { PlatformName } from "../simulator/platforms/platform.ts";
import { elevenLabsCall } from "../support/elevenlabs.ts";
import { atomsCall, documentedCall } from "../support/events.ts";
import { retellCall } from "../support/retell.ts";
import { vapiCall } from "../support/vapi.ts";
import { eventKey } from "./ledger-state.ts";

export const formats = { documented: documentedCall, atoms: atomsCall };
/** Those of Atoms, which have a body an event. */
export const formatNames = ["documented", "atoms"] as const satisfies readonly (keyof typeof formats)[];
type AtomsFormat = (typeof formatNames)[number];

/** Those of the other platforms. */
export const otherFormatNames = ["retell", "vapi", "elevenlabs"] as const satisfies readonly PlatformName[];

export const everyFormatName = [...formatNames, ...otherFormatNames] as const;
export type FormatName = (typeof everyFormatName)[number];

/** The events of a call, as `test/support/events.ts` names them. */
export const shortNames = ["start", "end", "analytics"] as const;
export type ShortName = (typeof shortNames)[number];

const eventNames: Record<ShortName, EventName> = {
  start: "call.start",
  end: "call.end",
  analytics: "analytics.completed",
};

/** What an event is known by. */
export interface Identity {
  call_id: string;
  event: EventName;
  /** The body's own id, else its SHA-256. */
  event_id: string;
  /** See {@link eventKey}. */
  key: string;
}

/** A body, ready to be sent, with the identity of its event as the contract makes it. */
export interface TestEvent extends Identity {
  platform: PlatformName;
  /** Of all events in the body; that of the first stands above. */
  identities: Identity[];
  body: string;
  sha256: string;
}

/** A call with all its bodies. */
export interface TestCall {
  call_id: string;
  format: FormatName;
  events: TestEvent[];
}

export const sha256Of = (body: string | Uint8Array) => createHash("sha256").update(body).digest("hex");

/**
 * Makes one event of a call of Atoms.
 * @param more fields besides those of `test/support/events.ts`
 * @param changes of the whole body, for those that more fields cannot make
 */
export function makeEvent(
  format: AtomsFormat,
  call_id: string,
  name: ShortName,
  more: object = {},
  changes: object = {},
): TestEvent {
  const payload: Record<string, unknown> = { ...formats[format]({ call_id })[name](more), ...changes };
  const body = JSON.stringify(payload);
  const event_id = typeof payload["id"] === "string" ? payload["id"] : sha256Of(body);
  return testEvent("atoms", call_id, [eventNames[name]], body, event_id);
}

function testEvent(
  platform: PlatformName,
  call_id: string,
  [event, ...others]: [EventName, ...EventName[]],
  body: string,
  event_id: string,
): TestEvent {
  const identity = (name: EventName) => {
    const named = { call_id, event: name, event_id };
    return { ...named, key: eventKey(named) };
  };
  const identities = [event, ...others].map(identity);
  return { ...identity(event), platform, identities, body, sha256: sha256Of(body) };
}

/** Bodies of a platform of which some members differ from one delivery to the next: these do not count for the id. */
function bodyOf(
  platform: PlatformName,
  call_id: string,
  events: [EventName, ...EventName[]],
  payload: object,
): TestEvent {
  const lasting = (name: string, value: unknown) =>
    name.startsWith("presigned") || name === "event_timestamp" ? undefined : value;
  const body = JSON.stringify(payload);
  const isWhole = platform === "elevenlabs";
  return testEvent(platform, call_id, events, body, sha256Of(isWhole ? body : JSON.stringify(payload, lasting)));
}

/** All bodies of a call in a format. */
const makers: Record<FormatName, (call_id: string) => TestEvent[]> = {
  documented: (call_id) => shortNames.map((name) => makeEvent("documented", call_id, name)),
  atoms: (call_id) => shortNames.map((name) => makeEvent("atoms", call_id, name)),
  retell(call_id) {
    const call = retellCall({ call_id });
    return shortNames.map((name) => bodyOf("retell", call_id, [eventNames[name]], call[name]()));
  },
  vapi(call_id) {
    const { start, report } = vapiCall({ call_id });
    return [
      bodyOf("vapi", call_id, ["call.start"], start()),
      bodyOf("vapi", call_id, ["call.end", "analytics.completed"], report()),
    ];
  },
  elevenlabs(call_id) {
    const { transcription } = elevenLabsCall({ call_id });
    return [bodyOf("elevenlabs", call_id, ["call.end", "analytics.completed"], transcription())];
  },
};

const STARTED_AT = Date.UTC(2024, 6, 15, 14, 30);
let calls = 0;

/** Makes a call that no ledger has. Its id carries its start, as those of Atoms do. */
export function makeCall(format: FormatName): TestCall {
  const call_id = `CALL-${STARTED_AT}-${(++calls).toString(16).padStart(6, "0")}`;
  return { call_id, format, events: makers[format](call_id) };
}
