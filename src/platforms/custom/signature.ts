import { isSignedByAny, joined } from "../hmac.ts";
import type { BodyVerifier, SignatureFault } from "../platform.ts";

/** `whsec_` and base64. */
const secretPattern = /^whsec_(?:[0-9a-z+/]{4})*(?:[0-9a-z+/]{2}==|[0-9a-z+/]{3}=)?$/i;

/** The least that the specification allows. */
const MIN_KEY_BYTES = 24;

/** Either way, as the specification's own libraries allow it. A replay within it is a duplicate. */
const MAX_CLOCK_DIFFERENCE_MS = 5 * 60 * 1000;

const MAX_ID_CHARACTERS = 512;

/** Room for ten signatures: anybody can send more, and each costs an HMAC of the whole body. */
const MAX_SIGNATURE_CHARACTERS = 500;

const signaturePattern = /^v1,([0-9a-z+/]{43}=)$/i;

/** Returns the reason why a text is no secret of the Standard Webhooks specification; `undefined` if it is one. */
export function secretProblem(secret: string): string | undefined {
  if (secretPattern.test(secret) && keyOf(secret).byteLength >= MIN_KEY_BYTES) return undefined;
  return `is no Standard Webhooks secret (whsec_ and base64 of ${MIN_KEY_BYTES} bytes or more)`;
}

function keyOf(secret: string): Uint8Array {
  return Uint8Array.from(atob(secret.slice("whsec_".length)), (character) => character.charCodeAt(0));
}

/** Standard Webhooks: HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}`, in base64, as `v1,…` in `webhook-signature`. */
export function verify(headers: Headers, secrets: readonly string[], now: Date): BodyVerifier | SignatureFault {
  const [id, time, sent] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => headers.get(name));
  if (!id || !time || !sent) {
    const detail = "The request carries no webhook-id, webhook-timestamp or webhook-signature header.";
    return { fault: "missing", detail };
  }
  const signatures = signaturesIn(sent);
  if (signatures.length === 0 || id.length > MAX_ID_CHARACTERS) {
    return {
      fault: "malformed",
      detail: "The signature is not v1,<base64 of 32 bytes>, or several with spaces between.",
    };
  }
  if (!/^\d{1,12}$/.test(time)) {
    return { fault: "malformed", detail: "The webhook-timestamp is not whole seconds since 1970." };
  }
  if (Math.abs(now.getTime() - Number(time) * 1000) > MAX_CLOCK_DIFFERENCE_MS) {
    return { fault: "stale", detail: "The signature was made more than five minutes from now." };
  }
  return async (body) => {
    const signed = joined(`${id}.${time}.`, body);
    const keys = secrets.map(keyOf);
    for (const signature of signatures) if (await isSignedByAny(keys, signature, signed)) return undefined;
    return { fault: "wrong", detail: "No secret of CUSTOM_WEBHOOK_SECRETS gives this signature for this body." };
  };
}

/** Returns the signatures of version 1; others are for receivers with a public key. */
function signaturesIn(sent: string): Uint8Array[] {
  const parts = sent.length > MAX_SIGNATURE_CHARACTERS ? [] : sent.split(" ");
  return parts.flatMap((part) => {
    const [, base64] = signaturePattern.exec(part) ?? [];
    return base64 === undefined ? [] : [Uint8Array.fromBase64(base64)];
  });
}
