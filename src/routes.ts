import { type IRequest, Router } from "itty-router";
import { api } from "./api/index.ts";
import { dashboard } from "./dashboard/index.ts";
import { health } from "./health.ts";
import { methodNotAllowed, notFound } from "./http/problem.ts";
import { ingestContext } from "./ingest/ingest.ts";
import { receiveWebhook } from "./ingest/webhook.ts";
import { mcp } from "./mcp/index.ts";
import { customSchema } from "./platforms/custom/json-schema.ts";
import { startAfterEvent } from "./recordings/start.ts";
import { configuredDestinations } from "./sync/destinations/index.ts";

/** Every address of the Worker. To take a face out, delete its folder and its lines here; README.md names the rest. */
export const routes = Router<IRequest & Request, [Env, ExecutionContext]>()
  .post("/webhooks/:platform", (request, env, ctx) =>
    receiveWebhook(request, request.params["platform"] ?? "", env, {
      ...ingestContext(env, ctx, configuredDestinations(env)),
      startRecordings: () => startAfterEvent(env),
    }),
  )
  .all("/webhooks/:platform", () => methodNotAllowed("POST"))
  .get("/webhooks/custom/schema.json", customSchema)
  .head("/webhooks/custom/schema.json", customSchema)
  .all("/webhooks/custom/schema.json", () => methodNotAllowed("GET, HEAD"))
  .get("/healthz", health)
  .head("/healthz", health)
  .all("/healthz", () => methodNotAllowed("GET, HEAD"))
  .all("/api/*", api.fetch)
  .all("/mcp", mcp.fetch)
  .all("*", dashboard.fetch)
  .all("*", () => notFound());
