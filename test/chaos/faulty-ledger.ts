import ledger from "../../src/index.ts";
import { faulty } from "./faulty.ts";

export { EraseJob } from "../../src/index.ts";

export default faulty(ledger);
