import type { CallEvent, JsonObject } from "../events/event.ts";
import { isJsonObject, MAX_ID_CHARACTERS } from "../events/fields.ts";
import type { FieldError } from "../events/format.ts";
import { formats } from "./formats.ts";

/** What a body turned out to be. */
export type DecodedBody =
  | DecodedEvent
  /** Not UTF-8, not JSON, or JSON that is no object. */
  | { kind: "not-an-object"; detail: string }
  /** A known event, but a field is missing or of the wrong type. */
  | { kind: "misfit"; id: string | undefined; errors: FieldError[] }
  /** A JSON object, but no event that any format knows. */
  | { kind: "unrecognised"; id: string | undefined };

export interface DecodedEvent {
  kind: "event";
  /** The body's own `id`, when it has a usable one. */
  id: string | undefined;
  event: CallEvent;
  /** The name of the wire format. */
  format: string;
  body: JsonObject;
  withoutTranscript: JsonObject;
  /** The JSON of `withoutTranscript`; the text as received when there was nothing to take out. */
  payload: string;
}

/** One for all: to make it costs as much as to decode a short body, and a whole body leaves nothing behind in it. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** SQLite's JSON functions stop at 1,000 levels, and one row they cannot read breaks a whole view (sqlite.org/json1.html). */
const MAX_DEPTH = 500;

/**
 * Bytes to an event, or the reason why not. Pure.
 * @param receivedAt ISO 8601 UTC; stands in for times that a format does not send
 */
export function decode(bytes: ArrayBuffer, receivedAt: string): DecodedBody {
  let text: string;
  let body: unknown;
  try {
    text = utf8.decode(bytes);
    body = JSON.parse(text);
  } catch (error) {
    const what = error instanceof SyntaxError ? "JSON (RFC 8259)" : "UTF-8, which JSON has to be (RFC 8259, 8.1)";
    return { kind: "not-an-object", detail: `The body is not ${what}.` };
  }
  if (!isJsonObject(body)) return { kind: "not-an-object", detail: "The body is JSON, but not an object." };

  const id = ownId(body);
  for (const format of formats) {
    const decoded = format.decode(body, receivedAt);
    if (decoded === undefined) continue;
    if (!decoded.ok) return { kind: "misfit", id, errors: decoded.errors };
    const { event } = decoded;
    // The archive has a `call.end` whole; of every other event the payload is all that is kept.
    const withoutTranscript = event.event === "call.end" ? decoded.withoutTranscript : body;
    const tooDeep = Object.keys(withoutTranscript).find((key) => deeperThan(MAX_DEPTH, withoutTranscript[key]));
    if (tooDeep !== undefined) {
      return {
        kind: "misfit",
        id,
        errors: [{ path: tooDeep, message: `must not nest deeper than ${MAX_DEPTH} levels` }],
      };
    }
    const payload = withoutTranscript === body ? text : JSON.stringify(withoutTranscript);
    return { kind: "event", id, event, format: format.name, body, withoutTranscript, payload };
  }
  return { kind: "unrecognised", id };
}

/** An id that cannot be kept as it is (too long, not well-formed) would make two events one: the digest serves instead. */
function ownId({ id }: JsonObject): string | undefined {
  const usable = typeof id === "string" && id !== "" && id.length <= MAX_ID_CHARACTERS && id.isWellFormed();
  return usable ? id : undefined;
}

function deeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => deeperThan(levels - 1, inner));
}
