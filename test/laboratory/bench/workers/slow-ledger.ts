import ledger from "../../../../src/index.ts";
import { onSlowStores } from "./slow-stores.ts";

export { EraseJob, RecordingJob } from "../../../../src/index.ts";

export default onSlowStores(ledger);
