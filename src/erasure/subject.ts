import * as z from "zod";
import { MIN_PHONE_DIGITS, phoneDigits } from "../events/phone.ts";
import type { Received } from "../events/received.ts";
import { type DecodedBody, decode } from "../ingest/decode.ts";
import { namedCallIds, readUnfit, type UnfitBody, visitValues } from "../ingest/named-calls.ts";
import { logError } from "../log.ts";

/** Whose data an erasure deletes: everything of some calls and, with `digits`, of every call with a customer's number. */
export const subject = z.object({
  call_ids: z.array(z.string()),
  /** See `phoneDigits`. */
  digits: z.string().optional(),
});

export type Subject = z.infer<typeof subject>;

/** What a body that waits says of a subject. */
export interface Mention {
  /** The calls that the body names. */
  callIds: readonly string[];
  /** The body names the subject itself: one of its calls, or its number. */
  isDirect: boolean;
}

/**
 * Looks for a subject in a body that never reached the ledger. An event has it in its fields; of anything else every text is
 * looked at, since nobody knows yet where it names the call or the number.
 */
export async function mentionIn(received: Received, { call_ids, digits }: Subject): Promise<Mention> {
  const ids = new Set(call_ids);
  const decoded = decodeAnyway(received);
  if (decoded?.kind === "events") {
    const callIds = decoded.events.map(({ call_id }) => call_id);
    const phones = decoded.events.flatMap(({ caller_phone = "", caller_phones = [] }) => [
      caller_phone,
      ...caller_phones,
    ]);
    const isDirect =
      callIds.some((id) => ids.has(id)) ||
      (digits !== undefined && phones.some((phone) => phoneDigits(phone) === digits));
    return { callIds, isDirect };
  }
  const unfit = readUnfit(received.body);
  return {
    callIds: namedCallIds(unfit),
    isDirect: "text" in unfit ? inText(unfit, ids, digits) : inJson(unfit, ids, digits),
  };
}

/** @returns `undefined` when this code trips over the body, which is why it is parked: that must end no erasure */
function decodeAnyway(received: Received): DecodedBody | undefined {
  try {
    return decode(received);
  } catch (error) {
    logError({ message: "could not decode a body that waits", sha256: received.sha256 }, error);
    return undefined;
  }
}

function inJson(
  { json }: UnfitBody & { json: unknown },
  ids: ReadonlySet<string>,
  digits: string | undefined,
): boolean {
  let isFound = false;
  visitValues(json, (value, name) => {
    const text = String(value);
    // A number is an id only where it stands for one: 300 is a duration of somebody else's call.
    const isId =
      ids.has(text) &&
      (typeof value === "string" || (name !== undefined && isIdName(name)) || text.length >= MIN_PHONE_DIGITS);
    isFound ||= isId || isNumber(text, digits);
  });
  return isFound;
}

function isIdName(name: string): boolean {
  return /id$/i.test(name);
}

/** Only a text that is a phone number and nothing else. */
function isNumber(text: string, digits: string | undefined): boolean {
  if (digits === undefined || text.length > MAX_NUMBER_CHARACTERS) return false;
  return /^(?:tel:|sips?:)?[+\d\s().-]+(?:[@;].*)?$/i.test(text.normalize("NFKC")) && phoneDigits(text) === digits;
}

const MAX_NUMBER_CHARACTERS = 200;

/** Ids of a subject that a broken body is searched for one by one; of more, those that stand between other characters. */
const MAX_SEARCHED_IDS = 50;

/** Whole: `call-1` is not mentioned where `call-12` is, and no number where it is a part of another. */
function inText({ text }: UnfitBody & { text: string }, ids: ReadonlySet<string>, digits: string | undefined): boolean {
  for (const id of [...ids].slice(0, MAX_SEARCHED_IDS)) if (mentionsId(text, id)) return true;
  if (ids.size > MAX_SEARCHED_IDS && (text.match(/[\p{L}\p{N}_-]+/gu) ?? []).some((word) => ids.has(word))) return true;
  return digits !== undefined && mentionsNumber(text.normalize("NFKC"), digits);
}

const isDigit = (character: string | undefined) => character !== undefined && /\d/.test(character);

/** With up to three separators between two digits. By hand: a pattern of a million groups of digits overflows its stack. */
function mentionsNumber(text: string, digits: string): boolean {
  const isAt = (start: number) => {
    let at = start;
    for (const digit of digits) {
      for (let separators = 0; separators < 3 && /[\s().+-]/.test(text[at] ?? ""); separators++) at++;
      if (text[at++] !== digit) return false;
    }
    return !isDigit(text[at]);
  };
  const [first = ""] = digits;
  for (let at = text.indexOf(first); at !== -1; at = text.indexOf(first, at + 1)) {
    if (!isDigit(text[at - 1]) && isAt(at)) return true;
  }
  return false;
}

function mentionsId(text: string, id: string): boolean {
  const isPartOfWord = (character: string | undefined) => character !== undefined && /[\p{L}\p{N}_-]/u.test(character);
  for (let at = text.indexOf(id); at !== -1; at = text.indexOf(id, at + 1)) {
    if (!isPartOfWord(text[at - 1]) && !isPartOfWord(text[at + id.length])) return true;
  }
  return false;
}
