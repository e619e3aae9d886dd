import ledger, { RecordingJob as LedgerRecordingJob } from "../../src/index.ts";

export { EraseJob, ExportJob, FetchJob, LetGoJob, SendAgainJob } from "../../src/index.ts";

/** Bounds that a test can meet. */
export class RecordingJob extends LedgerRecordingJob {
  protected override readonly limits = { stallMs: 1_000, totalMs: 3_000, maxBytes: 12_000_000 };
}

export default ledger;
