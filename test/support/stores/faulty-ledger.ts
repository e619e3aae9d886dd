import ledger, {
  EraseJob as LedgerEraseJob,
  ExportJob as LedgerExportJob,
  FetchJob as LedgerFetchJob,
  LetGoJob as LedgerLetGoJob,
  SendAgainJob as LedgerSendAgainJob,
} from "../../../src/index.ts";
import { faulty, onFaultyStores } from "./faulty.ts";
import { limitedStores } from "./limited.ts";

export { RecordingJob } from "../../../src/index.ts";

/** An instance shares one set of limits among all its steps. */
export class EraseJob extends LedgerEraseJob {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, limitedStores(env));
  }
}

/** No pause between the tries of a step: a test waits for what comes after them. */
export class ExportJob extends LedgerExportJob {
  protected override readonly stepConfig = { retries: { limit: 1, delay: 10, backoff: "constant" } } as const;

  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, onFaultyStores(env));
  }
}

export class LetGoJob extends LedgerLetGoJob {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, onFaultyStores(env));
  }
}

/** A pace that a test can wait for. */
export class FetchJob extends LedgerFetchJob {
  protected override readonly pace = { pauseMs: 0, timeoutMs: 1_000, retryDelaysMs: [10, 10] };

  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, onFaultyStores(env));
  }
}

/** A pace that a test can wait for. */
export class SendAgainJob extends LedgerSendAgainJob {
  protected override readonly pace = { events: 4, pauseMs: 1_000 };

  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, onFaultyStores(env));
  }
}

export default faulty(ledger);
