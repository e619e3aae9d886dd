import { eachPage } from "./ask-ledger.ts";
import { runLedgerCommand } from "./ledger-command.ts";
import { quarantineFilter, quarantineOptions } from "./quarantine-filter.ts";

await runLedgerCommand({
  name: "replay",
  about: "Replays the quarantine: bodies that fit by now reach the ledger as if they had come then.",
  options: [
    { name: "key", value: "<key>", help: "one body alone, by its key in `npm run quarantine`" },
    ...quarantineOptions,
  ],
  async run(ask, given) {
    const chosen = { key: given.text("key"), ...quarantineFilter(given) };
    let recovered = 0;
    let still = 0;
    await eachPage(
      (cursor) => ask("POST", "/api/quarantine/replay", { ...chosen, cursor }),
      (answer) => {
        recovered += Number(answer["recovered"]);
        still += Number(answer["still_in_quarantine"]);
      },
    );
    console.log(`${recovered} recovered, ${still} still in quarantine`);
    return true;
  },
});
