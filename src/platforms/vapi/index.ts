import type { Platform } from "../platform.ts";
import { beginsIgnored } from "./noise.ts";
import { decodeVapi, turnsInBody } from "./payload.ts";
import { verify } from "./signature.ts";

/** Vapi, whose report of a call is both its end and its analysis. */
export const vapi: Platform = {
  name: "vapi",
  secretsSetting: "VAPI_WEBHOOK_SECRETS",
  verify,
  decode: decodeVapi,
  ownId: () => undefined,
  // Every delivery of a report carries links of its own to the recordings, and the time at which they expire. No link is longer:
  // millions of characters would overflow the stack of a pattern that takes any number.
  varyingMembers: /"presigned\w*"\s*:\s*(?:"(?:[^"\\]|\\.){0,8000}"|[\w.+-]+)\s*,?/g,
  // Of an imported phone number, of the owner's servers (`headers`, `serverUrlSecret`), and of the providers that an assistant
  // defined within the call brings along (`credentials`).
  secretNames:
    /^(?:credentials|headers|token|(?:proxy-)?authorization)$|(?:secret|password|(?:api|secret|private|access)[-_]?key|(?:api|auth|access|refresh|session|bearer)[-_]?token)$/i,
  // A `conversation-update` repeats the whole call, prompt included, with every sentence.
  ignoresLarge: beginsIgnored,
  turns: turnsInBody,
};
