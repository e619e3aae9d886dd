import { type Ask, askLedger, eachPage } from "./ask-ledger.ts";
import { type Given, type Option, runCommand } from "./command.ts";
import { ledgerToken, ledgerUrl, urlOption } from "./target.ts";

/** A command for a running ledger. */
interface LedgerCommand<Name extends string> {
  /** As after `npm run`. */
  name: string;
  about: string;
  options: readonly Option<Name>[];
  notes?: string;
  /** @returns whether all is well */
  run(ask: Ask, given: Given<Name>, signal: AbortSignal): Promise<boolean>;
}

const tokenNote = `LEDGER_TOKEN, a variable of the environment, is the ledger's API_TOKEN. \
For a ledger on this machine it is read from .dev.vars, which \`npm run dev\` writes.`;

/** Runs a command that uses the API of a ledger: it knows `--url`, and where the token is. */
export async function runLedgerCommand<Name extends string>(command: LedgerCommand<Name>): Promise<void> {
  const { name, about, options, notes, run } = command;
  const all: readonly Option<Name | "url">[] = [...options, urlOption];
  await runCommand({
    usage: `npm run ${name} -- [options]`,
    about,
    options: all,
    notes: notes === undefined ? tokenNote : `${notes}\n\n${tokenNote}`,
    run(given, signal) {
      const url = ledgerUrl(given.text("url"));
      return run(askLedger(url, ledgerToken(url), signal), given, signal);
    },
  });
}

/** Prints a JSON line an item, for people and for other programs; text for people alone goes to stderr. */
export async function printPages(ask: Ask, path: string, query: Record<string, string>, name: string): Promise<true> {
  let isEmpty = true;
  const request = (cursor: string | undefined) =>
    ask("GET", `${path}?${new URLSearchParams({ ...query, ...(cursor !== undefined && { cursor }) })}`);
  await eachPage(request, ({ [name]: items, unreachable }) => {
    for (const item of Array.isArray(items) ? items : []) {
      console.log(JSON.stringify(item));
      isEmpty = false;
    }
    if (Array.isArray(unreachable) && unreachable.length > 0) {
      console.error(`not reachable: ${unreachable.join(", ")}`);
      isEmpty = false;
    }
  });
  if (isEmpty) console.error("none");
  return true;
}
