import { type IRequest, Router } from "itty-router";
import { failureResponse, methodNotAllowed, notFound } from "../http/problem.ts";
import { viewerOf } from "./auth/authenticate.ts";
import { isOurs } from "./auth/csrf.ts";
import { signInPath } from "./auth/paths.ts";
import { showSignIn, signIn, signOut } from "./auth/sign-in.tsx";
import { eraseCall, showCall } from "./pages/call/page.tsx";
import { playRecording } from "./pages/call/recording.tsx";
import { askToErase, eraseCaller } from "./pages/caller/erase.tsx";
import { showCaller } from "./pages/caller/page.tsx";
import { downloadCalls, showCalls } from "./pages/calls/page.tsx";
import { showDeliveries } from "./pages/deliveries/page.tsx";
import { sendRange, showRange } from "./pages/deliveries/range.tsx";
import { retryDeliveries } from "./pages/deliveries/retry.tsx";
import { showSending, stopSending } from "./pages/deliveries/sending.tsx";
import { showErasure } from "./pages/erasure.tsx";
import { showLive } from "./pages/overview/live.tsx";
import { showOverview } from "./pages/overview/page.tsx";
import { showQuarantinedBody } from "./pages/quarantine/body.tsx";
import { discardQuarantined } from "./pages/quarantine/discard.tsx";
import { replayQuarantined, showQuarantine } from "./pages/quarantine/page.tsx";
import { seeOther } from "./ui/html.ts";
import { pageOfAction } from "./ui/paths.ts";
import { foreignForm, presentable, readsPages } from "./ui/problem-page.tsx";
import type { PageHandler } from "./ui/viewer.ts";
import { readWaiting } from "./waiting.ts";

type Handler = (request: IRequest & Request, env: Env, ctx: ExecutionContext) => Promise<Response>;

interface Address {
  methods: readonly ("GET" | "HEAD" | "POST")[];
  path: string;
  handle: Handler;
}

/** Of a file, or a part of a page. */
const withoutNavigation = { hasNavigation: false };

/** Every address of the dashboard besides its assets, which reach no Worker. An action lies below the page that its form is on. */
const addresses: readonly Address[] = [
  { methods: ["GET", "HEAD"], path: "/sign-in", handle: showSignIn },
  { methods: ["POST"], path: "/sign-in", handle: signIn },
  action("/sign-out", signOut),
  page("/", showOverview),
  page("/live", showLive, withoutNavigation),
  page("/calls", showCalls),
  page("/calls.csv", downloadCalls, withoutNavigation),
  page("/calls/:call_id", showCall),
  page("/calls/:call_id/recording", playRecording, withoutNavigation),
  action("/calls/:call_id/erase", eraseCall),
  page("/callers", showCaller),
  page("/callers/erase", askToErase),
  action("/callers/erase/start", eraseCaller),
  page("/erasures/:job", showErasure),
  page("/deliveries", showDeliveries),
  action("/deliveries/retry", retryDeliveries),
  page("/deliveries/range", showRange),
  action("/deliveries/range/send", sendRange),
  page("/deliveries/jobs/:job", showSending),
  action("/deliveries/jobs/:job/stop", stopSending),
  page("/quarantine", showQuarantine),
  page("/quarantine/body", showQuarantinedBody),
  action("/quarantine/replay", replayQuarantined),
  action("/quarantine/discard", discardQuarantined),
];

/** Every address that no other door of the Worker answers. */
export const dashboard = Router<IRequest & Request, [Env, ExecutionContext]>({
  catch: failureResponse,
  finally: [presentable],
});

for (const { methods, path, handle } of addresses) {
  for (const method of methods) dashboard[method](path, handle);
}
for (const path of new Set(addresses.map((address) => address.path))) {
  const allowed = addresses.filter((address) => address.path === path).flatMap(({ methods }) => methods);
  dashboard.all(path, () => methodNotAllowed(allowed.join(", ")));
}
dashboard.all("*", unknownAddress);

/** Shows a page to a viewer who is signed in, with the counts of its navigation if it has one; leads anyone else there by the sign-in. */
function page(path: string, show: PageHandler, { hasNavigation } = { hasNavigation: true }): Address {
  return {
    methods: ["GET", "HEAD"],
    path,
    async handle(request, env, ctx) {
      const viewer = await viewerOf(request, env, ctx);
      if (viewer === undefined) return toSignIn(request);
      const counts = hasNavigation && { waiting: readWaiting(env, viewer.now) };
      return show(request, { ...viewer, ...counts }, env, ctx);
    },
  };
}

/** Performs the action of a form. Leads a viewer whose session has ended to the sign-in and back to the form, nothing done. */
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

/** Leads visitors to the sign-in, so that only viewers learn which addresses there are; a program gets a plain 404. */
async function unknownAddress(request: IRequest & Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const reads = request.method === "GET" || request.method === "HEAD";
  const visits = reads && readsPages(request);
  return visits && (await viewerOf(request, env, ctx)) === undefined ? toSignIn(request) : notFound();
}

function toSignIn(request: Request): Response {
  const { pathname, search } = new URL(request.url);
  return seeOther(signInPath(pathname + search));
}
