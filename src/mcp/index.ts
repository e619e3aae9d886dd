import { type IRequest, Router } from "itty-router";
import { authenticate, foreignRequest, isSameOrigin, uncached } from "../http/authenticate.ts";
import { failureResponse, methodNotAllowed } from "../http/problem.ts";

/** `POST /mcp`: the Model Context Protocol, for assistants that read. */
export const mcp = Router<IRequest & Request, [Env, ExecutionContext]>({
  before: [refusePages, authenticate],
  catch: failureResponse,
  finally: [uncached],
})
  .post("/mcp", async (request, env, ctx) => {
    // The SDK takes some 30 ms to load, which no webhook that starts a Worker has to wait for.
    const { serve } = await import("./serve.ts");
    return serve(request, env, ctx);
  })
  .all("*", () => methodNotAllowed("POST"));

/** Refuses pages of other sites, as the protocol asks: no browser is to speak for somebody who only looks at a page. */
function refusePages(request: Request): Response | undefined {
  return isSameOrigin(request) ? undefined : foreignRequest();
}
