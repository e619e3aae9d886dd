import { ATTEMPTS_PERIOD_SECONDS, countWrongToken, isBlocked } from "./attempts.ts";
import { problemResponse } from "./problem.ts";

/**
 * Lets a request pass that carries `Authorization: Bearer <API_TOKEN>`, or that Cloudflare Access has let through. Fails
 * closed: without a token that is set, nobody gets in by one.
 * @returns the refusal, or nothing
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

/** The refusal of somebody who guesses. */
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
 * Refuses what a page of another site makes a browser send: behind Cloudflare Access, its cookie goes along with every request.
 * A form cannot send JSON. Who carries the token is no browser.
 * @returns the refusal, or nothing
 */
export function refuseForeign(request: Request, _env: Env, ctx: ExecutionContext): Response | undefined {
  if (ctx.access === undefined || request.method === "GET" || request.method === "HEAD") return undefined;
  const type = request.headers.get("Content-Type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "application/json";
  if (isSameOrigin(request) && type === "application/json") return undefined;
  return problemResponse({
    status: 403,
    type: "foreign-request",
    title: "Not from here",
    detail: "Send JSON with Content-Type: application/json, and not from a page of another site. Nothing was done.",
  });
}

/** Whether a request is from a page of this Worker, as the browser says it, or from a program, which says nothing. */
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
