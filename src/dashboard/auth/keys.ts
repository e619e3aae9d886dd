/**
 * Derives 32 bytes from a secret for one purpose (HKDF, RFC 5869). A signature made with them discloses nothing of the secret,
 * and is worth nothing for another purpose.
 */
export async function deriveKey(secret: string, purpose: string): Promise<ArrayBuffer> {
  const encoder = new TextEncoder();
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveBits"]);
  const info = encoder.encode(`call-ledger ${purpose}`);
  return crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info }, material, 256);
}
