import ledger, { FetchJob as LedgerFetchJob } from "../../src/index.ts";

export { EraseJob, ExportJob, LetGoJob, RecordingJob, SendAgainJob } from "../../src/index.ts";

/** A pace that a test can wait for, and an instance that has soon done its share. */
export class FetchJob extends LedgerFetchJob {
  protected override readonly pace = { pauseMs: 0, timeoutMs: 700, retryDelaysMs: [5, 5] };
  protected override readonly limits = { requests: 20, parts: 4, restMs: 15 * 60_000 };
}

export default ledger;
