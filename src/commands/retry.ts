import { type Ask, eachPage } from "./ask-ledger.ts";
import { confirmOrRefuse } from "./confirm.ts";
import { runLedgerCommand } from "./ledger-command.ts";

await runLedgerCommand({
  name: "retry",
  about: "Sends failed deliveries again: all of them, or some. Says how many, and asks.",
  options: [
    { name: "event", value: "<id>", help: "only those of this event id" },
    { name: "destination", value: "<name>", help: "only those to this destination" },
    { name: "yes", help: "send without asking" },
  ],
  async run(ask, given, signal) {
    const chosen = { event_id: given.text("event"), destination: given.text("destination") };
    const failed = await countFailed(ask, chosen);
    console.error(failed === 1 ? "1 delivery has failed." : `${failed} deliveries have failed.`);
    if (failed > 0 && !given.isOn("yes") && !(await confirmOrRefuse("Send again?", "Nothing is sent", signal))) {
      console.error("Nothing is sent.");
      return false;
    }
    let retried = 0;
    let more: unknown = failed > 0;
    while (more === true) {
      const answer = await ask("POST", "/api/deliveries/retry", chosen);
      retried += Number(answer["retried"]);
      more = answer["more"];
    }
    console.log(`${retried} sent again`);
    return true;
  },
});

async function countFailed(ask: Ask, chosen: Record<string, string | undefined>): Promise<number> {
  let count = 0;
  const request = (cursor: string | undefined) => {
    const given = Object.entries({ ...chosen, state: "failed", limit: "200", cursor });
    const query = new URLSearchParams(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
    return ask("GET", `/api/deliveries?${query}`);
  };
  await eachPage(request, ({ deliveries }) => {
    count += Array.isArray(deliveries) ? deliveries.length : 0;
  });
  return count;
}
