import ledger, { EraseJob as Job } from "../../../src/index.ts";
import { remoteDatabase } from "../../support/stores/remote-database.ts";

export { ExportJob, FetchJob, LetGoJob, RecordingJob, SendAgainJob } from "../../../src/index.ts";

interface LimitedEnv extends Env {
  /** The SQLite of `support/limited-sqlite.ts`. */
  SQLITE: Fetcher;
}

/** The environment with a D1 that can be full: the local one cannot. */
function onSqlite(env: LimitedEnv): Env {
  return { ...env, DB: remoteDatabase(env.DB, env.SQLITE) };
}

export class EraseJob extends Job {
  constructor(ctx: ExecutionContext, env: LimitedEnv) {
    super(ctx, onSqlite(env));
  }
}

export default {
  fetch: (request, env, ctx) => ledger.fetch(request, onSqlite(env), ctx),
  queue: (batch, env, ctx) => ledger.queue(batch, onSqlite(env), ctx),
  scheduled: (controller, env, ctx) => ledger.scheduled(controller, onSqlite(env), ctx),
} satisfies ExportedHandler<LimitedEnv>;
