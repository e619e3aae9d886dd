import { createHash } from "node:crypto";
import type { EventName } from "../../src/events/event.ts";
import { atomsCall, documentedCall } from "../support/events.ts";
import { eventKey } from "./ledger-state.ts";

export const formats = { documented: documentedCall, atoms: atomsCall };
export type FormatName = keyof typeof formats;
export const formatNames = ["documented", "atoms"] as const satisfies readonly FormatName[];

/** The events of a call, as `test/support/events.ts` names them. */
export const shortNames = ["start", "end", "analytics"] as const;
export type ShortName = (typeof shortNames)[number];

const eventNames: Record<ShortName, EventName> = {
  start: "call.start",
  end: "call.end",
  analytics: "analytics.completed",
};

/** An event, ready to be sent, with its identity as the contract makes it. */
export interface TestEvent {
  call_id: string;
  event: EventName;
  /** The body's own id, else its SHA-256. */
  event_id: string;
  /** See {@link eventKey}. */
  key: string;
  body: string;
  sha256: string;
}

/** A call with its three events. */
export interface TestCall {
  call_id: string;
  format: FormatName;
  events: TestEvent[];
}

export const sha256Of = (body: string | Uint8Array) => createHash("sha256").update(body).digest("hex");

/**
 * Makes one event of a call.
 * @param more fields besides those of `test/support/events.ts`
 * @param changes of the whole body, for those that more fields cannot make
 */
export function makeEvent(
  format: FormatName,
  call_id: string,
  name: ShortName,
  more: object = {},
  changes: object = {},
): TestEvent {
  const payload: Record<string, unknown> = { ...formats[format]({ call_id })[name](more), ...changes };
  const body = JSON.stringify(payload);
  const sha256 = sha256Of(body);
  const event_id = typeof payload["id"] === "string" ? payload["id"] : sha256;
  const identity = { call_id, event: eventNames[name], event_id };
  return { ...identity, key: eventKey(identity), body, sha256 };
}

const STARTED_AT = Date.UTC(2024, 6, 15, 14, 30);
let calls = 0;

/** Makes a call that no ledger has. Its id carries its start, as the platform's do. */
export function makeCall(format: FormatName): TestCall {
  const call_id = `CALL-${STARTED_AT}-${(++calls).toString(16).padStart(6, "0")}`;
  return { call_id, format, events: shortNames.map((name) => makeEvent(format, call_id, name)) };
}
