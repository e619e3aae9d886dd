import ledger, { EraseJob as LedgerEraseJob } from "../../../src/index.ts";
import { faulty } from "./faulty.ts";
import { limitedStores } from "./limited.ts";

export { RecordingJob } from "../../../src/index.ts";

/** An instance shares one set of limits among all its steps. */
export class EraseJob extends LedgerEraseJob {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, limitedStores(env));
  }
}

export default faulty(ledger);
