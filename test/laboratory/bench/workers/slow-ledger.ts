import ledger from "../../../../src/index.ts";
import { onSlowStores } from "./slow-stores.ts";

export { EraseJob, ExportJob, FetchJob, LetGoJob, RecordingJob, SendAgainJob } from "../../../../src/index.ts";

export default onSlowStores(ledger);
