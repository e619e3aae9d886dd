import * as z from "zod";
import { internalError, problemResponse } from "../http/problem.ts";
import { logError, reasonOf } from "../log.ts";
import { StoreTimeout } from "../stores/deadline.ts";
import { pageOfAction } from "./admission/paths.ts";
import { html, securityHeaders } from "./html.ts";
import { LonePage } from "./layout.tsx";

const told = z.object({ title: z.string(), detail: z.string() });

/** Makes a page of a problem for who reads pages, and sees to it that no answer leaves without the security headers. */
export async function presentable(answer: Response, request: Request): Promise<Response> {
  const response = isProblem(answer) && readsPages(request) ? await problemPage(answer, request) : answer;
  for (const [name, value] of Object.entries(securityHeaders)) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  return response;
}

/** A browser says so; what says nothing of the kind is a program, and gets problem details as from the API. */
export function readsPages(request: Request): boolean {
  return request.headers.get("Accept")?.includes("text/html") ?? false;
}

/** What is answered instead of whatever was thrown. */
export function failed(error: unknown, request: { method: string; route?: string }): Response {
  logError({ message: "a page failed", method: request.method, route: request.route, error: reasonOf(error) });
  // A store throws plain errors; what is wrong with the code, the language throws as TypeErrors and the like.
  const store = error instanceof StoreTimeout || (error instanceof Error && error.name === "Error");
  if (!store) return internalError();
  return problemResponse({
    status: 503,
    type: "store-unavailable",
    title: "The ledger does not answer",
    detail: "One of its stores failed or took too long. Calls go on being kept: try again in a moment.",
    headers: { "Retry-After": "10" },
  });
}

/** The refusal of a form that did not come from one of our pages, or from one that is too old. */
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

async function problemPage(problem: Response, request: Request): Promise<Response> {
  const { status, headers } = problem;
  const { title, detail } = told.parse(await problem.json());
  return html(
    <LonePage title={title}>
      <p class="soft small">{status}</p>
      <h1>{title}</h1>
      <p>{detail}</p>
      <p class="actions">
        <WayOn status={status} request={request} />
        <a class="button" href="/">
          Overview
        </a>
      </p>
    </LonePage>,
    { status, headers: Object.fromEntries(headers) },
  );
}

/** To where the same can be tried once more; nowhere when that would end the same. */
function WayOn({ status, request }: { status: number; request: Request }) {
  const { pathname, search } = new URL(request.url);
  const isForm = request.method === "POST" || status === 405;
  if (status === 404 || (status < 500 && !isForm)) return null;
  return (
    <a class="button main" href={isForm ? pageOfAction(pathname) : pathname + search}>
      {isForm ? "Back to the page" : "Try again"}
    </a>
  );
}
