import { type IRequest, Router } from "itty-router";
import { authenticate, refuseForeign, uncached } from "../http/authenticate.ts";
import type { Operation } from "../http/operation.ts";
import { failureResponse, methodNotAllowed, notFound } from "../http/problem.ts";
import { openapi } from "./openapi.ts";
import { operations } from "./operations.ts";

/** Everything below `/api`, for people and their tools. No cache may keep its answers, errors included. */
export const api = Router<IRequest & Request, [Env, ExecutionContext]>({
  base: "/api",
  before: [authenticate, refuseForeign],
  catch: failureResponse,
  finally: [uncached],
});

const routes: readonly Operation[] = [...operations, openapi(operations)];
for (const { method, path, handle } of routes) {
  api[method](routeOf(path), handle);
  // The runtime leaves the body of the answer out.
  if (method === "get") api.head(routeOf(path), handle);
}
for (const path of new Set(routes.map((route) => route.path))) {
  const methods = routes
    .filter((route) => route.path === path)
    .flatMap(({ method }) => (method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()]));
  api.all(routeOf(path), () => methodNotAllowed(methods.join(", ")));
}
api.all("*", () => notFound());

/** `/calls/{call_id}` as itty-router writes it: `/calls/:call_id`. */
function routeOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}
