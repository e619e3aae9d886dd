import * as z from "zod";
import { callDirection, callStatus } from "../events/event.ts";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import { MIN_PHONE_DIGITS, phoneDigits } from "../events/phone.ts";
import { searchQuery } from "../events/search-text.ts";
import { instantFrom, instantTo } from "../http/range.ts";
import { askStore } from "../stores/ask.ts";
import { type CallFilter, type CallsAmong, listCalls } from "./calls.ts";
import type { Page, PageAt } from "./page.ts";
import { type LedgerReader, type ListedRow, parseRows } from "./schema.ts";

const typed = z.string().trim().min(1).max(MAX_ID_CHARACTERS).optional();

/** The filter of a listing, as a query string has it. */
export const callFilter = {
  platform: z.string().min(1).max(MAX_ID_CHARACTERS).optional().describe("as in the address of its webhook: `atoms`"),
  agent_id: z.string().min(1).max(MAX_ID_CHARACTERS).optional(),
  call_direction: callDirection.optional(),
  disposition: z.string().min(1).optional(),
  status: callStatus.optional(),
  from: instantFrom.optional(),
  to: instantTo.optional(),
  q: typed.describe(
    "a call's id when there is such a call, else as `phone` when it is written as a number, else as `words`; one of these three at a time",
  ),
  phone: typed.describe(
    "the customer's number, by its digits: a whole number, whose calls come newest arrival first, or a part of one, four digits or more",
  ),
  words: typed.describe(
    "words that were said, or their beginnings; in double quotes whole and in just this order. Newest arrival first",
  ),
};

/** A search: one of the three at a time. */
interface Sought {
  q?: string | undefined;
  phone?: string | undefined;
  words?: string | undefined;
}

/** A search with its filter and its page. */
export interface CallSearch extends PageAt {
  filter: CallFilter & Sought;
}

/** A wrong parameter, in words for people. */
interface Refused {
  kind: "refused";
  error: { path: keyof Sought; message: string };
}

export type CallSearchResult<Row> = ({ kind: "found" } & Page<Row>) | Refused;

/**
 * Reads a page of calls.
 * @param row the columns to read
 * @param searchTranscripts the setting: whether words are indexed
 */
export async function searchCalls<Row>(
  db: LedgerReader,
  row: ListedRow<Row>,
  { filter: { q, phone, words, ...filter }, ...page }: CallSearch,
  searchTranscripts: boolean,
): Promise<CallSearchResult<Row>> {
  const among = await readAmong(db, { q, phone, words }, searchTranscripts);
  return "kind" in among ? among : { kind: "found", ...(await listCalls(db, row, among, filter, page)) };
}

const answer = z.object({ is_call: z.number(), is_number: z.number() });

/** Decides which calls a search means. */
async function readAmong(
  db: LedgerReader,
  { q, phone, words }: Sought,
  searchTranscripts: boolean,
): Promise<CallsAmong | Refused> {
  const [text, ...more] = [q, phone, words].filter((each) => each !== undefined);
  if (text === undefined) return { among: "all" };
  if (more.length > 0) return refused("q", "goes without phone and words, and these go one at a time");
  if (words === undefined) {
    const digits = phone === undefined ? searchedDigits(text) : digitsOf(text);
    const known = db
      .prepare(
        `SELECT EXISTS (SELECT 1 FROM calls WHERE call_id = ?1) AS is_call,
           EXISTS (SELECT 1 FROM ledger_caller_numbers WHERE digits = ?2) AS is_number`,
      )
      .bind(q ?? null, digits ?? null);
    const [match] = parseRows(answer, await askStore("D1", () => known.all()));
    if (match?.is_call) return { among: "call-id", callId: text };
    if (digits !== undefined) return { among: match?.is_number ? "number" : "part-of-number", digits };
  }
  if (phone !== undefined) return refused("phone", `is no phone number, and no ${MIN_SEARCHED_DIGITS} digits of one`);
  if (searchTranscripts) return { among: "words", query: searchQuery(text) };
  const isOff = "words are not searched: SEARCH_TRANSCRIPTS is off";
  return words === undefined
    ? refused("q", `is no call id and no phone number, and ${isOff}`)
    : refused("words", isOff);
}

function refused(path: keyof Sought, message: string): Refused {
  return { kind: "refused", error: { path, message } };
}

/** People remember the last four digits of a number; fewer would match most calls. */
const MIN_SEARCHED_DIGITS = 4;

/** `(555) 123-4567`, with the prefixes and suffixes of carriers. */
const WRITTEN_NUMBER = /^(?:tel:|sips?:)?\+?[\p{Nd}\s()./-]+(?:[@;].*)?$/iu;

/** Returns the digits to search for; `undefined` if the text is not written as a phone number, or has too few. */
export function searchedDigits(text: string): string | undefined {
  return WRITTEN_NUMBER.test(text.normalize("NFKC")) ? digitsOf(text) : undefined;
}

function digitsOf(text: string): string | undefined {
  const whole = phoneDigits(text);
  // The last four digits may begin with 00, which a whole number would lose.
  const digits = whole.length >= MIN_PHONE_DIGITS ? whole : text.normalize("NFKC").replaceAll(/\D/g, "");
  return digits.length < MIN_SEARCHED_DIGITS ? undefined : digits;
}
