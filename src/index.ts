import { runCron } from "./cron.ts";
import { internalError } from "./http/problem.ts";
import { logError, reasonOf } from "./log.ts";
import { consume } from "./queue.ts";
import { routes } from "./routes.ts";

export default {
  async fetch(request, env, ctx): Promise<Response> {
    try {
      return await routes.fetch(request, env, ctx);
    } catch (error) {
      logError({ message: "unexpected", method: request.method, error: reasonOf(error) });
      return internalError();
    }
  },
  queue: consume,
  scheduled: runCron,
} satisfies ExportedHandler<Env>;
