import * as z from "zod";
import { problemResponse } from "../../http/problem.ts";
import { viewerOf } from "../auth/authenticate.ts";
import { html, securityHeaders } from "./html.ts";
import { LonePage, Page } from "./layout.tsx";
import { ButtonLink } from "./parts.tsx";
import { pageOfAction } from "./paths.ts";
import type { Viewer } from "./viewer.ts";

const problemBody = z.object({ title: z.string(), detail: z.string() });

/** Makes a page of a problem when a browser asks, and adds the security headers that an answer lacks. */
export async function presentable(
  answer: Response,
  request: Request,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const isPage = isProblem(answer) && readsPages(request);
  // Whose page it is may be the very thing that failed: the problem is then shown to nobody in particular.
  const viewer = isPage ? await viewerOf(request, env, ctx).catch(() => undefined) : undefined;
  const response = isPage ? await problemPage(answer, request, viewer) : answer;
  for (const [name, value] of Object.entries(securityHeaders)) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  return response;
}

/** Returns whether a request comes from a browser, which accepts HTML. A program gets problem details, as from the API. */
export function readsPages(request: Request): boolean {
  return request.headers.get("Accept")?.includes("text/html") ?? false;
}

/** Refuses a form that did not come from one of our pages, or from one that is too old. */
export function foreignForm(): Response {
  return problemResponse({
    status: 403,
    type: "foreign-form",
    title: "This form is too old",
    detail: "Nothing was done. Go back, reload the page and send it again.",
  });
}

function isProblem(response: Response): boolean {
  return response.headers.get("Content-Type") === "application/problem+json";
}

async function problemPage(problem: Response, request: Request, viewer: Viewer | undefined): Promise<Response> {
  const { status, headers } = problem;
  const { title, detail } = problemBody.parse(await problem.json());
  const init = { status, headers: Object.fromEntries(headers) };
  const explained = (
    <>
      <p>{detail}</p>
      <p class="actions">
        <WayOn status={status} request={request} />
        <ButtonLink path="/">Overview</ButtonLink>
      </p>
    </>
  );
  if (viewer !== undefined) {
    return html(
      <Page title={title} viewer={viewer} section={undefined} lead={status}>
        <div class="sheet stack">{explained}</div>
      </Page>,
      init,
    );
  }
  return html(
    <LonePage title={title}>
      <p class="soft small">{status}</p>
      <h1>{title}</h1>
      {explained}
    </LonePage>,
    init,
  );
}

/** Shows a link to try again, unless that would end the same. */
function WayOn({ status, request }: { status: number; request: Request }) {
  const { pathname, search } = new URL(request.url);
  const isForm = request.method === "POST" || status === 405;
  if (status === 404 || (status < 500 && !isForm)) return null;
  return (
    <ButtonLink main path={isForm ? pageOfAction(pathname) : pathname + search}>
      {isForm ? "Back to the page" : "Try again"}
    </ButtonLink>
  );
}
