import { runLedgerCommand } from "./ledger-command.ts";
import { listingOptions, printListing } from "./listing.ts";

await runLedgerCommand({
  name: "quarantine",
  about: "Shows the newest signed bodies that did not fit, with the reason.",
  options: listingOptions,
  notes: "--json has the key of each body, for `npm run replay -- --key`.",
  run(ask, given) {
    const columns = ["received_at", "platform", "reason", "detail", "size"];
    return printListing(ask, { path: "/api/quarantine", query: {}, name: "quarantine", columns }, given);
  },
});
