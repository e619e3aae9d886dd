import { isSignedByAny, joined } from "../hmac.ts";
import type { BodyVerifier, SignatureFault } from "../platform.ts";

/** Either way, where a time is sent beside the signature. Vapi leaves it to the receiver. */
const MAX_CLOCK_DIFFERENCE_MS = 5 * 60 * 1000;

/** `sha256=` and 64 digits. Nothing longer reaches a pattern. */
const MAX_SIGNATURE_CHARACTERS = 100;

const hexPattern = /^(?:sha256=)?([0-9a-f]{64})$/i;
const base64Pattern = /^(?:sha256=)?([0-9a-z+/]{43}=)$/i;

/** Whole seconds or milliseconds since 1970. */
const timestampPattern = /^\d{1,16}$/;

/** Seconds reach it in the year 5138, milliseconds did in 1973. */
const MIN_MILLISECONDS = 1e11;

/**
 * One of the ways that Vapi lets its user choose: the secret itself, in `X-Vapi-Secret`, in `Authorization: Bearer` or in
 * `X-Vapi-Signature`; or an HMAC-SHA256 in `X-Signature` or `X-Vapi-Signature`, over `{timestamp}.{body}` or over the body.
 */
export function verify(headers: Headers, secrets: readonly string[], now: Date): BodyVerifier | SignatureFault {
  const sentSecrets = ["X-Vapi-Secret", "X-Vapi-Signature"].flatMap((name) => headers.get(name) ?? []);
  const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.get("Authorization") ?? "") ?? [];
  if (bearer !== undefined) sentSecrets.push(bearer);
  if (sentSecrets.some((sent) => isOneOf(secrets, sent))) return async () => undefined;

  const sentSignatures = ["X-Signature", "X-Vapi-Signature"].flatMap((name) => headers.get(name) ?? []);
  const signatures = sentSignatures.flatMap((sent) => signatureIn(sent) ?? []);
  if (signatures.length === 0) return faultWithoutSignature(sentSecrets.length > 0, sentSignatures.length > 0);

  const timestamp = headers.get("X-Timestamp") ?? headers.get("X-Vapi-Timestamp");
  if (timestamp !== null) {
    const fault = timestampFault(timestamp, now);
    if (fault !== undefined) return fault;
  }
  return async (body) => {
    // The literal text of the header is what was signed, whatever its unit.
    const signed = timestamp === null ? [body] : [joined(`${timestamp}.`, body), body];
    for (const bytes of signed) {
      for (const signature of signatures) if (await isSignedByAny(secrets, signature, bytes)) return undefined;
    }
    return { fault: "wrong", detail: "No secret of VAPI_WEBHOOK_SECRETS gives this signature for this body." };
  };
}

function faultWithoutSignature(hasSecret: boolean, hasSignature: boolean): SignatureFault {
  if (hasSecret) return { fault: "wrong", detail: "The request carries none of VAPI_WEBHOOK_SECRETS." };
  if (hasSignature) {
    return { fault: "malformed", detail: "The signature is not an HMAC-SHA256 in hex or base64." };
  }
  const detail = "The request carries no X-Vapi-Secret, Authorization: Bearer, X-Vapi-Signature or X-Signature header.";
  return { fault: "missing", detail };
}

/** Compares in constant time but for the length, which says nothing of a secret that is long enough. */
function isOneOf(secrets: readonly string[], sent: string): boolean {
  const sentBytes = new TextEncoder().encode(sent);
  return secrets.some((secret) => {
    const bytes = new TextEncoder().encode(secret);
    return bytes.byteLength === sentBytes.byteLength && crypto.subtle.timingSafeEqual(bytes, sentBytes);
  });
}

/** @returns `undefined` when the text is no HMAC-SHA256 */
function signatureIn(sent: string): Uint8Array | undefined {
  if (sent.length > MAX_SIGNATURE_CHARACTERS) return undefined;
  const [, hex] = hexPattern.exec(sent) ?? [];
  if (hex !== undefined) return Uint8Array.fromHex(hex);
  const [, base64] = base64Pattern.exec(sent) ?? [];
  return base64 === undefined ? undefined : Uint8Array.fromBase64(base64);
}

function timestampFault(timestamp: string, now: Date): SignatureFault | undefined {
  if (!timestampPattern.test(timestamp)) {
    return { fault: "malformed", detail: "The time of the signature is not whole seconds or milliseconds since 1970." };
  }
  const time = Number(timestamp);
  const ms = time < MIN_MILLISECONDS ? time * 1000 : time;
  if (Math.abs(now.getTime() - ms) <= MAX_CLOCK_DIFFERENCE_MS) return undefined;
  return { fault: "stale", detail: "The signature was made more than five minutes from now." };
}
