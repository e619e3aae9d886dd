import * as z from "zod";
import { type CallCursor, callCursor, callFilter } from "../../ledger/call-filter.ts";
import type { CallSearch } from "../../ledger/search.ts";
import { formFrom, formTo } from "../form-dates.ts";

/** The controls of the form, in the order in which they stand, with what people call them. */
export const filterNames = {
  q: "Search",
  agent_id: "Agent",
  call_direction: "Direction",
  status: "Status",
  disposition: "Disposition",
  from: "From",
  to: "To",
} satisfies Record<keyof typeof callFilter, string>;

export type FilterName = keyof typeof filterNames;

export const filterKeys = Object.keys(filterNames).filter((name): name is FilterName => name in filterNames);

/** What was typed into the form, as it was typed. */
export type Typed = { [name in FilterName]?: string };

/** What the calls page is asked for. */
export interface CallsQuery {
  typed: Typed;
  filter: CallSearch["filter"];
  /** Where the page begins; absent for the newest calls. */
  cursor: CallCursor | undefined;
  /** What is wrong with what was typed; no calls are shown then. */
  errors: string[];
}

/** Reads the filter, whose days are days in a zone. An address with parameters of others is nobody's mistake. */
export function readCallsQuery(url: URL, timeZone: string): CallsQuery {
  const given: { [name: string]: string } = Object.fromEntries(
    [...url.searchParams].filter(([, value]) => value.trim() !== ""),
  );
  const typed: Typed = {};
  for (const name of filterKeys) if (given[name] !== undefined) typed[name] = given[name];

  const filter = z
    .object({ ...callFilter, from: formFrom(timeZone).optional(), to: formTo(timeZone).optional() })
    .safeParse(typed);
  if (!filter.success) {
    const errors = filter.error.issues.map((issue) => `${nameOf(issue.path.join("."))}: ${messageOf(issue)}`);
    return { typed, filter: {}, cursor: undefined, errors };
  }
  const cursor = callCursor.optional().safeParse(given["cursor"]);
  if (!cursor.success) return { typed, filter: {}, cursor: undefined, errors: ["There is no such page of the list"] };
  return { typed, filter: filter.data, cursor: cursor.data, errors: [] };
}

function nameOf(path: string): string {
  const name = filterKeys.find((key) => key === path);
  return name === undefined ? path : filterNames[name];
}

/** Of a choice the pages have their own words; the schema would list the API's. */
function messageOf({ code, message }: z.core.$ZodIssue): string {
  return code === "invalid_value" ? "is none of those to choose from" : message;
}

/** The address of a list with these filters. */
export function listPath(path: "/calls" | "/calls.csv", typed: Typed, more: { cursor?: string } = {}): string {
  const query = new URLSearchParams({ ...typed, ...more });
  return query.size === 0 ? path : `${path}?${query}`;
}

/** The same without one of them. */
export function without(typed: Typed, name: FilterName): Typed {
  const { [name]: _taken, ...rest } = typed;
  return rest;
}
