import ledger from "../../../src/index.ts";
import { onSlowStores } from "./slow-stores.ts";

export default onSlowStores(ledger);
