import type { IRequest } from "itty-router";
import { MIN_PHONE_DIGITS, phoneDigits } from "../../events/phone.ts";
import { decodedPart } from "../../http/input.ts";

/** Adds parameters to an address, which may have some already. Those that are `undefined` are left out. */
export function withQuery(path: string, parameters: { readonly [name: string]: string | undefined }): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  if (query.size === 0) return path;
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}

/** Returns the page that has the form of an action: an action lies below its page, `/deliveries/retry` below `/deliveries`. */
export function pageOfAction(action: string): string {
  return action.slice(0, action.lastIndexOf("/")) || "/";
}

/** Every browser takes these for steps through folders, percent-encoded or not (url.spec.whatwg.org). */
const STEPS: ReadonlySet<string> = new Set([".", ".."]);

/** Returns the address of a call's page. Any text is an id. */
export function callPath(callId: string, below: "" | "/erase" | "/recording" = ""): string {
  if (STEPS.has(callId)) return `/calls/by-id${below}?call_id=${callId}`;
  return `/calls/${encodeURIComponent(callId)}${below}`;
}

/** Returns the id of the call that a request names. */
export function callIdOf(request: IRequest & Request): string {
  const named = new URL(request.url).searchParams.get("call_id");
  return named !== null && STEPS.has(named) ? named : decodedPart(request.params["call_id"] ?? "");
}

/** Returns the address of a caller's page; `undefined` for what is no whole number. Query strings are logged nowhere. */
export function callerPath(phone: string): string | undefined {
  return phoneDigits(phone).length >= MIN_PHONE_DIGITS ? withQuery("/callers", { phone }) : undefined;
}
