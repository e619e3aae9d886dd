import { createHash } from "node:crypto";
import type { EventName } from "../../../src/events/event.ts";
import { customCall } from "../../support/custom.ts";
import { elevenLabsCall } from "../../support/elevenlabs.ts";
import { atomsCall, documentedCall } from "../../support/events.ts";
import { retellCall } from "../../support/retell.ts";
import { vapiCall } from "../../support/vapi.ts";
import type { PlatformName } from "../simulator/platforms/platform.ts";
import { type Identity, type PlatformBody, platformBody } from "./platform-body.ts";

export const formats = { documented: documentedCall, atoms: atomsCall };
/** Those of Atoms, which have a body an event. */
export const formatNames = ["documented", "atoms"] as const satisfies readonly (keyof typeof formats)[];
type AtomsFormat = (typeof formatNames)[number];

/** Those of the other platforms. */
export const otherFormatNames = ["retell", "vapi", "elevenlabs", "custom"] as const satisfies readonly PlatformName[];

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

/** A body, ready to be sent. The identity of its first event stands above those of all. */
export type TestEvent = PlatformBody & Identity;

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
  return testEvent("atoms", call_id, [name], { ...formats[format]({ call_id })[name](more), ...changes });
}

/** Makes a body of a call, with the events in it. */
export function testEvent(
  platform: PlatformName,
  call_id: string,
  [first, ...others]: readonly [ShortName, ...ShortName[]],
  payload: object,
): TestEvent {
  const events = [eventNames[first], ...others.map((name) => eventNames[name])] as const;
  const body = platformBody(platform, call_id, events, JSON.stringify(payload));
  return { ...body.identities[0], ...body };
}

/** All bodies of a call in a format. */
const makers: Record<FormatName, (call_id: string) => TestEvent[]> = {
  documented: (call_id) => shortNames.map((name) => makeEvent("documented", call_id, name)),
  atoms: (call_id) => shortNames.map((name) => makeEvent("atoms", call_id, name)),
  retell(call_id) {
    const call = retellCall({ call_id });
    return shortNames.map((name) => testEvent("retell", call_id, [name], call[name]()));
  },
  vapi(call_id) {
    const { start, report } = vapiCall({ call_id });
    return [testEvent("vapi", call_id, ["start"], start()), testEvent("vapi", call_id, ["end", "analytics"], report())];
  },
  custom(call_id) {
    const call = customCall({ call_id });
    return shortNames.map((name) => testEvent("custom", call_id, [name], call[name]()));
  },
  elevenlabs(call_id) {
    const { transcription } = elevenLabsCall({ call_id });
    return [testEvent("elevenlabs", call_id, ["end", "analytics"], transcription())];
  },
};

const STARTED_AT = Date.UTC(2024, 6, 15, 14, 30);
let calls = 0;

/** Makes a call that no ledger has. Its id carries its start, as those of Atoms do. */
export function makeCall(format: FormatName): TestCall {
  const call_id = `CALL-${STARTED_AT}-${(++calls).toString(16).padStart(6, "0")}`;
  return { call_id, format, events: makers[format](call_id) };
}
