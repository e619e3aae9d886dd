import ledger from "../../../src/index.ts";
import { counted } from "./counted.ts";

export { EraseJob, ExportJob, FetchJob, LetGoJob, RecordingJob, SendAgainJob } from "../../../src/index.ts";

export default counted(ledger);
