import type { PlannedDelivery } from "../../src/ledger/deliveries.ts";
import { routes } from "../../src/routes.ts";
import { deliverBatch } from "../../src/sync/consumer.ts";
import { failDeadLetters } from "../../src/sync/dead-letters.ts";
import { configuredDestinations } from "../../src/sync/destinations/index.ts";

export { EraseJob } from "../../src/erasure/job.ts";
export { ExportJob } from "../../src/export/job.ts";
export { FetchJob } from "../../src/fetching/job.ts";
export { LetGoJob } from "../../src/letting-go/job.ts";
export { RecordingJob } from "../../src/recordings/job.ts";
export { SendAgainJob } from "../../src/sync/again/job.ts";

/** Turns down calls by what the whole call says, though the event itself does not say it. */
const wants = ({ call }: PlannedDelivery) => call.disposition !== "unwanted";

/** The ledger with destinations that do not want every call. */
export default {
  fetch: (request, env, ctx) => routes.fetch(request, env, ctx),
  queue(batch, env) {
    if (batch.queue.endsWith("-dead-letters")) return failDeadLetters(batch.messages, env.DB);
    const destinations = configuredDestinations(env).map((destination) => ({ ...destination, wants }));
    return deliverBatch(batch.messages, env.DB, destinations);
  },
} satisfies ExportedHandler<Env>;
