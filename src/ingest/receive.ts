import type { JsonObject } from "../events/event.ts";
import { isJsonObject } from "../events/fields.ts";
import { type ParsedBody, parseBody, type Received, sha256 } from "../events/received.ts";
import type { Platform } from "../platforms/platform.ts";

/** Parses a verified body, removes the secrets that its platform puts into it, and computes the digest that identifies it. */
export async function receive(platform: Platform, bytes: ArrayBuffer, receivedAt: Date): Promise<Received> {
  const parsed = parseBody(bytes);
  const body = platform.secretNames === undefined ? bytes : await withoutSecrets(bytes, parsed, platform.secretNames);
  const digest = await sha256(
    parsed.kind === "object" && platform.identity !== undefined ? JSON.stringify(platform.identity(parsed.json)) : body,
  );
  return { platform: platform.name, body, sha256: digest, receivedAt: receivedAt.toISOString(), parsed };
}

/**
 * Removes secrets from a parsed body, in place: a copy of a large one would not fit into memory.
 * @returns the bytes to store, the same object if there is no secret in them
 */
async function withoutSecrets(bytes: ArrayBuffer, parsed: ParsedBody, secretNames: RegExp): Promise<ArrayBuffer> {
  if (parsed.kind === "object") {
    if (!takeOutSecrets(parsed.json, secretNames)) return bytes;
    parsed.text = JSON.stringify(parsed.json);
    return encode(parsed.text);
  }
  const text = new TextDecoder().decode(bytes);
  const cleaned = text.replaceAll(memberWithText, (member, name: string) =>
    secretNames.test(name) ? `"${name}":null` : member,
  );
  // Bytes that are not UTF-8 are replaced: a body with a secret in it cannot be stored byte for byte.
  return cleaned === text ? bytes : encode(cleaned);
}

/** Removes secrets from an object, in place. Tests each name once, since a body repeats a few names thousands of times. */
function takeOutSecrets(json: JsonObject, secretNames: RegExp): boolean {
  const verdicts = new Map<string, boolean>();
  const isSecret = (name: string) => {
    const verdict = verdicts.get(name) ?? secretNames.test(name);
    if (verdicts.size < MAX_VERDICTS) verdicts.set(name, verdict);
    return verdict;
  };
  let isChanged = false;
  const pending: (JsonObject | unknown[])[] = [json];
  const visitLater = (inner: unknown) => {
    if (Array.isArray(inner) || isJsonObject(inner)) pending.push(inner);
  };
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (Array.isArray(next)) for (const inner of next) visitLater(inner);
    else {
      for (const name in next) {
        if (isSecret(name)) isChanged = delete next[name];
        else visitLater(next[name]);
      }
    }
  }
  return isChanged;
}

/** Names whose test is remembered: more than any platform has, and few enough for a hostile body. */
const MAX_VERDICTS = 1_000;

/** A member with a text, in a body that is no JSON; the text may break off. Bounded against hostile bodies: no secret has as many escapes. */
const memberWithText = /"([^"\\]{1,100})"\s*:\s*"(?:[^"\\]+|\\.){0,10000}"?/gs;

function encode(text: string): Promise<ArrayBuffer> {
  return new Blob([text]).arrayBuffer();
}
