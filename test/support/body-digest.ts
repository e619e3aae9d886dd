import { createHash } from "node:crypto";

/**
 * SHA-256 of a body without the members that vary from one delivery to the next, in hex.
 * @param body as `JSON.stringify` writes it; of any other text the digest is of all of it
 */
export function bodyDigest(body: string, varies: (name: string, value: unknown) => boolean): string {
  return createHash("sha256").update(withoutMembers(body, varies)).digest("hex");
}

function withoutMembers(body: string, varies: (name: string, value: unknown) => boolean): string {
  try {
    return JSON.stringify(JSON.parse(body), (name, value: unknown) => (varies(name, value) ? undefined : value));
  } catch {
    return body;
  }
}
