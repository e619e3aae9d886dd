import { isJsonObject } from "../events/fields.ts";
import type { Platform } from "../platforms/platform.ts";
import { parseBody } from "./json.ts";

/**
 * Takes out the secrets that a platform puts into its bodies, before anything is kept. Returns the very same bytes when there are
 * none. A body that does not parse loses the text values of the same names.
 */
export async function withoutSecrets(
  bytes: ArrayBuffer,
  { secretNames }: Pick<Platform, "secretNames">,
): Promise<ArrayBuffer> {
  if (secretNames === undefined) return bytes;
  const parsed = parseBody(bytes);
  if (parsed.kind === "json") {
    const cleaned = clean(parsed.value, secretNames);
    return cleaned === parsed.value ? bytes : encode(JSON.stringify(cleaned));
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

/** The value without secrets; the very same value when it has none. */
function clean(value: unknown, secretNames: RegExp, depth = 0): unknown {
  // Deeper than any event is taken: such a body ends in quarantine, without what lies there.
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) {
    const items: unknown[] = value.map((item) => clean(item, secretNames, depth + 1));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isJsonObject(value)) return value;
  let isChanged = false;
  const entries = Object.entries(value).flatMap(([name, inner]) => {
    if (secretNames.test(name)) {
      isChanged = true;
      return [];
    }
    const cleaned = clean(inner, secretNames, depth + 1);
    isChanged ||= cleaned !== inner;
    return [[name, cleaned] as const];
  });
  return isChanged ? Object.fromEntries(entries) : value;
}

const MAX_DEPTH = 1_000;
