import { id } from "../../events/fields.ts";
import { isSignedByAny } from "../hmac.ts";
import type { BodyVerifier, Decoded, Platform, SignatureFault } from "../platform.ts";
import { decodeDocumented } from "./documented.ts";
import { decodeEnvelope } from "./envelope.ts";
import { isProbe } from "./probe.ts";
import { turnsInBody } from "./transcript.ts";

/** Atoms, in the vocabulary of its payload page and in the one it sends today. */
export const atoms: Platform = {
  name: "atoms",
  secretsSetting: "ATOMS_WEBHOOK_SECRETS",
  verify,
  decode(body, receivedAt): Decoded {
    if (isProbe(body)) return { kind: "ignored" };
    return decodeDocumented(body) ?? decodeEnvelope(body, receivedAt) ?? { kind: "unrecognised" };
  },
  // One that cannot be kept as it is (too long, not well-formed) would make two events one.
  ownId: (body) => id.safeParse(body["id"]).data,
  secretNames: undefined,
  turns: turnsInBody,
};

/** HMAC-SHA256 in hex, with or without the `sha256=` that the older header puts before it. */
const signaturePattern = /^(?:sha256=)?([0-9a-f]{64})$/i;

/** `sha256=` and 64 digits, with room for white space. Nothing longer reaches the pattern. */
const MAX_HEADER_CHARACTERS = 100;

/** HMAC-SHA256 of the body in `X-Signature` or `X-Atoms-Signature`. No time is signed: a replay is a duplicate. */
function verify(headers: Headers, secrets: readonly string[]): BodyVerifier | SignatureFault {
  const sent = [headers.get("X-Signature"), headers.get("X-Atoms-Signature")].filter((value) => value !== null);
  if (sent.length === 0) return { fault: "missing", detail: "The request carries no X-Signature header." };
  const signatures = sent.flatMap((value) => {
    const hex = value.length > MAX_HEADER_CHARACTERS ? undefined : signaturePattern.exec(value.trim())?.[1];
    return hex === undefined ? [] : [Uint8Array.fromHex(hex)];
  });
  if (signatures.length === 0) {
    return { fault: "malformed", detail: "The signature is not an HMAC-SHA256 in hex: 64 hexadecimal digits." };
  }
  return async (body) => {
    for (const signature of signatures) {
      if (await isSignedByAny(secrets, signature, body)) return undefined;
    }
    return { fault: "wrong", detail: "No secret of ATOMS_WEBHOOK_SECRETS gives this signature for this body." };
  };
}
