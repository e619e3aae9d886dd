import * as z from "zod";
import { type Place, pageCursor, writePageCursor } from "../../../ledger/page.ts";
import { type CallSearch, callFilter } from "../../../ledger/search.ts";
import { formFrom, formTo } from "../../ui/form-dates.ts";
import { withQuery } from "../../ui/paths.ts";

/** The controls of the form with their labels, in the order in which they stand. */
export const filterNames = {
  q: "Search",
  phone: "Phone number",
  words: "Words",
  platform: "Platform",
  agent_id: "Agent",
  call_direction: "Direction",
  status: "Status",
  disposition: "Disposition",
  from: "From",
  to: "To",
} satisfies Record<keyof typeof callFilter, string>;

export type FilterName = keyof typeof filterNames;

export const filterKeys = Object.keys(filterNames).filter((name): name is FilterName => name in filterNames);

/** The fields of the form, as they were filled in. */
export type Typed = { [name in FilterName]?: string };

/** The field that is searched by, if any: a link may say outright whether it is a number or words. */
export function searchOf(typed: Typed): "q" | "phone" | "words" | undefined {
  return (["phone", "words", "q"] as const).find((name) => typed[name] !== undefined);
}

/** The query of the calls page. */
export interface CallsQuery {
  typed: Typed;
  filter: CallSearch["filter"];
  /** Where the page begins; absent for the newest calls. */
  cursor: Place | undefined;
  /** The mistakes in it; with any, no calls are shown. */
  errors: string[];
}

/** Reads the filter, whose days are days in a zone. Ignores parameters that are not its own. */
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
    const errors = filter.error.issues.map((issue) =>
      mistakeOf({ path: issue.path.join("."), message: messageOf(issue) }),
    );
    return { typed, filter: {}, cursor: undefined, errors };
  }
  const cursor = pageCursor.optional().safeParse(given["cursor"]);
  if (!cursor.success) return { typed, filter: {}, cursor: undefined, errors: ["There is no such page of the list"] };
  return { typed, filter: filter.data, cursor: cursor.data, errors: [] };
}

/** The words for a parameter that does not fit. */
export function mistakeOf({ path, message }: { path: string; message: string }): string {
  const name = filterKeys.find((key) => key === path);
  return `${name === undefined ? path : filterNames[name]}: ${message}`;
}

/** For a choice the pages have words of their own; the schema would list the API's values. */
function messageOf({ code, message }: z.core.$ZodIssue): string {
  return code === "invalid_value" ? "is none of those to choose from" : message;
}

/** The address of a list with these filters. */
export function listPath(path: "/calls" | "/calls.csv", typed: Typed, cursor?: Place): string {
  return withQuery(path, { ...typed, cursor: writePageCursor(cursor) ?? undefined });
}
