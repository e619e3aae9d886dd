import { type IRequest, Router } from "itty-router";
import { api } from "./api/index.ts";
import { dashboard } from "./dashboard/index.ts";
import { health } from "./health.ts";
import { methodNotAllowed, notFound } from "./http/problem.ts";
import { ingestContext } from "./ingest/ingest.ts";
import { receiveWebhook } from "./ingest/webhook.ts";
import { startAfterEvent } from "./recordings/start.ts";
import { destinationNames } from "./sync/destinations/index.ts";

/** Every address the Worker answers at. A face is taken out by deleting its folder and its lines here; README.md says what else. */
export const routes = Router<IRequest & Request, [Env, ExecutionContext]>()
  .post("/webhooks/:platform", (request, env, ctx) =>
    receiveWebhook(request, request.params["platform"] ?? "", env, {
      ...ingestContext(env, ctx, destinationNames(env)),
      startRecordings: () => startAfterEvent(env),
    }),
  )
  .all("/webhooks/:platform", () => methodNotAllowed("POST"))
  .get("/healthz", health)
  .head("/healthz", health)
  .all("/healthz", () => methodNotAllowed("GET, HEAD"))
  .all("/api/*", api.fetch)
  .all("*", dashboard.fetch)
  .all("*", () => notFound());
