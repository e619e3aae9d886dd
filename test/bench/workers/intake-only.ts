import { type IRequest, Router } from "itty-router";
import { runCron } from "../../../src/cron.ts";
import { health } from "../../../src/health.ts";
import { receiveWebhook } from "../../../src/ingest/webhook.ts";
import { consume } from "../../../src/queue.ts";

const routes = Router<IRequest & Request, [Env, ExecutionContext]>()
  .post("/webhooks/atoms", receiveWebhook)
  .get("/healthz", health);

/** The ledger without what is for reading it: no API, no pages. */
export default { fetch: routes.fetch, queue: consume, scheduled: runCron } satisfies ExportedHandler<Env>;
