import { parseBody } from "./json.ts";

/** Names under which a body has the id of its call: `call_id`, `callId`, `conversation_id`, `id` in an object `call`. */
const CALL_ID_NAME = /^(?:call|conversation)[\s._-]{0,3}id$/i;

/** The same with the value after it, in a text that is no JSON. */
const CALL_ID_IN_TEXT = /\b(?:call|conversation)[\s_-]{0,3}id["'\s]{0,4}[:=]\s{0,4}["']?([^"'\s,;&}\]]+)/gi;

/** Ids of one body that are looked at; a hostile one names a million. */
const MAX_NAMED_IDS = 500;

/** What every text and number in a body is handed to: with the name it stands under, if it has one. */
export type ValueVisitor = (value: string | number, name: string | undefined) => void;

/** Visits every text, number and name in a parsed body. With a list and not by recursion: a hostile body nests as deep as it likes. */
export function visitValues(body: unknown, visit: ValueVisitor): void {
  const left: { value: unknown; name: string | undefined }[] = [{ value: body, name: undefined }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value, name } = next;
    if (typeof value === "string" || typeof value === "number") visit(value, name);
    else if (Array.isArray(value)) for (const inner of value) left.push({ value: inner, name: undefined });
    else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        visit(key, undefined);
        left.push({ value: inner, name: key === "id" && name === "call" ? "call.id" : key });
      }
    }
  }
}

/** A body that did not become an event: parsed when it is JSON, else as text with its escapes resolved. */
export type UnfitBody = { json: unknown } | { text: string };

export function readUnfit(bytes: ArrayBuffer): UnfitBody {
  const parsed = parseBody(bytes);
  if (parsed.kind === "json") return { json: parsed.value };
  return { text: unescaped(parsed.kind === "not-utf8" ? new TextDecoder().decode(bytes) : parsed.text) };
}

/** The ids of calls that a body names which did not become an event. */
export function namedCallIds(body: UnfitBody): string[] {
  const ids = new Set<string>();
  if ("text" in body) {
    for (const [, id = ""] of body.text.matchAll(CALL_ID_IN_TEXT)) {
      ids.add(id);
      if (ids.size >= MAX_NAMED_IDS) break;
    }
  } else {
    visitValues(body.json, (value, name) => {
      if (name !== undefined && ids.size < MAX_NAMED_IDS && CALL_ID_NAME.test(name)) ids.add(String(value));
    });
  }
  return [...ids];
}

/** Resolves JSON's escapes wherever they are: a body that breaks off in the middle has them too. */
function unescaped(text: string): string {
  return text
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll(/\\(["\\/])/g, "$1");
}
