import * as z from "zod";
import { callDirection, callStatus } from "../events/event.ts";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import { MIN_PHONE_DIGITS, phoneDigits } from "../events/phone.ts";
import { searchQuery, type WordQuery } from "../events/search-text.ts";
import { cursorOf, writeCursor } from "../http/cursor.ts";
import { instantFrom, instantTo } from "../http/range.ts";
import { LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import {
  type ArrivalIndex,
  type ArrivalPlace,
  type CallFilter,
  type CallPlace,
  callsOfNumber,
  listByArrival,
  listCalls,
} from "./calls.ts";
import type { Page } from "./page.ts";
import type { LedgerReader, ListedRow } from "./schema.ts";
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
      "a phone number, a call id, or words. Calls of a whole number or of words come newest arrival first, those with the whole words before those with words that begin with them. In a large ledger, digits that are both in an agent's number and in what was said may bring a call twice",
    ),
};

/** A listing that a search goes through, and where its next page begins. */
type SearchPlace =
  | ({ by: "time" | "caller" | "agent" } & CallPlace)
  /** Calls of a whole number, those with the words, and those with words that begin like them, go by their arrival. */
  | ({ by: ArrivalOrder } & ArrivalPlace);

const arrivalOrder = z.enum(["number", "words", "beginnings"]);
type ArrivalOrder = z.infer<typeof arrivalOrder>;

/** The listings that a search has still to go through, in order, each with the place where it goes on. */
export type CallCursor = SearchPlace[];

const id = z.number().int();

export const callCursor = cursorOf(
  z
    .array(
      z.union([
        z
          .tuple([z.enum(["time", "caller", "agent"]), z.string(), id])
          .transform(([by, called_at, id]): SearchPlace => ({ by, called_at, id })),
        z.tuple([arrivalOrder, id]).transform(([by, id]): SearchPlace => ({ by, id })),
      ]),
    )
    .min(1),
);

/** @returns null when there is no next page */
export function writeCallCursor(next: CallCursor | undefined): string | null {
  if (next === undefined) return null;
  return writeCursor(
    ...next.map((place) => ("called_at" in place ? [place.by, place.called_at, place.id] : [place.by, place.id])),
  );
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

/** One of the listings that `q` may stand for. */
interface SearchListing<Row> {
  /** The places that are its own. */
  by: readonly SearchPlace["by"][];
  /** @param place where the page begins; absent for the first one */
  read(place?: SearchPlace): Promise<Page<Row, SearchPlace>>;
}

/** People remember the last four digits of a number; fewer would find most calls. */
const MIN_SEARCHED_DIGITS = 4;

/**
 * Reads a page of calls. Tries `q` as a call's id, then as a customer's phone number, whole or in part, then as an agent's, then as words:
 * the first of these that finds calls is shown. One that has found none so far, but has more rows to look at, goes on behind it; a call that
 * both find comes twice.
 * @param row the columns to read
 * @param searchTranscripts the setting: whether words are indexed
 */
export async function searchCalls<Row extends CallPlace>(
  db: LedgerReader,
  row: ListedRow<Row>,
  { filter: { q, ...filter }, limit, after }: CallSearch,
  searchTranscripts: boolean,
): Promise<CallSearchResult<Row>> {
  const byTime = (by: "time" | "caller" | "agent", narrowed: CallFilter): SearchListing<Row> => ({
    by: [by],
    async read(place) {
      const page = { limit, after: place?.by === by ? place : undefined };
      const options = by === "time" ? {} : { timeoutMs: LONG_QUERY_TIMEOUT_MS };
      const { rows, next } = await listCalls(db, row, narrowed, page, options);
      return { rows, next: next && { by, ...next } };
    },
  });
  const readArrival = async (by: ArrivalOrder, index: ArrivalIndex, place?: SearchPlace, rowsOfPage = limit) => {
    const page = { limit: rowsOfPage, after: place?.by === by ? place : undefined };
    const { rows, next } = await listByArrival(db, row, index, filter, page);
    return { rows, next: next && { by, ...next } };
  };
  const ofNumber = (number: string): SearchListing<Row> => ({
    by: ["number"],
    read: (place) => readArrival("number", callsOfNumber(number), place),
  });
  const ofWords = ({ words, beginnings }: WordQuery): SearchListing<Row> => ({
    by: ["words", "beginnings"],
    async read(place) {
      const isBehind = place?.by === "beginnings";
      const exact: Page<Row, SearchPlace> = isBehind
        ? { rows: [] }
        : await readArrival("words", callsOfWords(words), place);
      if (exact.next !== undefined || beginnings === undefined) return exact;
      const rowsLeft = limit - exact.rows.length;
      if (rowsLeft === 0) return { rows: exact.rows, next: { by: "beginnings", id: Number.MAX_SAFE_INTEGER } };
      const others = await readArrival("beginnings", callsOfWords(beginnings), place, rowsLeft);
      return { rows: [...exact.rows, ...others.rows], next: others.next };
    },
  });
  const listings = [byTime("time", { ...filter, call_id: q })];
  const digits = q === undefined ? undefined : searchedDigits(q);
  if (digits !== undefined) {
    listings.push(ofNumber(digits));
    listings.push(byTime("caller", { ...filter, callerDigits: digits }));
    listings.push(byTime("agent", { ...filter, agentDigits: digits }));
  }
  const query = q !== undefined && searchTranscripts ? searchQuery(q) : undefined;
  if (query !== undefined) listings.push(ofWords(query));

  if (after !== undefined) {
    const [place, ...others] = after;
    const page = place && (await listings.find(({ by }) => by.includes(place.by))?.read(place));
    return resultOf(page?.rows ?? [], [page?.next, ...others]);
  }
  const unfinished: (SearchPlace | undefined)[] = [];
  for (const { by, read } of listings) {
    // These would include the calls of the whole number, which has more to look at.
    if (by.includes("caller") && unfinished.some((place) => place?.by === "number")) continue;
    const { rows, next } = await read();
    if (rows.length > 0) return resultOf(rows, [next, ...unfinished]);
    unfinished.push(next);
  }
  const isUnsearched = q !== undefined && !searchTranscripts && digits === undefined;
  return isUnsearched ? { kind: "words-not-searched" } : resultOf([], unfinished);
}

function resultOf<Row>(calls: Row[], places: readonly (SearchPlace | undefined)[]): CallSearchResult<Row> {
  const next = places.filter((place) => place !== undefined);
  return { kind: "found", calls, ...(next.length > 0 && { next }) };
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
