import { isJsonObject } from "../events/fields.ts";
import type { Platform } from "../platforms/platform.ts";
import { keepParsed, parseBody } from "./json.ts";

/**
 * Takes out the secrets that a platform puts into its bodies, before anything is kept. Returns the very same bytes when there are
 * none. A body that does not parse loses the text values of the same names.
 */
export async function withoutSecrets(
  bytes: ArrayBuffer,
  { secretNames, unread }: Pick<Platform, "secretNames" | "unread">,
): Promise<ArrayBuffer> {
  if (secretNames === undefined) return bytes;
  const parsed = parseBody(bytes, unread);
  if (parsed.kind === "json") {
    const isSecret = remembered((name) => secretNames.test(name));
    // From the text, since the value is without what nobody reads.
    if (hasSecret(parsed.value, isSecret)) return encode(JSON.stringify(clean(JSON.parse(parsed.text), isSecret)));
    keepParsed(bytes, parsed);
    return bytes;
  }
  const text = parsed.kind === "not-utf8" ? new TextDecoder("latin1").decode(bytes) : parsed.text;
  const cleaned = cleanText(text, secretNames);
  // Bytes that are not UTF-8 become text: a body with a secret in it cannot be kept byte for byte.
  return cleaned === text ? bytes : encode(cleaned);
}

/**
 * The name of a member as it stands in JSON. Its value is matched on its own: a value may hold further members. What stands before
 * the name keeps a text of nothing but quotes and backslashes from taking seconds.
 */
const nameInText = /(?<=^|[{,\s])"((?:[^"\\]|\\.){1,100})"\s{0,10}:\s{0,10}/g;

/** A list or an object up to its first end, or anything up to a comma. */
const valueInText = /\[[^\]]*\]?|\{[^}]*\}?|[^\s,}\]"[{]{1,100}/y;

/** @returns the index after the value that begins at `from` */
function endOfValue(text: string, from: number): number {
  if (text[from] !== '"') {
    valueInText.lastIndex = from;
    return from + (valueInText.exec(text)?.[0].length ?? 0);
  }
  // By hand: a pattern with a choice for each character overflows its stack on eight million of them.
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '"') return at + 1;
    if (text[at] === "\\") at++;
  }
  return text.length;
}

function cleanText(text: string, secretNames: RegExp): string {
  let cleaned = "";
  let from = 0;
  for (const { 0: member, 1: name = "", index } of text.matchAll(nameInText)) {
    if (index < from || !secretNames.test(unescapedName(name))) continue;
    cleaned += `${text.slice(from, index)}"${name}":null`;
    from = endOfValue(text, index + member.length);
  }
  return cleaned + text.slice(from);
}

function unescapedName(name: string): string {
  try {
    return String(JSON.parse(`"${name}"`));
  } catch {
    return name;
  }
}

function encode(text: string): Promise<ArrayBuffer> {
  return new Blob([text]).arrayBuffer();
}

/** Says of a name what it said before: a transcript repeats its few names thousands of times. */
function remembered(isSecret: (name: string) => boolean): (name: string) => boolean {
  const verdicts = new Map<string, boolean>();
  return (name) => {
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const verdict = isSecret(name);
    verdicts.set(name, verdict);
    return verdict;
  };
}

/** Deeper than any event is taken: such a body ends in quarantine, without what lies there. */
const MAX_DEPTH = 1_000;

/** Looks without copying: most bodies have no secret, and most of their values are texts and numbers. */
function hasSecret(value: unknown, isSecret: (name: string) => boolean, depth = 0): boolean {
  if (depth > MAX_DEPTH) return true;
  if (Array.isArray(value)) {
    return value.some((item) => typeof item === "object" && hasSecret(item, isSecret, depth + 1));
  }
  if (!isJsonObject(value)) return false;
  for (const name in value) {
    if (isSecret(name)) return true;
    const inner = value[name];
    if (typeof inner === "object" && hasSecret(inner, isSecret, depth + 1)) return true;
  }
  return false;
}

/** The value without secrets. */
function clean(value: unknown, isSecret: (name: string) => boolean, depth = 0): unknown {
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((item) => clean(item, isSecret, depth + 1));
  if (!isJsonObject(value)) return value;
  const others = Object.entries(value).filter(([name]) => !isSecret(name));
  return Object.fromEntries(others.map(([name, inner]) => [name, clean(inner, isSecret, depth + 1)]));
}
