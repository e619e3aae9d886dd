import { printPages, runLedgerCommand } from "./ledger-command.ts";

await runLedgerCommand({
  name: "quarantine",
  about: "Lists the signed bodies that did not fit, with the reason: a JSON line each.",
  options: [],
  run: (ask) => printPages(ask, "/api/quarantine", { limit: "1000" }, "quarantine"),
});
