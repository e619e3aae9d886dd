import limited from "../../../support/stores/faulty-ledger.ts";
import { wrapStores } from "../../../support/stores/wrapped-stores.ts";

export {
  EraseJob,
  ExportJob,
  FetchJob,
  LetGoJob,
  RecordingJob,
  SendAgainJob,
} from "../../../support/stores/faulty-ledger.ts";

const DISTANCE_MILLISECONDS = 1;

/**
 * The ledger within the limits that Cloudflare gives an invocation, its cron at a small distance from its stores: the local stores
 * are in the Worker's own thread, and where one operation follows the other without any wait, requests wait for seconds.
 */
export default {
  ...limited,
  scheduled: (controller, env, ctx) =>
    limited.scheduled?.(
      controller,
      wrapStores(env, async (_store, _operation, perform) => {
        await scheduler.wait(DISTANCE_MILLISECONDS);
        return perform();
      }),
      ctx,
    ),
} satisfies ExportedHandler<Env>;
