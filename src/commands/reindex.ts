import { eachPage } from "./ask-ledger.ts";
import { runLedgerCommand } from "./ledger-command.ts";

await runLedgerCommand({
  name: "reindex",
  about: "Indexes the words of calls that came while SEARCH_TRANSCRIPTS was off. Safe to repeat.",
  options: [],
  async run(ask) {
    let indexed = 0;
    await eachPage(
      (cursor) => ask("POST", "/api/transcripts/index", { cursor }),
      (answer) => {
        indexed += Number(answer["indexed"]);
      },
    );
    console.log(`${indexed} transcripts can be searched`);
    return true;
  },
});
