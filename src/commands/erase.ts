import { UsageError } from "./command.ts";
import { confirmOrRefuse } from "./confirm.ts";
import { previewErasure } from "./erase-preview.ts";
import { countsText, erase, type Subject } from "./erasure.ts";
import { runLedgerCommand } from "./ledger-command.ts";

await runLedgerCommand({
  name: "erase",
  about: `Erases everything of a call, or of all calls with a caller. Shows what it will erase and asks; \
there is no way back.`,
  options: [
    { name: "call", value: "<id>", help: "one call" },
    { name: "phone", value: "<number>", help: "all calls with this caller, however the number is written" },
    { name: "yes", help: "erase without asking" },
  ],
  notes: `What was sent downstream stays there, and D1's Time Travel keeps its backups for up to 30 days.`,
  async run(ask, given, signal) {
    const subject = subjectOf(given.text("call"), given.text("phone"));
    console.error(await previewErasure(ask, subject));
    if (!given.isOn("yes") && !(await confirmOrRefuse("Erase this?", "Nothing is erased", signal))) {
      console.error("Nothing is erased.");
      return false;
    }
    console.log(`erased: ${countsText(await erase(ask, subject, signal))}`);
    return true;
  },
});

function subjectOf(call: string | undefined, phone: string | undefined): Subject {
  if (call !== undefined && phone === undefined) return { call };
  if (phone !== undefined && call === undefined) return { phone };
  throw new UsageError("Say --call <id> or --phone <number>.");
}
