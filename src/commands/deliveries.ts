import { runLedgerCommand } from "./ledger-command.ts";
import { listingOptions, printListing } from "./listing.ts";

await runLedgerCommand({
  name: "deliveries",
  about: "Shows the newest deliveries downstream, with their attempts and the last error.",
  options: [{ name: "state", value: "<state>", help: "only these: pending, delivered or failed" }, ...listingOptions],
  run(ask, given) {
    const state = given.text("state");
    const listing = {
      path: "/api/deliveries",
      query: state === undefined ? {} : { state },
      name: "deliveries",
      columns: ["updated_at", "call_id", "event", "destination", "state", "attempts", "last_error"],
    };
    return printListing(ask, listing, given);
  },
});
