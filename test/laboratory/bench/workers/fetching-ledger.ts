import ledger, { FetchJob as LedgerFetchJob } from "../../../../src/index.ts";
import { counter } from "../../../support/stores/counted.ts";
import { COUNTS_PATH } from "../../../support/stores/counts.ts";
import { wrapStores } from "../../../support/stores/wrapped-stores.ts";

export { EraseJob, ExportJob, LetGoJob, RecordingJob, SendAgainJob } from "../../../../src/index.ts";

const { count, take } = counter();

/** Counted, and without the pauses between requests, which are most of the time of a run. */
export class FetchJob extends LedgerFetchJob {
  protected override readonly pace = { pauseMs: 0, timeoutMs: 25_000, retryDelaysMs: [] };

  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, wrapStores(env, count));
  }
}

export default {
  fetch(request, env, ctx) {
    return new URL(request.url).pathname === COUNTS_PATH ? Response.json(take()) : ledger.fetch(request, env, ctx);
  },
  queue: ledger.queue,
  scheduled: ledger.scheduled,
} satisfies ExportedHandler<Env>;
