import { decode } from "../events/decode.ts";
import type { Received } from "../intake/received.ts";

/** Whose data is to be erased: what is kept of one call, or of all calls with one caller. */
export type Subject = { call_id: string } | { caller_phone: string };

/** A body that waits somewhere, as far as it says whom it is about. */
export interface Concern {
  /** The call it is an event of, when it is one. */
  call_id: string | undefined;
  /** It names the subject itself. */
  direct: boolean;
}

/**
 * Whether a body that never reached the ledger is about somebody. An event says so in its fields; of anything else every
 * text in it is looked at, since nobody knows yet where it names the call or the caller. Pure.
 */
export function concernOf({ body, receivedAt }: Received, subject: Subject): Concern {
  const decoded = decode(body, receivedAt);
  if (decoded.kind === "event") {
    const { call_id, caller_phone } = decoded.event;
    const direct =
      "call_id" in subject ? call_id === subject.call_id : namesPhone(caller_phone ?? "", subject.caller_phone);
    return { call_id, direct };
  }
  const text = new TextDecoder().decode(body);
  const direct = parsed(
    text,
    (value) => someText(value, (found) => names(found, subject)),
    () => mentions(text, subject),
  );
  return { call_id: undefined, direct };
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

function names(text: string, subject: Subject): boolean {
  return "call_id" in subject ? text === subject.call_id : namesPhone(text, subject.caller_phone);
}

function mentions(text: string, subject: Subject): boolean {
  if ("call_id" in subject) return text.includes(subject.call_id);
  return text.replaceAll(/[\s().+-]/g, "").includes(digitsOf(subject.caller_phone));
}

/** The same number however it is written, `+1 (555) 123-4567` and `+15551234567`. */
function namesPhone(text: string, phone: string): boolean {
  return /^[+\d\s().-]+$/.test(text) && digitsOf(text) === digitsOf(phone);
}

/** The digits of a phone number, which are what makes it one. */
export function digitsOf(phone: string): string {
  return phone.replaceAll(/\D/g, "");
}

/** With a list and not by recursion: a hostile body nests as deep as it likes. */
function someText(value: unknown, test: (text: string) => boolean): boolean {
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === "string" && test(next)) return true;
    if (typeof next === "object" && next !== null) for (const inner of Object.values(next)) left.push(inner);
  }
  return false;
}
