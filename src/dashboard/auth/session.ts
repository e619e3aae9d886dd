import { parseSigned, serialize, serializeSigned } from "hono/utils/cookie";
import { deriveKey } from "./keys.ts";

const SESSION_SECONDS = 12 * 60 * 60;

/**
 * Makes the cookie of a session that begins now. The server stores nothing, so a session ends with its time, or with all others
 * when the API token changes, which signs it.
 * @returns a value of `Set-Cookie`
 */
export async function startSession(request: Request, apiToken: string, now: Date): Promise<string> {
  const { name, attributes } = cookieOf(request);
  // The browser knows the end too, but only the signed one counts.
  const session = `${Math.floor(now.getTime() / 1000) + SESSION_SECONDS}.${crypto.randomUUID()}`;
  return serializeSigned(name, session, await signingKey(apiToken), { ...attributes, maxAge: SESSION_SECONDS });
}

/** Reads the name of the session of a request; `undefined` without one that we signed and that has not ended. */
export async function readSession(request: Request, apiToken: string, now: Date): Promise<string | undefined> {
  const { name } = cookieOf(request);
  const cookies = await parseSigned(request.headers.get("Cookie") ?? "", await signingKey(apiToken), name);
  const session = cookies[name];
  if (!session) return undefined;
  return Number.parseInt(session, 10) * 1000 > now.getTime() ? session : undefined;
}

/** @returns the value of `Set-Cookie` that makes the browser forget the session */
export function endSession(request: Request): string {
  const { name, attributes } = cookieOf(request);
  return serialize(name, "", { ...attributes, maxAge: 0 });
}

function signingKey(apiToken: string): Promise<ArrayBuffer> {
  return deriveKey(apiToken, "dashboard session");
}

/**
 * Over plain HTTP, which is local development, browsers keep neither a `Secure` cookie nor one with the prefix. `Lax`, so that a link
 * in a message opens its page: what acts is a form, and each has a token of its own.
 */
function cookieOf(request: Request) {
  const secure = new URL(request.url).protocol === "https:";
  return {
    name: secure ? "__Host-session" : "session",
    attributes: { path: "/", httpOnly: true, secure, sameSite: "Lax" },
  } as const;
}
