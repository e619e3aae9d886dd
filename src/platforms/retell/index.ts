import { isSignedByAny, joined } from "../hmac.ts";
import type { BodyVerifier, Platform, SignatureFault } from "../platform.ts";
import { turnsInBody } from "./conversation.ts";
import { decodeRetell } from "./payload.ts";

/** Retell AI, whose three webhooks of a call are the three events of the ledger. */
export const retell: Platform = {
  name: "retell",
  secretsSetting: "RETELL_WEBHOOK_SECRETS",
  verify,
  decode: decodeRetell,
  ownId: () => undefined,
  // Retell sends an event more than once, and each time may say anew when.
  identity: ({ event_timestamp: _sentAt, ...content }) => content,
  // Lets whoever has it join a web call.
  secretNames: /^access_token$/i,
  turns: turnsInBody,
};

/** Milliseconds since 1970, and HMAC-SHA256 in hex. */
const signaturePattern = /^v=(\d{1,16}),d=([0-9a-f]{64})$/i;

/** The pattern at its longest has 85. Nothing longer reaches it. */
const MAX_HEADER_CHARACTERS = 100;

/** Either way: Retell's own SDK allows as much. A replay within it is a duplicate. */
const MAX_CLOCK_DIFFERENCE_MS = 5 * 60 * 1000;

/** HMAC-SHA256 of the body and the digits of the time, one after the other, in `X-Retell-Signature: v={ms},d={hex}`. */
function verify(headers: Headers, secrets: readonly string[], now: Date): BodyVerifier | SignatureFault {
  const sent = headers.get("X-Retell-Signature");
  if (sent === null) return { fault: "missing", detail: "The request carries no X-Retell-Signature header." };
  const [, time = "", hex = ""] = (sent.length <= MAX_HEADER_CHARACTERS && signaturePattern.exec(sent)) || [];
  if (time === "") {
    return {
      fault: "malformed",
      detail: "The signature is not v={milliseconds since 1970},d={64 hexadecimal digits}.",
    };
  }
  if (Math.abs(now.getTime() - Number(time)) > MAX_CLOCK_DIFFERENCE_MS) {
    return { fault: "stale", detail: "The signature was made more than five minutes from now." };
  }
  const signature = Uint8Array.fromHex(hex);
  return async (body) => {
    if (await isSignedByAny(secrets, signature, joined(body, time))) return undefined;
    return { fault: "wrong", detail: "No secret of RETELL_WEBHOOK_SECRETS gives this signature for this body." };
  };
}
