import type { JsonObject } from "../events/event.ts";
import { type FieldError, isJsonObject } from "../events/fields.ts";
import type { Received } from "../events/received.ts";
import { findPlatform } from "../platforms/index.ts";
import type { Decoded, Platform } from "../platforms/platform.ts";
import { MAX_VALUES, parseBody } from "./json.ts";

/** A body as the pipeline goes on with it. */
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
  /** What `events.payload` is to hold: as an object, and as text. The text is as received when nothing was taken out. */
  payload: JsonObject;
  payloadText: string;
}

/** SQLite's JSON functions stop at 1,000 levels, and one row they cannot read breaks a whole view (sqlite.org/json1.html). */
const MAX_DEPTH = 500;

/** Turns bytes into events, or into the reason why they are none. Pure. */
export function decode(received: Received): DecodedBody {
  const { body: bytes, sha256, receivedAt } = received;
  const platform = findPlatform(received.platform);
  const parsed = parseBody(bytes, platform?.unread);
  if (parsed.kind === "too-many-values") {
    const message = `must not hold more than ${MAX_VALUES} values`;
    return { kind: "invalid", event_id: sha256, errors: [{ path: "", message }] };
  }
  if (parsed.kind !== "json") return { kind: "not-an-object", event_id: sha256, detail: notAnObject[parsed.kind] };
  const { text, value: body } = parsed;
  if (!isJsonObject(body)) {
    return { kind: "not-an-object", event_id: sha256, detail: "The body is JSON, but not an object." };
  }

  if (platform === undefined) return { kind: "unrecognised", event_id: sha256 };
  const event_id = platform.ownId(body) ?? sha256;
  const decoded = platform.decode(body, receivedAt);
  switch (decoded.kind) {
    case "ignored":
      return decoded;
    case "unrecognised":
      return { kind: "unrecognised", event_id };
    case "invalid":
      return { kind: "invalid", event_id, errors: decoded.errors };
    case "events": {
      const { events, format } = decoded;
      // The archive keeps a `call.end` body whole; of every other body the payload is all that is kept.
      const payload = events.some(({ event }) => event === "call.end") ? decoded.payload : body;
      const tooDeep = Object.keys(payload).find((key) => isDeeperThan(MAX_DEPTH, payload[key]));
      if (tooDeep !== undefined) {
        const message = `must not nest deeper than ${MAX_DEPTH} levels`;
        return { kind: "invalid", event_id, errors: [{ path: tooDeep, message }] };
      }
      const payloadText = payload === body ? text : JSON.stringify(payload);
      return { kind: "events", platform, event_id, format, events, body, payload, payloadText };
    }
  }
}

const notAnObject = {
  "not-utf8": "The body is not UTF-8, which JSON has to be (RFC 8259, 8.1).",
  "not-json": "The body is not JSON (RFC 8259).",
};

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}
