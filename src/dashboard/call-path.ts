import type { IRequest } from "itty-router";
import { decodedPart } from "../http/path.ts";

/** Every browser takes these for steps through folders, percent-encoded or not (url.spec.whatwg.org). */
const STEPS: ReadonlySet<string> = new Set([".", ".."]);

/** The address of a call's page. Any text is an id. */
export function callPath(callId: string, below: "" | "/erase" = ""): string {
  if (STEPS.has(callId)) return `/calls/by-id${below}?call_id=${callId}`;
  return `/calls/${encodeURIComponent(callId)}${below}`;
}

/** The id of the call whose page was asked for. */
export function callIdOf(request: IRequest & Request): string {
  const named = new URL(request.url).searchParams.get("call_id");
  return named !== null && STEPS.has(named) ? named : decodedPart(request.params["call_id"] ?? "");
}
