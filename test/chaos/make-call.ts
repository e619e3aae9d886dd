import { createHash } from "node:crypto";
import { atomsCall, documentedCall } from "../support/events.ts";

export const formats = { documented: documentedCall, atoms: atomsCall };
export type FormatName = keyof typeof formats;

export const eventNames = ["start", "end", "analytics"] as const;
export type EventName = (typeof eventNames)[number];

export interface ToldEvent {
  name: EventName;
  /** As the contract makes it: the body's own id, else its digest. */
  event_id: string;
  body: string;
}

/** A call with its three events, ready to be sent. */
export interface ToldCall {
  call_id: string;
  format: FormatName;
  events: ToldEvent[];
}

const STARTED_AT = Date.UTC(2024, 6, 15, 14, 30);
let calls = 0;

/** A call nobody has heard of yet. Its id carries its start, as the platform's do. */
export function tellCall(format: FormatName): ToldCall {
  const call_id = `CALL-${STARTED_AT}-${(++calls).toString(16).padStart(6, "0")}`;
  const call = formats[format]({ call_id });
  const events = eventNames.map((name) => {
    const payload = call[name]();
    const body = JSON.stringify(payload);
    const digest = createHash("sha256").update(body).digest("hex");
    return { name, event_id: "id" in payload && typeof payload.id === "string" ? payload.id : digest, body };
  });
  return { call_id, format, events };
}
