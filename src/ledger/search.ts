import { spokenQuery } from "../events/search-text.ts";
import { attempt } from "../stores/attempt.ts";
import { SEARCH_LIMIT, STORE_LIMIT } from "../stores/limits.ts";
import type { CallCursor } from "./call-filter.ts";
import { type CallFilter, type ListedCall, listCalls, type PlacedCall } from "./call-list.ts";
import { listSpokenCalls } from "./conversations.ts";

/** Which calls are looked for, in what order of pages. */
export interface CallSearch {
  /** `q` in it is a call id, a phone number or a part of one, or words that were said. */
  filter: CallFilter & { q?: string | undefined };
  limit: number;
  /** The `next` of the page before. */
  after?: CallCursor | undefined;
}

/** A page of calls, newest first. */
export interface FoundPage {
  kind: "found";
  calls: ListedCall[];
  /** Where the next page begins; absent on the last. */
  next?: CallCursor;
}

/** `q` is no call id and no phone number, and words are not searched. */
export interface NotSearched {
  kind: "not-searched";
}

/** The same, for people. */
export const wordsNotSearched = {
  path: "q",
  message: "is no call id and no phone number, and words are not searched: SEARCH_TRANSCRIPTS is off",
};

/** Digits of a phone number from which on it is looked for: the last four are what people remember. */
const MIN_PHONE_DIGITS = 4;

/**
 * Reads a page of calls. What `q` means is found out by asking: a call's id, else a phone number, else words.
 * @param searchTranscripts the setting: whether there are words to search
 */
export async function searchCalls(
  db: D1Database,
  { filter: { q, ...filter }, limit, after }: CallSearch,
  searchTranscripts: boolean,
): Promise<FoundPage | NotSearched> {
  const place = after?.of === "calls" ? after.place : undefined;
  // One more than asked for tells whether there is another page.
  const list = async (narrowed: CallFilter, patience = STORE_LIMIT) =>
    pageOf("calls", await attempt(() => listCalls(db, narrowed, { limit: limit + 1, after: place }), patience), limit);
  if (q === undefined) return list(filter);

  if (after?.of !== "words") {
    const byId = await list({ ...filter, call_id: q });
    if (byId.calls.length > 0) return byId;
    const phone = phoneDigits(q);
    if (phone !== undefined) {
      const byPhone = await list({ ...filter, phone }, SEARCH_LIMIT);
      if (byPhone.calls.length > 0 || place !== undefined || !searchTranscripts) return byPhone;
    }
  }
  if (!searchTranscripts) return { kind: "not-searched" };
  const query = spokenQuery(q);
  if (query === undefined) return { kind: "found", calls: [] };
  const from = after?.of === "words" ? after.place : undefined;
  const page = { limit: limit + 1, after: from };
  return pageOf("words", await attempt(() => listSpokenCalls(db, query, filter, page), SEARCH_LIMIT), limit);
}

function pageOf(of: CallCursor["of"], rows: readonly PlacedCall[], limit: number): FoundPage {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  const calls = rows.slice(0, limit).map(({ place: _place, ...call }) => call);
  return { kind: "found", calls, ...(last !== undefined && { next: { of, place: last.place } }) };
}

/** `(555) 123-4567` → `5551234567`; `undefined` for what is no number. */
function phoneDigits(q: string): string | undefined {
  if (!/^\+?[\d\s()./-]+$/.test(q)) return undefined;
  const digits = q.replaceAll(/\D/g, "");
  return digits.length < MIN_PHONE_DIGITS ? undefined : digits;
}
