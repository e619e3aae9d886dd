/** HMAC-SHA256 in hex, with or without the `sha256=` that the older header puts before it. */
const signaturePattern = /^(?:sha256=)?([0-9a-f]{64})$/i;

export type SignatureFault = "missing" | "malformed" | "wrong";

/** The signatures a request carries, or what is wrong with them. Needs no body, so most strangers are told apart by it. */
export function readSignatures(headers: Headers): Uint8Array[] | "missing" | "malformed" {
  const sent = [headers.get("X-Signature"), headers.get("X-Atoms-Signature")].filter((value) => value !== null);
  if (sent.length === 0) return "missing";
  const signatures = sent.flatMap((value) => {
    const hex = signaturePattern.exec(value.trim())?.[1];
    return hex === undefined ? [] : [Uint8Array.fromHex(hex)];
  });
  return signatures.length === 0 ? "malformed" : signatures;
}

/**
 * Whether any of the secrets made any of the signatures over exactly these bytes. `crypto.subtle.verify` compares in
 * constant time.
 */
export async function signedByAny(
  body: ArrayBuffer,
  signatures: readonly Uint8Array[],
  secrets: readonly string[],
): Promise<boolean> {
  for (const secret of secrets) {
    const key = keys.get(secret) ?? (await importKey(secret));
    for (const signature of signatures) {
      if (await crypto.subtle.verify("HMAC", key, signature, body)) return true;
    }
  }
  return false;
}

/** Kept from one request to the next: the secrets of a Worker change with a deployment only, and there are a few. */
const keys = new Map<string, CryptoKey>();

async function importKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  keys.set(secret, key);
  return key;
}
