import { findPlatform, platforms } from "../platforms/index.ts";
import { type Given, runCommand, UsageError } from "./command.ts";
import { confirmOrRefuse } from "./confirm.ts";
import { check, connect } from "./connect/atoms.ts";
import { askAtoms } from "./connect/atoms-api.ts";
import { instructionsByHand } from "./connect/by-hand.ts";
import { KEY_VARIABLE, looksLikeKey, readKey } from "./connect/key.ts";
import { patience } from "./connect/patience.ts";
import { SETTING, workerOf } from "./connect/worker-secret.ts";
import { isLocal, ledgerUrl, urlOption } from "./target.ts";

const names = platforms.map(({ name }) => name).join(", ");
const DEFAULT_BASE = "https://api.smallest.ai/atoms/v1";
const MISUSED = 2;

const options = [
  { name: "platform", value: "<name>", help: `who sends: ${names}` },
  { ...urlOption, help: "the deployed ledger (LEDGER_URL)" },
  { name: "check", help: "changes nothing; exits with 1 when something is missing" },
  { name: "agents", value: "<ids>", help: "only these agents, separated by commas; without, all" },
  { name: "replace-secrets", help: "the Worker's secrets of Atoms may be replaced" },
  { name: "yes", help: "connect without asking" },
  { name: "env", short: "e", value: "<name>", help: "an environment of wrangler.toml" },
  { name: "config", short: "c", value: "<file>", help: "another file than wrangler.toml" },
] as const;

type Name = (typeof options)[number]["name"];

// Before anything reads the arguments, since an error would show them.
if (process.argv.slice(2).some(looksLikeKey)) {
  console.error(`
Nothing is done: a key among the arguments stays in the shell's history and shows in the list of processes.
Take another key, and set ${KEY_VARIABLE} or type it when asked.`);
  process.exitCode = MISUSED;
} else {
  await runCommand<Name>({
    usage: "npm run connect -- --platform <name> --url <address>",
    about: `Connects the agents of Atoms with the ledger: makes the webhook, puts its secret into the Worker, waits until the Worker accepts \
it, and only then subscribes the agents. Shows what it will do, and asks. Safe to run again. For the other platforms it prints what to set.`,
    options,
    takesWords: true,
    notes: `The API key of Atoms is taken from ${KEY_VARIABLE}, or asked for; never an argument. It is used here and kept nowhere. \
${SETTING}, a variable, holds secrets of the Worker that stay beside the new one. Agents made later send nothing by themselves: \
run it again, or --check now and then.`,
    run,
  });
}

async function run(given: Given<Name>, signal: AbortSignal): Promise<boolean> {
  // The ordinary refusal shows the word, which may be a key.
  if (given.words.length > 0) throw new UsageError("connect takes options alone, no words besides them.");
  const platform = findPlatform(given.text("platform") ?? "");
  if (platform === undefined) throw new UsageError(`Say --platform <name>, one of ${names}.`);
  const url = ledgerUrl(given.text("url"));
  const shared = (["env", "config"] as const).flatMap((name) => {
    const value = given.text(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  if (platform.name !== "atoms") {
    if (given.isOn("check"))
      throw new UsageError(`--check is for atoms alone: nobody here asks the API of ${platform.name}.`);
    console.log(instructionsByHand(platform, url, shared));
    return true;
  }
  const base = apiBase();
  if (isLocal(url) && !isLocal(base)) {
    throw new UsageError(`Atoms cannot reach ${url.origin}: say --url with the address of the deployed ledger.`);
  }
  const connection = {
    ask: askAtoms({ base: base.href.replace(/\/+$/, ""), key: await readKey() }, signal, patience),
    address: new URL("/webhooks/atoms", url).href,
    agentIds: (given.text("agents") ?? "").split(",").flatMap((id) => id.trim() || []),
    signal,
    patience,
    show: (line: string) => console.error(line),
  };
  const isWell = given.isOn("check")
    ? await check(connection)
    : await connect(connection, {
        worker: workerOf(shared),
        kept: process.env[SETTING] ?? "",
        mayReplace: given.isOn("replace-secrets"),
        confirm: async () => given.isOn("yes") || confirmOrRefuse("Connect?", "Nothing is changed", signal),
      });
  const whose = connection.agentIds.length === 0 ? "every agent sends its" : "these agents send their";
  if (isWell) console.log(`connected: ${whose} calls to the ledger, which accepts them`);
  return isWell;
}

/** Where the API of Atoms is. Throws a UsageError for one on another machine without TLS, which would expose the key. */
function apiBase(): URL {
  const text = process.env["ATOMS_API_BASE"] || DEFAULT_BASE;
  const url = URL.parse(text);
  if (url === null || !(url.protocol === "https:" || (url.protocol === "http:" && isLocal(url)))) {
    throw new UsageError("ATOMS_API_BASE is not an https address.");
  }
  return url;
}
