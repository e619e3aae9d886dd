import type { Turn } from "./event.ts";

/**
 * Scripts that put no spaces between words: each letter, with the marks on it, is indexed as a word of its own, and a search
 * becomes a phrase of them. So any part of a sentence is found, whatever a dictionary makes of it.
 */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]\p{M}*/gu;

/** Below this every character has one form only, and every script has spaces: many texts need no more work. */
const NEEDS_CARE = /[\u00a0-\u{10ffff}]/u;

/**
 * Brings a text into the form of the index: words between spaces, whatever the script, and every character in the one form
 * that its look-alikes have in common (Unicode Standard Annex 15, NFKC).
 */
function normalize(text: string): string {
  return NEEDS_CARE.test(text) ? text.normalize("NFKC").replace(UNSPACED, " $& ") : text;
}

/** D1 takes 2,000,000 bytes a parameter (developers.cloudflare.com/d1/platform/limits): some forty hours of talk. */
const MAX_SEARCH_TEXT_BYTES = 1_900_000;

/** Characters that are normalized at a time: one character may become eighteen (U+FDFA). */
const PIECE_CHARACTERS = 100_000;

/**
 * The spoken words of a transcript, in the form of the index. Stops at as much as D1 takes: all of a hostile body, at eighteen times
 * its size, would not fit a Worker.
 */
export function searchText(turns: readonly Turn[]): string {
  const all = turns.flatMap((turn) => (turn.kind === "speech" ? turn.content.toWellFormed() : [])).join("\n");
  let text = "";
  for (let from = 0; from < all.length && text.length < MAX_SEARCH_TEXT_BYTES; from += PIECE_CHARACTERS) {
    text += normalize(all.slice(from, from + PIECE_CHARACTERS));
  }
  if (text.length * 3 <= MAX_SEARCH_TEXT_BYTES) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_SEARCH_TEXT_BYTES));
  return text.slice(0, read);
}

/** From three bytes of UTF-8 on, a search word may be the beginning of a word: three Latin letters, or one syllable of Hangul. */
const MIN_PREFIX_BYTES = 3;

/** Marks alone, as of an emoji, are no word, and the beginning of every word. */
const LETTER = /[\p{L}\p{N}\p{Co}]/u;

/** Words that follow each other, in the form of the index; the last may be the beginning of one. */
interface SearchTerm {
  words: string;
  begins: boolean;
}

/** Splits typed text into terms that all have to be there: words, and in double quotes several as they are and in just this order. */
function searchTerms(typed: string): SearchTerm[] {
  return [...typed.matchAll(/"([^"]*)"?|[^\s"]+/g)].flatMap(([whole, quoted]) => {
    const words = ((quoted ?? whole).match(WORD) ?? []).filter((word) => LETTER.test(word));
    if (words.length === 0) return [];
    const begins = quoted === undefined && new TextEncoder().encode(words.at(-1)).byteLength >= MIN_PREFIX_BYTES;
    return [{ words: normalize(words.join(" ")).trim(), begins }];
  });
}

const WORD = /[\p{L}\p{N}\p{M}\p{Co}]+/gu;

/**
 * Turns what somebody typed into a query of SQLite's full text search (sqlite.org/fts5.html, 3): every word is there or begins one that is,
 * words in double quotes as they are and in just this order. SQLite reads all calls with words that begin so before it has a page:
 * 150 ms for a million with two of them each. Finds nothing when there is no letter and no digit in it.
 */
export function searchQuery(typed: string): string {
  return (
    searchTerms(typed)
      .map(({ words, begins }) => `"${words}"${begins ? " *" : ""}`)
      .join(" AND ") || '""'
  );
}

/** A part of a text, from one character to before another. */
export interface Span {
  start: number;
  end: number;
}

/** Finds in a text what a search finds it by: where, in order, none over another, and how many of the terms there are. */
export type WordFinder = (text: string) => { spans: Span[]; terms: number };

/** Characters of a text in which words are looked for; nobody speaks as long in one go. */
const MAX_FOUND_CHARACTERS = 100_000;

/** Makes the finder of what somebody typed, of which it knows words as the index does: without case and accents, whatever the script. */
export function wordFinder(typed: string): WordFinder {
  const terms = searchTerms(typed).map(({ words, begins }) => ({
    words: (words.match(WORD) ?? []).map(folded),
    begins,
  }));
  return (text) => {
    const present = wordsOf(text.slice(0, MAX_FOUND_CHARACTERS));
    const spans = terms.map(({ words, begins }) =>
      present.flatMap((first, index) => {
        const last = present[index + words.length - 1];
        const matches = words.every((word, nth) => {
          const other = present[index + nth]?.word;
          return begins && nth === words.length - 1 ? other?.startsWith(word) : other === word;
        });
        return matches && last !== undefined ? [{ start: first.start, end: last.end }] : [];
      }),
    );
    return { spans: joined(spans.flat()), terms: spans.filter((found) => found.length > 0).length };
  };
}

/** The words of a text with their places, each letter by itself in scripts without spaces. */
function wordsOf(text: string): (Span & { word: string })[] {
  return [...text.matchAll(WORD)].flatMap(({ 0: run, index }) => {
    const letters = [...run.matchAll(UNSPACED)];
    const pieces: Span[] = [];
    let from = 0;
    for (const { 0: letter, index: at } of letters) {
      if (at > from) pieces.push({ start: from, end: at });
      pieces.push({ start: at, end: at + letter.length });
      from = at + letter.length;
    }
    if (from < run.length) pieces.push({ start: from, end: run.length });
    return pieces.map(({ start, end }) => ({
      start: index + start,
      end: index + end,
      word: folded(run.slice(start, end)),
    }));
  });
}

/** As the index's tokenizer folds a word: by case, and without the accents of Latin, Greek and Cyrillic. */
function folded(word: string): string {
  return word
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[\u0300-\u036f]/g, "")
    .normalize("NFC");
}

function joined(spans: readonly Span[]): Span[] {
  const ordered = spans.toSorted((one, other) => one.start - other.start || one.end - other.end);
  const result: Span[] = [];
  for (const span of ordered) {
    const last = result.at(-1);
    if (last !== undefined && span.start < last.end) last.end = Math.max(last.end, span.end);
    else result.push({ ...span });
  }
  return result;
}
