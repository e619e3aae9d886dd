import { createHash } from "node:crypto";

/**
 * SHA-256 of a body without what varies from one delivery to the next, in hex.
 * @param identity takes that out of an object; of any other body the digest is of all of it
 */
export function bodyDigest(body: string, identity: (parsed: unknown) => unknown): string {
  return createHash("sha256").update(identified(body, identity)).digest("hex");
}

function identified(body: string, identity: (parsed: unknown) => unknown): string {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed !== "object" || parsed === null || Array.isArray(parsed)
      ? body
      : JSON.stringify(identity(parsed));
  } catch {
    return body;
  }
}
