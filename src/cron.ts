import { startDueJobs } from "./erasure/start.ts";
import { ingestContext } from "./ingest/ingest.ts";
import { RunLimits, recover } from "./ingest/recover.ts";
import { deleteOldTombstones } from "./ledger/erasure.ts";
import { deleteOldJobs } from "./ledger/jobs.ts";
import { fillReserve } from "./ledger/reserve.ts";
import { countStaleHours } from "./ledger/stale-hours.ts";
import { log, logError } from "./log.ts";
import { listableParkings } from "./parking/index.ts";
import { destinationNames } from "./sync/destinations/index.ts";
import { sendOverdue } from "./sync/relay.ts";

/** As in `wrangler.toml`. */
const EVERY_MINUTE = "* * * * *";

/** The Worker's cron door. A schedule without work is a mistake, and is not passed over in silence. */
export async function runCron(controller: ScheduledController, env: Env, ctx: ExecutionContext): Promise<void> {
  switch (controller.cron) {
    case EVERY_MINUTE:
      return everyMinute(env, ctx, new Date(controller.scheduledTime));
    default:
      throw new Error(`no work for the schedule ${controller.cron}`);
  }
}

/** Recovers, relays and tidies up. Each on its own: a store that is down or hangs stops only the work that needs it. */
async function everyMinute(env: Env, ctx: ExecutionContext, now: Date): Promise<void> {
  const context = ingestContext(env, ctx, destinationNames(env));
  const limits = new RunLimits();
  await Promise.all([
    run("overdue deliveries", () => sendOverdue(env.DB, env.SYNC_QUEUE, now)),
    ...listableParkings(context).map((parking) =>
      run(`parked in ${parking.store}`, () => recover(parking, context, now, limits)),
    ),
    run("erasure jobs", () => startDueJobs(env.DB, env.ERASURE, now)),
    run("stale hours", () => countStaleHours(env.DB, now)),
    run("old rows", async () => {
      await deleteOldTombstones(env.DB, now);
      await deleteOldJobs(env.DB, now);
      await fillReserve(env.DB);
      return {};
    }),
  ]);
}

async function run(work: string, perform: () => Promise<object>): Promise<void> {
  try {
    log({ message: "cron", work, ...(await perform()) });
  } catch (error) {
    logError({ message: "cron failed", work }, error);
  }
}
