import * as z from "zod";
import { callDirection, callStatus } from "../events/event.ts";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import { MIN_PHONE_DIGITS, phoneDigits } from "../events/phone.ts";
import { searchQuery } from "../events/search-text.ts";
import { cursorOf, writeCursor } from "../http/cursor.ts";
import { instantFrom, instantTo } from "../http/range.ts";
import { LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import { type ArrivalIndex, type CallFilter, callsOfNumber, listByArrival, listCalls } from "./calls.ts";
import type { CallRow, LedgerReader, ListedRow } from "./schema.ts";
import { callsOfWords } from "./search-index.ts";

/** The filter of a listing, as a query string has it. */
export const callFilter = {
  platform: z.string().min(1).max(MAX_ID_CHARACTERS).optional().describe("as in the address of its webhook: `atoms`"),
  agent_id: z.string().min(1).max(MAX_ID_CHARACTERS).optional(),
  call_direction: callDirection.optional(),
  disposition: z.string().min(1).optional(),
  status: callStatus.optional(),
  from: instantFrom.optional(),
  to: instantTo.optional(),
  q: z
    .string()
    .trim()
    .min(1)
    .max(MAX_ID_CHARACTERS)
    .optional()
    .describe(
      "a phone number, a call id, or words; calls of a whole number, and those in which words were said, come by their arrival",
    ),
};

/** Where the next page begins: in the order of the listing that `q` turned out to be. */
export type CallCursor =
  | { by: "time" | "caller" | "agent"; called_at: string; id: number }
  /** Calls of a whole number, and those that words matched, go by their arrival. */
  | { by: "number" | "words"; id: number };

const id = z.number().int();

export const callCursor = cursorOf(
  z.union([
    z
      .tuple([z.enum(["time", "caller", "agent"]), z.string(), id])
      .transform(([by, called_at, id]): CallCursor => ({ by, called_at, id })),
    z.tuple([z.enum(["number", "words"]), id]).transform(([by, id]): CallCursor => ({ by, id })),
  ]),
);

/** @returns null when there is no next page */
export function writeCallCursor(next: CallCursor | undefined): string | null {
  if (next === undefined) return null;
  return "called_at" in next ? writeCursor(next.by, next.called_at, next.id) : writeCursor(next.by, next.id);
}

/** A page of calls to be looked up. */
export interface CallSearch {
  /** `q` is a call id, a phone number or a part of one, or words of the transcript. */
  filter: CallFilter & { q?: string | undefined };
  limit: number;
  /** The `next` of the page before. */
  after?: CallCursor | undefined;
}

export type CallSearchResult<Row> =
  | { kind: "found"; calls: Row[]; next?: CallCursor }
  /** `q` is no call id and no phone number, and words are not indexed. */
  | { kind: "words-not-searched" };

/** The error of `words-not-searched`, for people. */
export const wordsNotSearched = {
  path: "q",
  message: "is no call id and no phone number, and words are not searched: SEARCH_TRANSCRIPTS is off",
};

/** People remember the last four digits of a number; fewer would find most calls. */
const MIN_SEARCHED_DIGITS = 4;

/**
 * Reads a page of calls. Tries `q` as a call's id, then as a customer's phone number, whole or in part, then as an agent's, then as words.
 * @param row the columns to read
 * @param searchTranscripts the setting: whether words are indexed
 */
export async function searchCalls<Row extends Pick<CallRow, "id" | "called_at">>(
  db: LedgerReader,
  row: ListedRow<Row>,
  { filter: { q, ...filter }, limit, after }: CallSearch,
  searchTranscripts: boolean,
): Promise<CallSearchResult<Row>> {
  const list = async (by: "time" | "caller" | "agent", narrowed: CallFilter) => {
    const page = { limit, after: after?.by === by ? after : undefined };
    const options = by === "time" ? {} : { timeoutMs: LONG_QUERY_TIMEOUT_MS };
    const { rows, next } = await listCalls(db, row, narrowed, page, options);
    return found(rows, next && { by, ...next });
  };
  const listIndexed = async (by: "number" | "words", index: ArrivalIndex) => {
    const page = { limit, after: after?.by === by ? after : undefined };
    const { rows, next } = await listByArrival(db, row, index, filter, page);
    return found(rows, next && { by, ...next });
  };
  if (q === undefined) return list("time", filter);

  const tries: { by: CallCursor["by"]; run: () => Promise<CallSearchResult<Row> & { kind: "found" }> }[] = [];
  tries.push({ by: "time", run: () => list("time", { ...filter, call_id: q }) });
  const digits = searchedDigits(q);
  if (digits !== undefined) {
    tries.push({ by: "number", run: () => listIndexed("number", callsOfNumber(digits)) });
    tries.push({ by: "caller", run: () => list("caller", { ...filter, callerDigits: digits }) });
    tries.push({ by: "agent", run: () => list("agent", { ...filter, agentDigits: digits }) });
  }
  const query = searchTranscripts ? searchQuery(q) : undefined;
  if (query !== undefined) tries.push({ by: "words", run: () => listIndexed("words", callsOfWords(query)) });
  // A later page goes on in the listing that the first one turned out to be.
  if (after !== undefined)
    return (await tries.find(({ by }) => by === after.by)?.run()) ?? { kind: "found", calls: [] };
  let empty = found<Row>([], undefined);
  for (const { run } of tries) {
    const page = await run();
    if (page.calls.length > 0) return page;
    // Nothing so far: should no other try find anything, the next page goes on with this one.
    if (empty.next === undefined) empty = page;
  }
  const isUnsearched = !searchTranscripts && digits === undefined;
  return isUnsearched ? { kind: "words-not-searched" } : empty;
}

function found<Row>(calls: Row[], next: CallCursor | undefined) {
  return { kind: "found" as const, calls, ...(next !== undefined && { next }) };
}

/** `(555) 123-4567` → `5551234567`; `undefined` for text that is no phone number. */
function searchedDigits(q: string): string | undefined {
  const typed = q.normalize("NFKC");
  const [, written] = /^(?:tel:|sips?:)?(\+?[\d\s()./-]+)(?:[@;].*)?$/i.exec(typed) ?? [];
  if (written === undefined) return undefined;
  const whole = phoneDigits(written);
  // The last four digits may begin with 00, which a whole number would lose.
  const digits = whole.length >= MIN_PHONE_DIGITS ? whole : written.replaceAll(/\D/g, "");
  return digits.length < MIN_SEARCHED_DIGITS ? undefined : digits;
}
