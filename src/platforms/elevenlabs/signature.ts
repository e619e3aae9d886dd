import { isSignedByAny, joined } from "../hmac.ts";
import type { BodyVerifier, SignatureFault } from "../platform.ts";

/** Room for the time and six signatures: anybody can send more, and each costs an HMAC of the whole body. */
const MAX_HEADER_CHARACTERS = 500;

/** As ElevenLabs' own SDK has it. Retries come up to 40 minutes late: less would refuse more of those that keep their first time. */
const MAX_CLOCK_DIFFERENCE_MS = 30 * 60 * 1000;

/** `ElevenLabs-Signature: t=<Unix seconds>,v0=<hex>`: HMAC-SHA256 of `<t>.<body>`. Several `v0` are several secrets' signatures. */
export function verify(headers: Headers, secrets: readonly string[], now: Date): BodyVerifier | SignatureFault {
  const header = headers.get("ElevenLabs-Signature");
  if (header === null) return { fault: "missing", detail: "The request carries no ElevenLabs-Signature header." };
  const { time, signatures } = parse(header);
  if (time === undefined || signatures.length === 0) {
    return { fault: "malformed", detail: "The signature is not t=<Unix seconds>,v0=<64 hexadecimal digits>." };
  }
  if (Math.abs(now.getTime() - Number(time) * 1000) > MAX_CLOCK_DIFFERENCE_MS) {
    return { fault: "stale", detail: "The signature was made more than 30 minutes before or after this moment." };
  }
  return async (body) => {
    const signed = joined(`${time}.`, body);
    for (const signature of signatures) if (await isSignedByAny(secrets, signature, signed)) return undefined;
    return { fault: "wrong", detail: "No secret of ELEVENLABS_WEBHOOK_SECRETS gives this signature for this body." };
  };
}

/** The time as it stands in the header, since that is what was signed, and every signature of the one scheme there is. */
function parse(header: string): { time: string | undefined; signatures: Uint8Array[] } {
  const parts = header.length > MAX_HEADER_CHARACTERS ? [] : header.split(",").map((part) => part.trim());
  const time = parts.find((part) => part.startsWith("t="))?.slice("t=".length);
  const signatures = parts.flatMap((part) => {
    const hex = /^v0=([0-9a-f]{64})$/i.exec(part)?.[1];
    return hex === undefined ? [] : [Uint8Array.fromHex(hex)];
  });
  return { time: time !== undefined && /^\d{1,12}$/.test(time) ? time : undefined, signatures };
}
