/**
 * Whether one of the secrets gives this HMAC-SHA256 of the bytes, a text by its UTF-8. Compares in constant time, as `crypto.subtle.verify` does.
 * @param signature 32 bytes
 */
export async function isSignedByAny(
  secrets: readonly (string | Uint8Array)[],
  signature: Uint8Array,
  bytes: ArrayBuffer,
): Promise<boolean> {
  for (const secret of secrets) {
    const key = typeof secret === "string" ? (keys.get(secret) ?? (await keepKey(secret))) : await importKey(secret);
    if (await crypto.subtle.verify("HMAC", key, signature, bytes)) return true;
  }
  return false;
}

/** Shared by requests: the secrets of a Worker are few and change with a deployment only. */
const keys = new Map<string, CryptoKey>();

async function keepKey(secret: string): Promise<CryptoKey> {
  const key = await importKey(new TextEncoder().encode(secret));
  keys.set(secret, key);
  return key;
}

function importKey(bytes: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

/** Joins texts and bytes: platforms sign a body together with its time. A blob would copy them twice. */
export function joined(...parts: readonly (string | ArrayBuffer)[]): ArrayBuffer {
  const pieces = parts.map((part) =>
    typeof part === "string" ? new TextEncoder().encode(part) : new Uint8Array(part),
  );
  const whole = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let length = 0;
  for (const piece of pieces) {
    whole.set(piece, length);
    length += piece.byteLength;
  }
  return whole.buffer;
}
