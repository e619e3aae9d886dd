import { formatCount } from "../numbers.ts";

/** The beginning of a text, which says that it is one. */
export function startOf(text: string, limit: number): string {
  // A pair of surrogates that the cut goes through is no character.
  return text.length <= limit ? text : `${text.slice(0, limit).toWellFormed()}…`;
}

/**
 * Words from outside, up to so many characters. Any field may be megabytes long, and a page with all of it is of no use.
 * @param rest where the whole of it is
 */
export function Clipped({ text, limit, rest }: { text: string; limit: number; rest: string }) {
  return (
    <>
      {startOf(text, limit)}
      {text.length > limit && (
        <span class="soft small">{` ${formatCount(text.length - limit)} characters more: ${rest}`}</span>
      )}
    </>
  );
}
