import type { IRequest } from "itty-router";
import type { Viewer } from "./viewer.ts";

/**
 * What answers an address of the dashboard, for somebody who is signed in. An action is only called once its CSRF token has
 * been checked; its form is the body of the request. Whatever is thrown becomes a designed page.
 */
export type PageHandler = (
  request: IRequest & Request,
  viewer: Viewer,
  env: Env,
  ctx: ExecutionContext,
) => Promise<Response>;
