import { printPages, runLedgerCommand } from "./ledger-command.ts";

await runLedgerCommand({
  name: "deliveries",
  about: "Lists the deliveries downstream, with their attempts and the last error: a JSON line each.",
  options: [{ name: "state", value: "<state>", help: "only these: pending, delivered or failed" }],
  run(ask, given) {
    const state = given.text("state");
    return printPages(ask, "/api/deliveries", { limit: "200", ...(state !== undefined && { state }) }, "deliveries");
  },
});
