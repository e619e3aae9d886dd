import { printPages, runLedgerCommand } from "./ledger-command.ts";

await runLedgerCommand({
  name: "parked",
  about: "Lists the bodies that wait for a store to come back, oldest first, with the reason: a JSON line each.",
  options: [],
  run: (ask) => printPages(ask, "/api/parked", { limit: "1000" }, "parked"),
});
