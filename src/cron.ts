import { watch } from "./alerts/watch.ts";
import { startRetention } from "./erasure/start.ts";
import { sweepErasures } from "./erasure/sweep.ts";
import { startExports } from "./export/start.ts";
import { goOnFetching, startRuns } from "./fetching/start.ts";
import { bringBack } from "./ingest/bring-back.ts";
import { ingestContext } from "./ingest/ingest.ts";
import { deleteOldTombstones } from "./ledger/erasure.ts";
import { deleteOldJobs } from "./ledger/jobs.ts";
import { countStaleHours } from "./ledger/totals/stale.ts";
import { startLettingGo } from "./letting-go/start.ts";
import { log, logError } from "./log.ts";
import { STARTED_BY_CRON, startRecordings } from "./recordings/start.ts";
import { goOnSending } from "./sync/again/page.ts";
import { configuredDestinations } from "./sync/destinations/index.ts";
import { sendOverdue } from "./sync/relay.ts";

/** The schedules of `wrangler.toml`. */
const EVERY_MINUTE = "* * * * *";
const EVERY_QUARTER = "*/15 * * * *";
const EVERY_HOUR = "23 * * * *";

/**
 * Runs the work of a schedule. Failures of the work are logged.
 * @throws at a schedule without work, which is a mistake in `wrangler.toml`
 */
export async function runCron(controller: ScheduledController, env: Env, ctx: ExecutionContext): Promise<void> {
  const now = new Date(controller.scheduledTime);
  switch (controller.cron) {
    case EVERY_MINUTE:
      return everyMinute(env, ctx, now);
    case EVERY_QUARTER:
      return run("missed calls", () => startRuns(env, now));
    case EVERY_HOUR:
      return everyHour(env, now);
    default:
      throw new Error(`no work for the schedule ${controller.cron}`);
  }
}

async function everyHour(env: Env, now: Date): Promise<void> {
  await Promise.all([run("retention", () => startRetention(env, now)), run("exports", () => startExports(env, now))]);
}

/** Runs each task on its own: a store that is down or hangs stops only the tasks that need it. */
async function everyMinute(env: Env, ctx: ExecutionContext, now: Date): Promise<void> {
  const context = ingestContext(env, ctx, configuredDestinations(env));
  await Promise.all([
    run("overdue deliveries", () => sendOverdue(env.DB, env.SYNC_QUEUE, now)),
    run("ranges sent again", () => goOnSending({ db: env.DB, queue: env.SYNC_QUEUE }, now)),
    run("fetching", () => goOnFetching(env, now)),
    run("parked bodies", () => bringBack(context)),
    run("erasures", () => sweepErasures({ db: env.DB, bucket: env.ARCHIVE }, now)),
    run("recordings", () => startRecordings(env, now, STARTED_BY_CRON)),
    run("stale hours", () => countStaleHours(env.DB, now)),
    run("letting go", () => startLettingGo(env, now)),
    run("alerts", () => watch(env, now)),
    run("old rows", async () => {
      await deleteOldTombstones(env.DB, now);
      await deleteOldJobs(env.DB, now);
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
