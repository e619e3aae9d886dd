import { runLedgerCommand } from "./ledger-command.ts";
import { listingOptions, printListing } from "./listing.ts";

await runLedgerCommand({
  name: "deliveries",
  about: "Shows deliveries downstream, the newest event first: what each is about, and how it fares.",
  options: [
    { name: "state", value: "<state>", help: "only these: pending, delivered, failed or skipped" },
    { name: "destination", value: "<name>", help: "only those to this destination" },
    { name: "event", value: "<name>", help: "only of these: call.start, call.end or analytics.completed" },
    { name: "from", value: "<time>", help: "only of events from then on: a UTC day, or a moment" },
    { name: "to", value: "<time>", help: "only of events before then, or until the end of a UTC day" },
    ...listingOptions,
  ],
  run(ask, given) {
    const filters = (["state", "destination", "event", "from", "to"] as const).flatMap((name) => {
      const value = given.text(name);
      return value === undefined ? [] : [[name, value]];
    });
    const listing = {
      path: "/api/deliveries",
      query: Object.fromEntries(filters),
      name: "deliveries",
      columns: [
        "occurred_at",
        "call_id",
        "caller_phone",
        "agent_id",
        "event",
        "destination",
        "state",
        "attempts",
        "next_attempt_at",
        "last_error",
      ],
    };
    return printListing(ask, listing, given);
  },
});
