import { type IRequest, Router } from "itty-router";
import { runCron } from "../../../src/cron.ts";
import { health } from "../../../src/health.ts";
import { ingestContext } from "../../../src/ingest/ingest.ts";
import { receiveWebhook } from "../../../src/ingest/webhook.ts";
import { consumeQueue } from "../../../src/queue.ts";
import { configuredDestinations } from "../../../src/sync/destinations/index.ts";

export { EraseJob } from "../../../src/erasure/job.ts";
export { ExportJob } from "../../../src/export/job.ts";
export { FetchJob } from "../../../src/fetching/job.ts";
export { LetGoJob } from "../../../src/letting-go/job.ts";
export { RecordingJob } from "../../../src/recordings/job.ts";
export { SendAgainJob } from "../../../src/sync/again/job.ts";

const routes = Router<IRequest & Request, [Env, ExecutionContext]>()
  .post("/webhooks/:platform", (request, env, ctx) =>
    receiveWebhook(
      request,
      request.params["platform"] ?? "",
      env,
      ingestContext(env, ctx, configuredDestinations(env)),
    ),
  )
  .get("/healthz", health);

/** The ledger without what is for reading it: no API, no pages. */
export default { fetch: routes.fetch, queue: consumeQueue, scheduled: runCron } satisfies ExportedHandler<Env>;
