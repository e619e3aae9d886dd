import type { JsonObject } from "./event.ts";
import { isJsonObject } from "./fields.ts";

/** The result of parsing the bytes of a body. */
export type ParsedBody =
  | { kind: "object"; text: string; json: JsonObject }
  /** Not UTF-8, not JSON, or JSON that is no object. */
  | { kind: "not-an-object"; detail: string }
  /** More values or levels than a Worker has memory for. */
  | { kind: "too-many-values"; detail: string };

/** A body as a store keeps it: its signature was right, and secrets are taken out. */
export interface StoredBody {
  /** The name of the platform that sent it. */
  platform: string;
  body: ArrayBuffer;
  /** SHA-256 of the body without what differs from one delivery of it to the next, hex. */
  sha256: string;
  /** ISO 8601 UTC. */
  receivedAt: string;
  /** Present if the body was fetched from the platform's API; absent if it was sent. */
  fetched?: {
    /** ISO 8601 UTC: stands in for times of the event that the platform does not state. */
    time: string;
  };
}

/** A body with what it parses to. */
export interface Received extends StoredBody {
  parsed: ParsedBody;
}

/** Shared, since making one costs as much as decoding a short body. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Parses a body, unless it has more values than {@link MAX_VALUES} or more levels than {@link MAX_LEVELS}. */
export function parseBody(bytes: ArrayBuffer): ParsedBody {
  const { values, levels } = measure(new Uint8Array(bytes));
  if (values > MAX_VALUES) return { kind: "too-many-values", detail: `must not hold more than ${MAX_VALUES} values` };
  if (levels > MAX_LEVELS) return { kind: "too-many-values", detail: `must not nest deeper than ${MAX_LEVELS} levels` };
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { kind: "not-an-object", detail: "The body is not UTF-8, which JSON has to be (RFC 8259, 8.1)." };
  }
  try {
    const json: unknown = JSON.parse(text);
    if (isJsonObject(json)) return { kind: "object", text, json };
    return { kind: "not-an-object", detail: "The body is JSON, but not an object." };
  } catch {
    return { kind: "not-an-object", detail: "The body is not JSON (RFC 8259)." };
  }
}

/** Parses a stored body again. */
export function readAgain(stored: StoredBody): Received {
  return { ...stored, parsed: parseBody(stored.body) };
}

/**
 * Brackets, colons and commas of a body: a call of two hours has some 300,000 at Retell, which sends the times of each of 20,000
 * words twice. With as many names, each another, a body stays within 96 MB of a Worker's 128 (`test/memory.test.ts`).
 */
export const MAX_VALUES = 320_000;

/** SQLite's JSON functions stop at 1,000 levels, and one row they cannot read breaks a whole view (sqlite.org/json1.html). */
export const MAX_LEVELS = 500;

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = "\\".charCodeAt(0);
const COMMA = ",".charCodeAt(0);
const COLON = ":".charCodeAt(0);
const openings: ReadonlySet<number> = new Set(["{", "["].map((character) => character.charCodeAt(0)));
const closings: ReadonlySet<number> = new Set(["}", "]"].map((character) => character.charCodeAt(0)));

/** Counts what opens or separates values, and how deep they nest, outside strings. */
export function measure(bytes: Uint8Array): { values: number; levels: number } {
  let values = 0;
  let level = 0;
  let levels = 0;
  let isInString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (isInString) {
      if (byte === BACKSLASH) index++;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) isInString = true;
    else if (byte === COMMA || byte === COLON) values++;
    else if (openings.has(byte)) {
      values++;
      levels = Math.max(levels, ++level);
    } else if (closings.has(byte)) level--;
  }
  return { values, levels };
}

/** Returns the SHA-256 of bytes, or of the UTF-8 of a text, in hex. */
export async function sha256(content: ArrayBuffer | Uint8Array | string): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
