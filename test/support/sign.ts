import { createHmac } from "node:crypto";

/**
 * The headers with which the platform sends a body: HMAC-SHA256 of its bytes in hex.
 * @example fetch(url, { method: "POST", body, headers: signedHeaders(body, secret) })
 */
export function signedHeaders(body: string | Uint8Array, secret: string): Record<string, string> {
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  return { "Content-Type": "application/json", "X-Signature": signature };
}
