import * as z from "zod";
import { callDirection, callStatus, toolStatus } from "../events/event.ts";
import { MAX_ID_CHARACTERS } from "../events/fields.ts";
import { MIN_PHONE_DIGITS, phoneDigits } from "../events/phone.ts";
import { searchQuery } from "../events/search-text.ts";
import { instantFrom, instantTo } from "../http/range.ts";
import { askStore } from "../stores/ask.ts";
import type { CallFilter } from "./call-conditions.ts";
import { type CallsAmong, listCalls } from "./calls.ts";
import { metricConditions } from "./metric-condition.ts";
import type { Page, PageAt } from "./page.ts";
import { type LedgerReader, type ListedRow, parseRows } from "./schema.ts";

const typed = z.string().trim().min(1).max(MAX_ID_CHARACTERS).optional();

const name = z.string().min(1).max(MAX_ID_CHARACTERS).optional();

/** The filter of a listing, as a query string has it. */
export const callFilter = {
  platform: name.describe("as in the address of its webhook: `atoms`"),
  agent_id: name,
  agent_version: name.describe("as the platform writes it"),
  agent_phone: name.describe(
    "the agent's number, as the platform writes it, or its digits with the code of the country",
  ),
  call_direction: callDirection.optional(),
  disposition: z.string().min(1).optional().describe("whatever the case of its letters from A to Z"),
  status: callStatus.optional(),
  from: instantFrom.optional(),
  to: instantTo.optional(),
  min_duration: z.coerce.number().optional().describe("seconds; a call of just so many is in"),
  max_duration: z.coerce.number().optional().describe("seconds; a call of just so many is in"),
  min_cost: z.coerce.number().optional().describe("US dollars; a call of just so many is in"),
  has_recording: z
    .enum(["true", "false"])
    .transform((word) => word === "true")
    .optional()
    .describe("whether the platform named a recording"),
  tool: z.string().min(1).optional().describe("a tool that the agent called"),
  tool_status: toolStatus.optional().describe("how a call of this `tool` ended, or of any tool"),
  metric: metricConditions.optional(),
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
  error: { path: keyof typeof callFilter; message: string };
}

/** The calls that a search means, before they are filtered. */
interface Meant {
  kind: "found";
  among: CallsAmong;
  filter: CallFilter;
}

export type CallSearchResult<Row> = (Meant & Page<Row>) | Refused;

/**
 * Reads a page of calls.
 * @param row the columns to read
 * @param searchTranscripts the setting: whether words are indexed
 */
export async function searchCalls<Row>(
  db: LedgerReader,
  row: ListedRow<Row>,
  { filter, ...page }: CallSearch,
  searchTranscripts: boolean,
): Promise<CallSearchResult<Row>> {
  const meant = await readMeant(db, filter, searchTranscripts);
  if (meant.kind === "refused") return meant;
  return { ...meant, ...(await listCalls(db, row, meant.among, meant.filter, page)) };
}

/** Decides which calls a search means, or says what does not fit in it. */
export async function readMeant(
  db: LedgerReader,
  { q, phone, words, ...filter }: CallSearch["filter"],
  searchTranscripts: boolean,
): Promise<Meant | Refused> {
  const { from, to, min_duration, max_duration } = filter;
  if (from !== undefined && to !== undefined && from >= to) return refused("from", "the range ends before it begins");
  if (min_duration !== undefined && max_duration !== undefined && min_duration > max_duration) {
    return refused("min_duration", "is more than max_duration");
  }
  const among = await readAmong(db, { q, phone, words }, searchTranscripts);
  return "kind" in among ? among : { kind: "found", among, filter };
}

const answer = z.object({ is_call: z.number(), is_number: z.number() });

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

function refused(path: Refused["error"]["path"], message: string): Refused {
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
