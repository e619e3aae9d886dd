import { runCron } from "./cron.ts";
import { failureResponse } from "./http/problem.ts";
import { consumeQueue } from "./queue.ts";
import { routes } from "./routes.ts";

export { EraseJob } from "./erasure/job.ts";
export { ExportJob } from "./export/job.ts";
export { FetchJob } from "./fetching/job.ts";
export { LetGoJob } from "./letting-go/job.ts";
export { RecordingJob } from "./recordings/job.ts";
export { SendAgainJob } from "./sync/again/job.ts";

export default {
  async fetch(request, env, ctx): Promise<Response> {
    try {
      return await routes.fetch(request, env, ctx);
    } catch (error) {
      return failureResponse(error, request);
    }
  },
  queue: consumeQueue,
  scheduled: runCron,
} satisfies ExportedHandler<Env>;
