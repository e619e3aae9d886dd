import type { Child } from "hono/jsx";
import type { IRequest } from "itty-router";
import { mayAttempt } from "../../http/attempts.ts";
import { isSameOrigin, sameText, tooManyAttempts } from "../../http/authenticate.ts";
import { readBody } from "../../http/body.ts";
import { log } from "../../log.ts";
import { BRAND } from "../../settings.ts";
import { Field } from "../ui/forms.tsx";
import { html, seeOther } from "../ui/html.ts";
import { Brand, LonePage } from "../ui/layout.tsx";
import { ActionNotice, Notice, withNotice } from "../ui/notices.tsx";
import { foreignForm } from "../ui/problem-page.tsx";
import type { PageHandler } from "../ui/viewer.ts";
import { viewerOf } from "./authenticate.ts";
import { pathOnHost } from "./paths.ts";
import { endSession, startSession } from "./session.ts";

/** Bytes of a sign-in form: a token and a path, far below. */
const MAX_FORM_BYTES = 16_384;

/** `GET /sign-in`: shows the form, or leads a viewer who needs none on to the page they wanted. */
export async function showSignIn(request: IRequest & Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const to = pathOnHost(searchParams.get("to"), request.url);
  if ((await viewerOf(request, env, ctx)) !== undefined) return seeOther(to);
  return notReady(env) ?? signInPage(to, 200, <ActionNotice query={searchParams} />);
}

/** `POST /sign-in`: starts a session for whoever knows the token. */
export async function signIn(request: IRequest & Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  if (ctx.access !== undefined) return seeOther("/");
  if (!isSameOrigin(request)) return foreignForm();
  const refusal = notReady(env);
  if (refusal !== undefined) return refusal;
  // Before the token is looked at: a limit on wrong ones alone would show a guesser which one is right.
  if (!(await mayAttempt(env.SIGN_IN_ATTEMPTS, request))) {
    log({ message: "too many attempts to sign in" });
    return tooManyAttempts();
  }

  const body = await readBody(request, MAX_FORM_BYTES);
  const form = new URLSearchParams(typeof body === "string" ? "" : new TextDecoder().decode(body));
  const to = pathOnHost(form.get("to"), request.url);
  if (!(await sameText(form.get("token") ?? "", env.API_TOKEN))) {
    log({ message: "a sign-in was refused" });
    return signInPage(to, 401, <Wrong />);
  }
  const response = seeOther(to);
  response.headers.set("Set-Cookie", await startSession(request, env.API_TOKEN, new Date()));
  return response;
}

/** `POST /sign-out`: ends the session in this browser. */
export const signOut: PageHandler = async (request) => {
  const response = seeOther(withNotice("/sign-in", "signed-out"));
  response.headers.set("Set-Cookie", endSession(request));
  return response;
};

function signInPage(to: string, status: 200 | 401, notice: Child): Promise<Response> {
  const wrong = status === 401;
  return html(
    <LonePage title="Sign in">
      <Brand />
      <h1>Sign in</h1>
      {notice}
      <form method="post" action="/sign-in">
        <input type="hidden" name="to" value={to} />
        {/* For password managers, which keep a password under a name. */}
        <input type="text" autocomplete="username" value={BRAND} readonly hidden />
        <Field id="token" label="API token">
          <input
            id="token"
            name="token"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            aria-describedby={wrong ? "wrong where" : "where"}
            aria-invalid={wrong ? "true" : undefined}
          />
        </Field>
        <p id="where" class="soft small">
          What this Worker's secret <code>API_TOKEN</code> is set to. You stay signed in for 12 hours.
        </p>
        <button type="submit" class="main">
          Sign in
        </button>
      </form>
    </LonePage>,
    { status },
  );
}

function Wrong() {
  return (
    <Notice tone="bad" id="wrong">
      That is not the token. Check that all of it was copied.
    </Notice>
  );
}

/** Names the settings that this Worker lacks to sign anybody in; `undefined` if it lacks none. */
function notReady(env: Env): Promise<Response> | undefined {
  const limit: RateLimit | undefined = env.SIGN_IN_ATTEMPTS;
  if (env.API_TOKEN && limit !== undefined) return undefined;
  return html(
    <LonePage title="Sign in">
      <Brand />
      <h1>Nobody can sign in yet</h1>
      {env.API_TOKEN ? (
        <p>
          Without <code>SIGN_IN_ATTEMPTS</code>, which <code>[[ratelimits]]</code> in <code>wrangler.toml</code> binds,
          a token could be guessed. Put it back and deploy again.
        </p>
      ) : (
        <>
          <p>
            The secret <code>API_TOKEN</code> of this Worker is not set. Choose a long random text and set it:
          </p>
          <pre>npx wrangler secret put API_TOKEN</pre>
          <p class="soft small">
            On your own machine, <code>npm run dev</code> writes one into <code>.dev.vars</code>.
          </p>
        </>
      )}
    </LonePage>,
    { status: 503 },
  );
}
