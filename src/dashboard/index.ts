import { type IRequest, Router } from "itty-router";
import { methodNotAllowed, notFound } from "../http/problem.ts";
import { viewerOf } from "./admission/admission.ts";
import { isOurs } from "./admission/csrf.ts";
import { pageOfAction, signInPath } from "./admission/paths.ts";
import { showSignIn, signIn, signOut } from "./admission/sign-in.tsx";
import { assets } from "./assets.ts";
import { showCall } from "./call.tsx";
import { downloadCalls, showCalls } from "./calls.tsx";
import { deliveries, retryDeliveries } from "./deliveries.tsx";
import { eraseCall } from "./erase.tsx";
import { seeOther } from "./html.ts";
import { showOverview } from "./overview.tsx";
import type { PageHandler } from "./page.ts";
import { failed, foreignForm, presentable, readsPages } from "./problem-page.tsx";
import { quarantinedBody } from "./quarantine/body.tsx";
import { replayQuarantined } from "./quarantine/replay.ts";
import { quarantine } from "./quarantine.tsx";

type Handler = (request: IRequest & Request, env: Env, ctx: ExecutionContext) => Promise<Response>;

interface Address {
  methods: readonly ("GET" | "HEAD" | "POST")[];
  path: string;
  handle: Handler;
}

/** Every address of the dashboard besides the assets. An action lies below the page that its form is on. */
const addresses: readonly Address[] = [
  { methods: ["GET", "HEAD"], path: "/sign-in", handle: showSignIn },
  { methods: ["POST"], path: "/sign-in", handle: signIn },
  action("/sign-out", signOut),
  page("/", showOverview),
  page("/calls", showCalls),
  page("/calls.csv", downloadCalls),
  page("/calls/:call_id", showCall),
  action("/calls/:call_id/erase", eraseCall),
  page("/deliveries", deliveries),
  action("/deliveries/retry", retryDeliveries),
  page("/quarantine", quarantine),
  page("/quarantine/body", quarantinedBody),
  action("/quarantine/replay", replayQuarantined),
];

/** Everything that is not another room's. */
export const dashboard = Router<IRequest & Request, [Env, ExecutionContext]>({
  catch: failed,
  finally: [presentable],
});

const open = assets.map(({ path, serve }): Address => ({ methods: ["GET", "HEAD"], path, handle: serve }));
const all = [...open, ...addresses];
for (const { methods, path, handle } of all) {
  for (const method of methods) dashboard[method](path, handle);
}
for (const path of new Set(all.map((address) => address.path))) {
  const allowed = all.filter((address) => address.path === path).flatMap(({ methods }) => methods);
  dashboard.all(path, () => methodNotAllowed(allowed.join(", ")));
}
dashboard.all("*", nothingHere);

/** A page for who is signed in; anyone else is led there by the sign-in. */
function page(path: string, show: PageHandler): Address {
  return {
    methods: ["GET", "HEAD"],
    path,
    async handle(request, env, ctx) {
      const viewer = await viewerOf(request, env, ctx);
      return viewer === undefined ? toSignIn(request) : show(request, viewer, env, ctx);
    },
  };
}

/** What a form does. A viewer whose session has ended in the meantime finds the page of the form again, nothing done. */
function action(path: string, perform: PageHandler): Address {
  return {
    methods: ["POST"],
    path,
    async handle(request, env, ctx) {
      const viewer = await viewerOf(request, env, ctx);
      if (viewer === undefined) return seeOther(signInPath(pageOfAction(new URL(request.url).pathname)));
      return (await isOurs(request, viewer)) ? perform(request, viewer, env, ctx) : foreignForm();
    },
  };
}

/** Only who is signed in learns which addresses there are; a program is told as by every other door. */
async function nothingHere(request: IRequest & Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const reads = request.method === "GET" || request.method === "HEAD";
  const visits = reads && readsPages(request);
  return visits && (await viewerOf(request, env, ctx)) === undefined ? toSignIn(request) : notFound();
}

function toSignIn(request: Request): Response {
  const { pathname, search } = new URL(request.url);
  return seeOther(signInPath(pathname + search));
}
