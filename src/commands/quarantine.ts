import * as z from "zod";
import { type Ask, eachPage } from "./ask-ledger.ts";
import { UsageError } from "./command.ts";
import { confirmOrRefuse } from "./confirm.ts";
import { runLedgerCommand } from "./ledger-command.ts";
import { listingOptions, printListing } from "./listing.ts";
import { quarantineFilter, quarantineOptions } from "./quarantine-filter.ts";

const page = z.object({ quarantine: z.array(z.unknown()) });

await runLedgerCommand({
  name: "quarantine",
  about: `Shows the newest signed bodies that did not fit, with the reason. With --discard, discards them for good: those of a \
reason, of some days, or one. Says how many, and asks.`,
  options: [
    ...quarantineOptions,
    { name: "discard", help: "discard those of --reason, --from and --to, or the one of --key" },
    { name: "key", value: "<key>", help: "of --discard: one body" },
    { name: "yes", help: "discard without asking" },
    ...listingOptions,
  ],
  notes: "--json has the key of each body, for `npm run replay -- --key` and for --discard --key.",
  async run(ask, given, signal) {
    const filter = quarantineFilter(given);
    const key = given.text("key");
    if (!given.isOn("discard")) {
      if (key !== undefined) throw new UsageError("--key goes with --discard.");
      const columns = ["received_at", "platform", "reason", "detail", "size"];
      return printListing(ask, { path: "/api/quarantine", query: filter, name: "quarantine", columns }, given);
    }
    if ((key === undefined) === (Object.keys(filter).length === 0)) {
      throw new UsageError("Say which to discard: --key <key>, or any of --reason, --from and --to.");
    }
    // What comes in from now on was not counted.
    const until = { to: new Date().toISOString(), ...filter };
    const count = key === undefined ? await countBodies(ask, until) : 1;
    console.error(count === 1 ? "1 body would go for good." : `${count} bodies would go for good.`);
    if (count > 0 && !given.isOn("yes") && !(await confirmOrRefuse("Discard?", "Nothing is discarded", signal))) {
      console.error("Nothing is discarded.");
      return false;
    }
    const which = key === undefined ? until : { keys: [key] };
    console.log(`${count === 0 ? 0 : await discard(ask, which)} discarded`);
    return true;
  },
});

async function countBodies(ask: Ask, filter: Record<string, string>): Promise<number> {
  let count = 0;
  const request = (cursor: string | undefined) =>
    ask("GET", `/api/quarantine?${new URLSearchParams({ ...filter, limit: "1000", ...(cursor && { cursor }) })}`);
  await eachPage(request, (answer) => {
    count += page.parse(answer).quarantine.length;
  });
  return count;
}

async function discard(ask: Ask, which: object): Promise<number> {
  let discarded = 0;
  await eachPage(
    (cursor) => ask("POST", "/api/quarantine/discard", { ...which, cursor }),
    (answer) => {
      discarded += Number(answer["discarded"]);
    },
  );
  return discarded;
}
