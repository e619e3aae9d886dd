/** SHA-256 of some bytes, in hex. */
export async function sha256(bytes: ArrayBuffer | Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Compares digests, which have one length and tell nothing: the time it takes does not depend on the texts. */
export async function sameText(a: string, b: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return crypto.subtle.timingSafeEqual(await digest(a), await digest(b));
}
