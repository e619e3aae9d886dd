import ledger from "../../../src/index.ts";
import { counted } from "./counted.ts";

export default counted(ledger);
