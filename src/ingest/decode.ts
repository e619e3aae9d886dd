import type { JsonObject } from "../events/event.ts";
import type { FieldError } from "../events/fields.ts";
import type { Received } from "../events/received.ts";
import { findPlatform } from "../platforms/index.ts";
import type { Decoded, Platform } from "../platforms/platform.ts";

/** The events of a body, or the reason why it has none. */
export type DecodedBody =
  | DecodedEvents
  /** Not UTF-8, not JSON, or JSON that is no object. */
  | { kind: "not-an-object"; event_id: string; detail: string }
  /** A known event, but a field is missing or of the wrong type. */
  | { kind: "invalid"; event_id: string; errors: FieldError[] }
  /** A JSON object, but no event that the platform's code knows. */
  | { kind: "unrecognised"; event_id: string }
  /** An event that a ledger of calls has no use for. */
  | { kind: "ignored" };

export interface DecodedEvents {
  kind: "events";
  platform: Platform;
  /** The body's own id, else its digest. */
  event_id: string;
  format: string;
  events: Extract<Decoded, { kind: "events" }>["events"];
  body: JsonObject;
  /** The value of `events.payload`, as an object and as text. The text is as received if nothing was taken out. */
  payload: JsonObject;
  payloadText: string;
}

/** Decodes a parsed body into events, or returns why it has none. Pure. */
export function decode({ platform: name, parsed, sha256, receivedAt, fetched }: Received): DecodedBody {
  if (parsed.kind === "not-an-object") return { ...parsed, event_id: sha256 };
  if (parsed.kind === "too-many-values") {
    return { kind: "invalid", event_id: sha256, errors: [{ path: "", message: parsed.detail }] };
  }
  const { text, json: body } = parsed;
  const platform = findPlatform(name);
  if (platform === undefined) return { kind: "unrecognised", event_id: sha256 };
  const event_id = platform.ownId(body) ?? sha256;
  const decoded = platform.decode(body, fetched?.time ?? receivedAt);
  switch (decoded.kind) {
    case "ignored":
      return decoded;
    case "unrecognised":
      return { kind: "unrecognised", event_id };
    case "invalid":
      return { kind: "invalid", event_id, errors: decoded.errors };
    case "events": {
      const { events, payload } = decoded;
      const format = fetched === undefined ? decoded.format : `${name}-api`;
      const payloadText = payload === body ? text : JSON.stringify(payload);
      return { kind: "events", platform, event_id, format, events, body, payload, payloadText };
    }
  }
}
