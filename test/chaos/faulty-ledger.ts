import ledger from "../../src/index.ts";
import { faulty } from "./faulty.ts";

export default faulty(ledger);
