import { wrapStores } from "../../../support/stores/wrapped-stores.ts";
import { SLOWNESS_MILLISECONDS } from "../slowness.ts";

type Fetching = Required<Pick<ExportedHandler<Env>, "fetch">> & ExportedHandler<Env>;

/** The same Worker on stores that are as slow as a bad day. Its queue consumer is left alone. */
export function onSlowStores(worker: Fetching): ExportedHandler<Env> {
  return {
    ...worker,
    fetch: (request, env, ctx) =>
      worker.fetch(
        request,
        wrapStores(env, async (store, _operation, perform) => {
          await scheduler.wait(SLOWNESS_MILLISECONDS[store]);
          return perform();
        }),
        ctx,
      ),
  };
}
