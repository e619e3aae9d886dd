import { timeZoneOf, type Viewer } from "../viewer.ts";
import { csrfTokenFor } from "./csrf.ts";
import { readSession } from "./session.ts";

/** Who may see the pages: whom Cloudflare Access has let through, or who has signed in with the token. */
export async function viewerOf(request: Request, env: Env, ctx: ExecutionContext): Promise<Viewer | undefined> {
  const now = new Date();
  const bearer = await bearerOf(request, env, ctx, now);
  if (bearer === undefined) return undefined;
  return {
    timeZone: timeZoneOf(request),
    // With Access the ledger may do without a token of its own, but it takes no event without the other.
    csrfToken: await csrfTokenFor(bearer, env.API_TOKEN || env.WEBHOOK_SECRETS || ""),
    canSignOut: ctx.access === undefined,
    now,
  };
}

/** Fails closed: without a token that is set, no session is one. */
async function bearerOf(request: Request, env: Env, { access }: ExecutionContext, now: Date) {
  if (access !== undefined) {
    const identity = await access.getIdentity();
    return `access ${access.aud} ${identity?.user_uuid ?? identity?.email ?? ""}`;
  }
  const session = env.API_TOKEN ? await readSession(request, env.API_TOKEN, now) : undefined;
  return session && `session ${session}`;
}
