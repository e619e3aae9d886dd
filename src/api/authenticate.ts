import { problemResponse } from "../problem.ts";

/**
 * Lets a request pass that carries `Authorization: Bearer <API_TOKEN>`, or that Cloudflare Access has let through. Fails
 * closed: without a token that is set, nobody gets in by one.
 * @returns the refusal, or nothing
 */
export async function authenticate(request: Request, env: Env, ctx: ExecutionContext): Promise<Response | undefined> {
  if (ctx.access !== undefined) return undefined;
  const [scheme, token] = request.headers.get("Authorization")?.split(" ", 2) ?? [];
  if (env.API_TOKEN && scheme?.toLowerCase() === "bearer" && (await sameText(token ?? "", env.API_TOKEN)))
    return undefined;
  return problemResponse({
    status: 401,
    type: "unauthenticated",
    title: "Not signed in",
    detail: "Send Authorization: Bearer <API_TOKEN>.",
    headers: { "WWW-Authenticate": 'Bearer realm="call-ledger"' },
  });
}

/** Compares digests, which have one length and tell nothing: the time it takes does not depend on the texts. */
async function sameText(a: string, b: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return crypto.subtle.timingSafeEqual(await digest(a), await digest(b));
}
