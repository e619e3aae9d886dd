import type { JsonObject } from "../events/event.ts";
import { isJsonObject } from "../events/fields.ts";
import { type ParsedBody, parseBody, type Received, sha256 } from "../events/received.ts";
import type { Platform } from "../platforms/platform.ts";

/** Parses a genuine body, takes out the secrets that its platform puts into it, and makes the digest that identifies it. */
export async function receive(platform: Platform, bytes: ArrayBuffer, receivedAt: Date): Promise<Received> {
  const parsed = parseBody(bytes);
  const body = platform.secretNames === undefined ? bytes : await withoutSecrets(bytes, parsed, platform.secretNames);
  const digest = await sha256(
    parsed.kind === "object" && platform.identity !== undefined ? JSON.stringify(platform.identity(parsed.json)) : body,
  );
  return { platform: platform.name, body, sha256: digest, receivedAt: receivedAt.toISOString(), parsed };
}

/**
 * Takes secrets out of what was parsed, in place: a second copy of a large body would not fit.
 * @returns the bytes to keep, the very same ones when there is no secret in them
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
  // Bytes that are not UTF-8 become text: a body with a secret in it cannot be kept byte for byte.
  return cleaned === text ? bytes : encode(cleaned);
}

/** Takes secrets out of an object, in place. With a list and not by recursion, and each name judged once: a body repeats its few. */
function takeOutSecrets(json: JsonObject, secretNames: RegExp): boolean {
  const verdicts = new Map<string, boolean>();
  const isSecret = (name: string) => {
    const verdict = verdicts.get(name) ?? secretNames.test(name);
    if (verdicts.size < MAX_VERDICTS) verdicts.set(name, verdict);
    return verdict;
  };
  let isTakenOut = false;
  const left: (JsonObject | unknown[])[] = [json];
  const leave = (inner: unknown) => {
    if (Array.isArray(inner) || isJsonObject(inner)) left.push(inner);
  };
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (Array.isArray(next)) for (const inner of next) leave(inner);
    else {
      for (const name in next) {
        if (isSecret(name)) isTakenOut = delete next[name];
        else leave(next[name]);
      }
    }
  }
  return isTakenOut;
}

/** Names that are remembered of a body: far more than any platform has. */
const MAX_VERDICTS = 1_000;

/** A name with a text for its value, in a body that is no JSON; the value may break off. No secret has as many escapes. */
const memberWithText = /"([^"\\]{1,100})"\s*:\s*"(?:[^"\\]+|\\.){0,10000}"?/gs;

function encode(text: string): Promise<ArrayBuffer> {
  return new Blob([text]).arrayBuffer();
}
