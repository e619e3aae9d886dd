import type { JsonObject } from "./event.ts";

/** What the bytes of a body parse to. */
export type ParsedBody =
  | { kind: "object"; text: string; json: JsonObject }
  | { kind: "not-an-object"; detail: string }
  | { kind: "too-many-values"; detail: string };

/** A body as a store keeps it, whose signature was right. */
export interface StoredBody {
  /** The name of the platform that sent it. */
  platform: string;
  body: ArrayBuffer;
  /** SHA-256 of what identifies the body, hex. */
  sha256: string;
  /** ISO 8601 UTC. */
  receivedAt: string;
}

/** A body with what it parses to. */
export interface Received extends StoredBody {
  parsed: ParsedBody;
}

/** SHA-256 of some bytes, or of the UTF-8 of a text, in hex. */
export async function sha256(content: ArrayBuffer | Uint8Array | string): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

export function parseBody(bytes: ArrayBuffer): ParsedBody {
  try {
    const text = utf8.decode(bytes);
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null && !Array.isArray(json)) {
      return { kind: "object", text, json: Object.fromEntries(Object.entries(json)) };
    }
  } catch {}
  return { kind: "not-an-object", detail: "The body is not a JSON object." };
}

/** A stored body, parsed again. */
export function readAgain(stored: StoredBody): Received {
  return { ...stored, parsed: parseBody(stored.body) };
}
