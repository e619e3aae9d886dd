import { ATTEMPTS_PERIOD_SECONDS, countWrongToken, isBlocked } from "./attempts.ts";
import { problemResponse } from "./problem.ts";

/**
 * Accepts requests with `Authorization: Bearer <API_TOKEN>`, and those that Cloudflare Access has authenticated. Fails closed: while
 * API_TOKEN is not set, no token is right.
 * @returns the refusal; `undefined` if the request is accepted
 */
export async function authenticate(request: Request, env: Env, ctx: ExecutionContext): Promise<Response | undefined> {
  if (ctx.access !== undefined) return undefined;
  const now = new Date();
  if (isBlocked(request, now)) return tooManyAttempts();
  const token = /^bearer +(.+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
  if (token !== undefined) {
    if (env.API_TOKEN && (await sameText(token, env.API_TOKEN))) return undefined;
    await countWrongToken(env.SIGN_IN_ATTEMPTS, request, now);
  }
  return problemResponse({
    status: 401,
    type: "unauthenticated",
    title: "Not signed in",
    detail: "Send Authorization: Bearer <API_TOKEN>.",
    headers: { "WWW-Authenticate": 'Bearer realm="call-ledger"' },
  });
}

/** Returns the answer to a network that guessed too often. */
export function tooManyAttempts(): Response {
  return problemResponse({
    status: 429,
    type: "too-many-attempts",
    title: "Too many attempts",
    detail: "Wait a minute, then try again.",
    headers: { "Retry-After": String(ATTEMPTS_PERIOD_SECONDS) },
  });
}

/**
 * Refuses writes that a page of another site makes a browser send: behind Cloudflare Access, its cookie goes along with them. A form
 * cannot send JSON. Without Access there is nothing to check: no browser adds the token by itself.
 * @returns the refusal; `undefined` if the request is accepted
 */
export function refuseForeign(request: Request, _env: Env, ctx: ExecutionContext): Response | undefined {
  if (ctx.access === undefined || request.method === "GET" || request.method === "HEAD") return undefined;
  const type = request.headers.get("Content-Type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "application/json";
  return isSameOrigin(request) && type === "application/json" ? undefined : foreignRequest();
}

/** Returns the answer to a page of another site. */
export function foreignRequest(): Response {
  return problemResponse({
    status: 403,
    type: "foreign-request",
    title: "Not from here",
    detail: "Send JSON with Content-Type: application/json, and not from a page of another site. Nothing was done.",
  });
}

/** Returns whether a request comes from a page of this Worker, by the browser's headers, or from a program, which sends none. */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get("Sec-Fetch-Site") ?? "same-origin";
  const here = new URL(request.url).origin;
  return (site === "same-origin" || site === "none") && (request.headers.get("Origin") ?? here) === here;
}

/** Compares texts by their digests, so that the time it takes does not depend on the texts. */
export async function sameText(a: string, b: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return crypto.subtle.timingSafeEqual(await digest(a), await digest(b));
}

/** Forbids every cache to keep an answer that only its reader may see. */
export function uncached(response: Response): void {
  response.headers.set("Cache-Control", "private, no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
}
