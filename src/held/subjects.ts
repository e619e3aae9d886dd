import { isJsonObject } from "../events/fields.ts";
import { phoneDigits, wholePhoneDigits } from "../events/phone.ts";
import { type Received, sha256 } from "../events/received.ts";
import { logError } from "../log.ts";
import { findPlatform } from "../platforms/index.ts";

/** Whose a body is: the calls that it names, and the customers' numbers in it, as digits. */
export interface Subjects {
  callIds: ReadonlySet<string>;
  numbers: ReadonlySet<string>;
  /** Whether they are those of events. Of a body that did not become an event, every text is looked at. */
  areOfEvents: boolean;
}

/** Ids and numbers of one body; a hostile one names a million, and what goes beyond this is not found by an erasure. */
const MAX_SUBJECTS = 5_000;

/** Reads whose a body is: out of its events, else out of every name and text in it. Never throws. */
export function subjectsOf(received: Received): Subjects {
  return subjectsOfEvents(received) ?? subjectsOfUnfit(received);
}

function subjectsOfEvents({ platform, parsed, receivedAt, sha256: body }: Received): Subjects | undefined {
  if (parsed.kind !== "object") return undefined;
  try {
    const decoded = findPlatform(platform)?.decode(parsed.json, receivedAt);
    if (decoded?.kind !== "events") return undefined;
    const phones = decoded.events.flatMap(({ caller_phone, caller_phones = [] }) => [
      caller_phone ?? "",
      ...caller_phones,
    ]);
    const numbers = new Set(phones.map(phoneDigits));
    numbers.delete("");
    return { callIds: new Set(decoded.events.map(({ call_id }) => call_id)), numbers, areOfEvents: true };
  } catch (error) {
    // The body may be held because this code trips over it.
    logError({ message: "could not decode a held body", sha256: body }, error);
    return undefined;
  }
}

/** Names under which a body has the id of its call: `call_id`, `callId`, `conversation_id`, and `id` in an object `call`. */
const CALL_ID_NAME = /^(?:call|conversation)[\s._-]{0,3}id$/i;

/** Such a name with its value, in a text that is no JSON. */
const CALL_ID_IN_TEXT = /\b(?:call|conversation)[\s_-]{0,3}id["'\s]{0,4}[:=]\s{0,4}["']?([^"'\s,;&}\]]{1,512})/gi;

/** Digits with separators between them, as long as a phone number is. */
const NUMBER_IN_TEXT = /\d(?:[\s().+-]{0,3}\d){6,19}/g;

function subjectsOfUnfit({ parsed, body }: Received): Subjects {
  const callIds = new Set<string>();
  const numbers = new Set<string>();
  const isFull = () => callIds.size + numbers.size >= MAX_SUBJECTS;
  if (parsed.kind !== "object") {
    const text = new TextDecoder().decode(body);
    for (const [, id = ""] of text.matchAll(CALL_ID_IN_TEXT)) if (!isFull()) callIds.add(id);
    for (const [number] of text.matchAll(NUMBER_IN_TEXT)) if (!isFull()) numbers.add(phoneDigits(number));
    return { callIds, numbers, areOfEvents: false };
  }
  visitValues(parsed.json, (value, name) => {
    if (isFull()) return;
    if (name !== undefined && CALL_ID_NAME.test(name)) callIds.add(String(value));
    const digits = wholePhoneDigits(String(value));
    if (digits !== undefined) numbers.add(digits);
  });
  return { callIds, numbers, areOfEvents: false };
}

/** Visits every text, number and name in a parsed body. With a list and not by recursion: a hostile body nests as deep as it likes. */
function visitValues(body: unknown, visit: (value: string | number, name: string | undefined) => void): void {
  const left: { value: unknown; name: string | undefined }[] = [{ value: body, name: undefined }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value, name } = next;
    if (typeof value === "string" || typeof value === "number") visit(value, name);
    else if (Array.isArray(value)) for (const inner of value) left.push({ value: inner, name: undefined });
    else if (isJsonObject(value)) {
      for (const [key, inner] of Object.entries(value)) {
        visit(key, undefined);
        left.push({ value: inner, name: key === "id" && name === "call" ? "call.id" : key });
      }
    }
  }
}

/** Whose a held body is, as its metadata says it. */
export interface Label {
  /** SHA-256 of the call ids, hex. */
  callSha256s: readonly string[];
  /** SHA-256 of the numbers' digits, hex. */
  numberSha256s: readonly string[];
  /** There were more than a label has room for: the body itself has to be read. */
  isPartial: boolean;
}

/** Digests of 64 characters, with those of numbers 2,600 bytes of the 8,192 that R2 keeps of metadata. */
const MAX_DIGESTS = 20;

/** @param maxDigests of calls, and of numbers */
export async function labelOf({ callIds, numbers }: Subjects, maxDigests = MAX_DIGESTS): Promise<Label> {
  const digests = (texts: ReadonlySet<string>) => Promise.all([...texts].slice(0, maxDigests).map(sha256));
  return {
    callSha256s: await digests(callIds),
    numberSha256s: await digests(numbers),
    isPartial: callIds.size > maxDigests || numbers.size > maxDigests,
  };
}
