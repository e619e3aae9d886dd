import { sameText } from "../events/digest.ts";
import { problemResponse } from "./problem.ts";

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
