import { Table } from "console-table-printer";
import * as z from "zod";
import type { Ask } from "./ask-ledger.ts";
import type { Given, Option } from "./command.ts";
import { printPages } from "./ledger-command.ts";

const DEFAULT_LIMIT = 20;

/** Longest text of a cell; `--json` has the whole. */
const MAX_CELL_CHARACTERS = 48;

/** The options of a command that prints a listing. */
export const listingOptions = [
  { name: "limit", value: "<number>", help: `so many of the newest (${DEFAULT_LIMIT}; 200 at the most)` },
  { name: "json", help: "all of them, whole: a JSON line each" },
] as const satisfies readonly Option<string>[];

interface Listing {
  path: string;
  query: Record<string, string>;
  /** The member of an answer that has the items. */
  name: string;
  /** Members of an item, in their order. */
  columns: readonly string[];
}

const items = z.array(z.record(z.string(), z.unknown()));

/** Prints the newest of a listing as a table, or all of it as JSON. */
export async function printListing(
  ask: Ask,
  { path, query, name, columns }: Listing,
  given: Given<"limit" | "json">,
): Promise<true> {
  if (given.isOn("json")) return printPages(ask, path, { ...query, limit: "200" }, name);
  const limit = String(given.number("limit", DEFAULT_LIMIT, 1));
  const { [name]: listed, next_cursor } = await ask("GET", `${path}?${new URLSearchParams({ ...query, limit })}`);
  const rows = items.parse(listed).map((item) => Object.fromEntries(columns.map((key) => [key, cellOf(item[key])])));
  if (rows.length === 0) {
    console.error("none");
    return true;
  }
  const aligned = columns.map((column) => ({ name: column, alignment: "left" as const }));
  console.log(new Table({ columns: aligned, rows, shouldDisableColors: true }).render());
  if (next_cursor != null) console.error(`These are the newest ${limit}: --limit shows more, --json all.`);
  return true;
}

/** Formats a value without control characters, by which a sender could steer the terminal, and cuts it. */
function cellOf(value: unknown): string {
  const text = String(value ?? "").replaceAll(/[\p{C}\p{Z}]+/gu, " ");
  return text.length <= MAX_CELL_CHARACTERS ? text : `${text.slice(0, MAX_CELL_CHARACTERS - 1).toWellFormed()}…`;
}
