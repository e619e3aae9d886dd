import { isJsonObject } from "../events/fields.ts";
import { phoneDigits, wholePhoneDigits } from "../events/phone.ts";
import { type Received, sha256 } from "../events/received.ts";
import { logError } from "../log.ts";
import { findPlatform } from "../platforms/index.ts";

/** The calls and the customers' numbers that a body names, by which an erasure finds it; numbers as digits. */
export interface Subjects {
  callIds: ReadonlySet<string>;
  numbers: ReadonlySet<string>;
  /** Whether they are of decoded events; else of every text in a body that is no event. */
  areOfEvents: boolean;
}

/** Ids and numbers read of one body: a hostile one may name a million. An erasure does not find the body by those beyond. */
const MAX_SUBJECTS = 5_000;

/** Reads the subjects of a body: those of its events, else of every name and text in it. Never throws. */
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

/** Names of members that have a call's id: `call_id`, `callId`, `conversation_id`, and `id` in an object `call`. */
const CALL_ID_NAME = /^(?:call|conversation)[\s._-]{0,3}id$/i;

/** Such a member, in a body that is no JSON. */
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

/** Visits every text, number and name in a parsed body. */
function visitValues(body: unknown, visit: (value: string | number, name: string | undefined) => void): void {
  const pending: { value: unknown; name: string | undefined }[] = [{ value: body, name: undefined }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, name } = next;
    if (typeof value === "string" || typeof value === "number") visit(value, name);
    else if (Array.isArray(value)) for (const inner of value) pending.push({ value: inner, name: undefined });
    else if (isJsonObject(value)) {
      for (const [key, inner] of Object.entries(value)) {
        visit(key, undefined);
        pending.push({ value: inner, name: key === "id" && name === "call" ? "call.id" : key });
      }
    }
  }
}

/** The subjects of a held body in its metadata, as digests. */
export interface Label {
  /** SHA-256 of the call ids, hex. */
  callSha256s: readonly string[];
  /** SHA-256 of the numbers' digits, hex. */
  numberSha256s: readonly string[];
  /** Whether the body names more than a label has room for; then the body itself has to be read. */
  isPartial: boolean;
}

/** Calls, and numbers, in a label: twice 20 digests of 64 characters, 2,600 of the 8,192 bytes that R2 allows of metadata. */
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
