import { recover } from "./ingest/recover.ts";
import { log, logError, reasonOf } from "./log.ts";
import { shelves } from "./parking/index.ts";
import { sendOverdue } from "./sync/relay.ts";

/** As in `wrangler.toml`. */
const EVERY_MINUTE = "* * * * *";

/** The Worker's cron door. A schedule that nobody wrote a job for is a mistake, and is not passed over in silence. */
export async function runCron(controller: ScheduledController, env: Env, ctx: ExecutionContext): Promise<void> {
  switch (controller.cron) {
    case EVERY_MINUTE:
      return relay(env, ctx, new Date(controller.scheduledTime));
    default:
      throw new Error(`no job for the schedule ${controller.cron}`);
  }
}

/** Brings back what had to wait. Each job on its own: a store that is down or hangs stops only what needs it. */
async function relay(env: Env, ctx: ExecutionContext, now: Date): Promise<void> {
  await Promise.all([
    run("overdue deliveries", () => sendOverdue(env.DB, env.SYNC_QUEUE, now)),
    ...shelves(env).map((shelf) => run(`parked in ${shelf.store}`, () => recover(shelf, env, ctx, now))),
  ]);
}

async function run(job: string, work: () => Promise<object>): Promise<void> {
  try {
    log({ message: "relay", job, ...(await work()) });
  } catch (error) {
    logError({ message: "relay failed", job, error: reasonOf(error) });
  }
}
