import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Manifest } from "../export/manifest.ts";
import { askLedger, downloadFrom } from "./ask-ledger.ts";
import { runCommand, UsageError } from "./command.ts";
import { openDatabase, printQuery } from "./sql-database.ts";
import { fetchFiles } from "./sql-files.ts";
import { ledgerToken, ledgerUrl, urlOption } from "./target.ts";
import { projectFolder } from "./wrangler.ts";

await runCommand({
  usage: 'npm run sql -- [options] ["SELECT …"]',
  about: `Asks the exported days in DuckDB's SQL: the views calls, events and tool_calls have the columns of D1, times as TIMESTAMP \
(UTC), JSON as text. Without a query, a prompt. As fresh as the last export; needs EXPORT_PARQUET = "on".`,
  options: [{ name: "json", help: "a JSON line a row, with whole values" }, urlOption],
  notes: `The files are fetched through the API and kept in .wrangler/exports, for each ledger. LEDGER_TOKEN, a variable of the \
environment, is the ledger's API_TOKEN; for a ledger on this machine it is read from .dev.vars.

npm run sql -- "SELECT agent_id, count(*), avg(duration_seconds) FROM calls GROUP BY ALL"
npm run sql -- "SELECT avg((metrics->>'satisfaction_score')::DOUBLE) FROM calls WHERE called_at >= '2024-07-01'"`,
  takesWords: true,
  async run(given, signal) {
    const [query, ...others] = given.words;
    if (others.length > 0) throw new UsageError("Put the query in quotes: it has to be one word of the shell.");
    const url = ledgerUrl(given.text("url"));
    const token = ledgerToken(url);
    const folder = resolve(projectFolder, ".wrangler/exports", url.host.replaceAll(":", "-"));
    const days = await fetchFiles(folder, askLedger(url, token, signal), downloadFrom(url, token, signal));
    console.error(freshness(days));
    const connection = await openDatabase(folder);
    if (query === undefined) await prompt(connection, given.isOn("json"), signal);
    else await printQuery(connection, query, given.isOn("json"));
    connection.closeSync();
    return true;
  },
});

function freshness(days: readonly Manifest[]): string {
  const full = days.filter(({ files }) => files.length > 0);
  const last = full.at(-1);
  if (last === undefined) return 'No day is exported yet: EXPORT_PARQUET = "on" exports a day after its end.';
  const latest = full.reduce((time, { exported_at }) => (exported_at > time ? exported_at : time), "");
  const calls = full.reduce((sum, one) => sum + one.calls, 0);
  return `${calls} calls of ${full.length} days up to ${last.day}; the latest export was ${latest}`;
}

/** Reads statements, each up to its semicolon, until the input ends. */
async function prompt(connection: DuckDBConnection, isJson: boolean, signal: AbortSignal): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr, prompt: "sql> " });
  signal.addEventListener("abort", () => terminal.close());
  terminal.on("SIGINT", () => terminal.close());
  let statement = "";
  terminal.prompt();
  for await (const line of terminal) {
    statement += `${line}\n`;
    if (statement.trimEnd().endsWith(";")) {
      await printQuery(connection, statement, isJson).catch((error: unknown) =>
        console.error(error instanceof Error ? error.message : error),
      );
      statement = "";
    }
    terminal.setPrompt(statement.trim() === "" ? "sql> " : "...> ");
    terminal.prompt();
  }
}
