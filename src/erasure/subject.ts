import type { Received } from "../events/received.ts";
import { decode } from "../platforms/decode.ts";
import type { ArchivedEvent } from "./objects.ts";

/** Whose data is to be erased: what is kept of one call, or of all calls with one caller. */
export type Subject = { call_id: string } | { caller_phone: string };

/** A body that waits somewhere, as far as it says whom it is about. */
export interface Concern {
  /** The calls it is about, as far as it names them. */
  callIds: readonly string[];
  /** It names the subject itself. */
  direct: boolean;
  /** The event it is, when it is one: the archive may have it already. */
  event?: ArchivedEvent;
}

/**
 * Whether a body that never reached the ledger is about somebody. An event says so in its fields; of anything else every
 * text in it is looked at, since nobody knows yet where it names the call or the caller. Pure.
 */
export function concernOf({ body, digest, receivedAt }: Received, subject: Subject): Concern {
  const decoded = decode(body, receivedAt);
  if (decoded.kind === "event") {
    const { event } = decoded;
    const { call_id, caller_phone } = event;
    const direct =
      "call_id" in subject ? call_id === subject.call_id : namesPhone(caller_phone ?? "", subject.caller_phone);
    const endedAt = event.event === "call.end" ? event.ended_at : undefined;
    return { callIds: [call_id], direct, event: { call_id, digest, endedAt } };
  }
  const text = new TextDecoder().decode(body);
  return parsed(
    text,
    (value) => concernOfValue(value, subject),
    () => concernOfText(unescaped(text), subject),
  );
}

function parsed<T>(text: string, known: (value: unknown) => T, otherwise: () => T): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return otherwise();
  }
  return known(value);
}

/** Names under which an event has the id of its call: `call_id`, `callId`. */
const CALL_ID_NAME = /^call[\s_-]*id$/i;

/** The same with what follows it, in a text that is no JSON. */
const CALL_ID_IN_TEXT = /\bcall[\s_-]*id["'\s]*[:=]\s*["']?([^"'\s,;&}\]]+)/gi;

/** With a list and not by recursion: a hostile body nests as deep as it likes. */
function concernOfValue(value: unknown, subject: Subject): Concern {
  const callIds = new Set<string>();
  let direct = false;
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === "string") direct ||= names(next, subject);
    // That it is a number may be just why the body did not fit.
    else if (typeof next === "number") direct ||= namedByNumber(next, subject);
    else if (Array.isArray(next)) for (const inner of next) left.push(inner);
    else if (typeof next === "object" && next !== null) {
      for (const [name, inner] of Object.entries(next)) {
        direct ||= names(name, subject);
        if (CALL_ID_NAME.test(name) && (typeof inner === "string" || typeof inner === "number")) {
          callIds.add(String(inner));
          direct ||= names(String(inner), subject);
        }
        left.push(inner);
      }
    }
  }
  return { callIds: [...callIds], direct };
}

function names(text: string, subject: Subject): boolean {
  return "call_id" in subject ? text === subject.call_id : namesPhone(text, subject.caller_phone);
}

/** Fewer digits are a count or a duration of somebody else's call. */
const MIN_DIGITS_OF_NUMBER = 7;

function namedByNumber(number: number, subject: Subject): boolean {
  const text = String(number);
  return text.length >= MIN_DIGITS_OF_NUMBER && names(text, subject);
}

function concernOfText(text: string, subject: Subject): Concern {
  const callIds = Array.from(text.matchAll(CALL_ID_IN_TEXT), ([, id = ""]) => id);
  return { callIds: [...new Set(callIds)], direct: mentions(text, subject) };
}

/** Whole: `call-1` is not mentioned where `call-12` is, and no number where it is a part of another. */
function mentions(text: string, subject: Subject): boolean {
  if ("call_id" in subject) {
    const id = subject.call_id.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    return new RegExp(`(?<![\\p{L}\\p{N}_-])${id}(?![\\p{L}\\p{N}_-])`, "u").test(text);
  }
  const digits = [...digitsOf(subject.caller_phone)].join("[\\s().+-]*");
  return new RegExp(`(?<!\\d)${digits}(?!\\d)`).test(text);
}

/** What escapes of JSON stand for, wherever they are: a body that breaks off in the middle has them too. */
function unescaped(text: string): string {
  return text
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll(/\\(["\\/])/g, "$1");
}

/** The same number however it is written, `+1 (555) 123-4567` and `+15551234567`. */
function namesPhone(text: string, phone: string): boolean {
  return /^[+\d\s().-]+$/.test(text) && digitsOf(text) === digitsOf(phone);
}

/** The digits of a phone number, which are what makes it one. */
export function digitsOf(phone: string): string {
  return phone.replaceAll(/\D/g, "");
}
