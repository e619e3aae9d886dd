import { platformSecrets, platforms } from "../../platforms/index.ts";
import { timeZoneOf, type Viewer } from "../ui/viewer.ts";
import { csrfTokenFor } from "./csrf.ts";
import { readSession } from "./session.ts";

/** The viewer of a request that Cloudflare Access has let through, or that carries a session; `undefined`: nobody. */
export async function viewerOf(request: Request, env: Env, ctx: ExecutionContext): Promise<Viewer | undefined> {
  const now = new Date();
  const bearer = await bearerOf(request, env, ctx, now);
  if (bearer === undefined) return undefined;
  return {
    timeZone: timeZoneOf(request),
    csrfToken: await csrfTokenFor(bearer, csrfSecret(env)),
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

/**
 * The secret behind the CSRF tokens: the API token, else the webhook secrets, since a ledger behind Cloudflare Access may do
 * without a token of its own. Empty when none is set: no form is accepted then.
 */
function csrfSecret(env: Env): string {
  if (env.API_TOKEN) return env.API_TOKEN;
  return platforms.flatMap((platform) => platformSecrets(platform, env)).join(" ");
}
