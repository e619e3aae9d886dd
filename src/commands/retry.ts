import { runLedgerCommand } from "./ledger-command.ts";

await runLedgerCommand({
  name: "retry",
  about: "Sends failed deliveries again: all of them, or some.",
  options: [
    { name: "event", value: "<id>", help: "only those of this event id" },
    { name: "destination", value: "<name>", help: "only those of this destination" },
  ],
  async run(ask, given) {
    const chosen = { event_id: given.text("event"), destination: given.text("destination") };
    let retried = 0;
    let more: unknown;
    do {
      const answer = await ask("POST", "/api/deliveries/retry", chosen);
      retried += Number(answer["retried"]);
      more = answer["more"];
    } while (more === true);
    console.log(`${retried} sent again`);
    return true;
  },
});
