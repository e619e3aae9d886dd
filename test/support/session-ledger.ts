import ledger from "../../src/index.ts";

export { EraseJob, ExportJob, FetchJob, LetGoJob, RecordingJob, SendAgainJob } from "../../src/index.ts";

/** The database as a copy of it would be: it can only be read through a session. */
function sessionsOnly(database: D1Database): D1Database {
  return new Proxy(database, {
    get(target, property) {
      if (property === "withSession") return (constraint?: string) => target.withSession(constraint);
      throw new Error(`D1Database.${String(property)} without a session`);
    },
  });
}

/** The Worker, whose GET requests reach D1 through sessions alone. */
export default {
  fetch: (request, env, ctx) =>
    ledger.fetch(request, request.method === "GET" ? { ...env, DB: sessionsOnly(env.DB) } : env, ctx),
  queue: ledger.queue,
  scheduled: ledger.scheduled,
} satisfies ExportedHandler<Env>;
