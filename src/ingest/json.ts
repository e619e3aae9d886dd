/** Holds a parsed body, or why it is none. `text` is there when the bytes are UTF-8; `value` is without what was left out. */
export type ParsedBody =
  | { kind: "json"; text: string; value: unknown }
  | { kind: "not-utf8" }
  | { kind: "not-json"; text: string }
  /** Parsed, it would take more memory than a Worker has. */
  | { kind: "too-many-values"; text: string };

/** Shared: making one costs as much as decoding a short body. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Bytes up to which a body is parsed without being counted: a million empty objects take some 60 MB. */
const UNCOUNTED_BYTES = 1024 * 1024;

/** Values, names and separators that are parsed, some 50 MB: a transcript of ten thousand turns has a tenth of them. */
export const MAX_VALUES = 500_000;

/** Bodies that were parsed to look for secrets and are decoded next. */
const parsedBodies = new WeakMap<ArrayBuffer, ParsedBody>();

/** Has the next {@link parseBody} of these bytes return what they were parsed to, once: parsed, a body takes several times its bytes. */
export function keepParsed(bytes: ArrayBuffer, parsed: ParsedBody): void {
  // Larger ones are parked before they are decoded.
  if (bytes.byteLength <= UNCOUNTED_BYTES) parsedBodies.set(bytes, parsed);
}

/**
 * Parses a body.
 * @param unread finds what to leave out of a body of up to a megabyte: in a longer one, a pattern could run out of its stack
 */
export function parseBody(bytes: ArrayBuffer, unread?: RegExp): ParsedBody {
  const parsed = parsedBodies.get(bytes) ?? parse(bytes, unread);
  parsedBodies.delete(bytes);
  return parsed;
}

function parse(bytes: ArrayBuffer, unread: RegExp | undefined): ParsedBody {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { kind: "not-utf8" };
  }
  const isShort = bytes.byteLength <= UNCOUNTED_BYTES;
  if (!isShort && countValues(new Uint8Array(bytes)) > MAX_VALUES) {
    return { kind: "too-many-values", text };
  }
  try {
    const value: unknown = JSON.parse(isShort && unread !== undefined ? text.replace(unread, "") : text);
    return { kind: "json", text, value };
  } catch {
    return { kind: "not-json", text };
  }
}

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = "\\".charCodeAt(0);
const structural = new Uint8Array(256);
for (const character of "{[,:") structural[character.charCodeAt(0)] = 1;

/** Counts what opens or separates values, outside strings. */
function countValues(bytes: Uint8Array): number {
  let count = 0;
  let isInString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (isInString) {
      if (byte === BACKSLASH) index++;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) isInString = true;
    else count += structural[byte] ?? 0;
  }
  return count;
}

/** Makes each byte one character, so that places in the text are those in the bytes. */
const bytewise = new TextDecoder("windows-1252");

const COMMA = ",".charCodeAt(0);

/**
 * Returns the bytes of a JSON text without some of its members. Works on bytes, since to write the text as UTF-8 again takes longer
 * than all of its parsing.
 * @param members finds them, a comma behind them included, where each byte is a character
 */
export function withoutMembers(bytes: ArrayBuffer, members: RegExp): Uint8Array {
  const text = bytewise.decode(bytes);
  const kept = new Uint8Array(bytes.byteLength);
  let length = 0;
  let from = 0;
  const keepUntil = (end: number) => {
    kept.set(new Uint8Array(bytes, from, end - from), length);
    length += end - from;
  };
  for (const { 0: member, index } of text.matchAll(members)) {
    keepUntil(index);
    from = index + member.length;
    // The last member of an object has its comma before it.
    if (text[from] === "}" && kept[length - 1] === COMMA) length--;
  }
  keepUntil(bytes.byteLength);
  return kept.subarray(0, length);
}
