/**
 * Scripts that put no spaces between words: here each letter, with the marks on it, is taken for a word of its own, and what
 * is searched for becomes a phrase of them. So any part of a sentence is found, whatever a dictionary makes of it.
 */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]\p{M}*/gu;

/** Below this every character has one form only, and every script has spaces: many texts are told by it to need no more work. */
const NEEDS_CARE = /[\u00a0-\u{10ffff}]/u;

/**
 * A text as the index of what was said takes it: words between spaces, whatever the script, and every character in the one
 * form that its look-alikes have in common (Unicode Standard Annex 15, NFKC).
 */
export function spaced(text: string): string {
  return NEEDS_CARE.test(text) ? text.normalize("NFKC").replace(UNSPACED, " $& ") : text;
}

/**
 * From so many bytes of UTF-8 on, what was typed may be the beginning of a word: three Latin letters, or one syllable of
 * Hangul. Fewer begin too many.
 */
const PREFIX_BYTES = 3;

/**
 * What somebody typed, as a query of SQLite's full text search (sqlite.org/fts5.html, 3): every word must be there, or begin
 * a word that is; what stands in double quotes, in just this order.
 * @returns `undefined` when there is no letter and no digit in it
 */
export function spokenQuery(typed: string): string | undefined {
  const terms = [...typed.matchAll(/"([^"]*)"?|[^\s"]+/g)].flatMap(([whole, quoted]) => {
    const words = (quoted ?? whole).match(/[\p{L}\p{N}\p{M}\p{Co}]+/gu) ?? [];
    if (words.length === 0) return [];
    const begins = quoted === undefined && new TextEncoder().encode(words.at(-1)).byteLength >= PREFIX_BYTES;
    return [`"${spaced(words.join(" ")).trim()}"${begins ? " *" : ""}`];
  });
  return terms.length === 0 ? undefined : terms.join(" AND ");
}
