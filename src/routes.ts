import { type IRequest, Router } from "itty-router";
import { api } from "./api/index.ts";
import { dashboard } from "./dashboard/index.ts";
import { health } from "./health.ts";
import { methodNotAllowed, notFound } from "./http/problem.ts";
import { receiveWebhook } from "./ingest/webhook.ts";

/** Every address the Worker answers at. A room is taken out by deleting its folder and its lines here. */
export const routes = Router<IRequest & Request, [Env, ExecutionContext]>()
  .post("/webhooks/atoms", receiveWebhook)
  .all("/webhooks/atoms", () => methodNotAllowed("POST"))
  .get("/healthz", health)
  .head("/healthz", health)
  .all("/healthz", () => methodNotAllowed("GET, HEAD"))
  .all("/api/*", api.fetch)
  .all("*", dashboard.fetch)
  .all("*", notFound);
