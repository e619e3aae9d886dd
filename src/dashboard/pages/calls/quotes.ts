import pMap from "p-map";
import { readTranscript } from "../../../archive/transcripts.ts";
import { type Span, type WordFinder, wordFinder } from "../../../events/search-text.ts";
import { logError } from "../../../log.ts";
import { MAX_CONNECTIONS } from "../../../stores/ask.ts";

/** The part of a turn around the words that a call was found by. */
export interface Quote {
  /** The turn of the conversation, from 1, tool calls included: its address on the call's page is `#turn-7`. */
  turn: number;
  pieces: { text: string; isFound: boolean }[];
}

/** Larger bodies, of many hours, are left out: six are read at a time, and a Worker has 128 MB. */
const MAX_BYTES = 2_000_000;

/** Time for all of a page: without its sentences a call is listed all the same. */
const TIMEOUT_MS = 2_500;

/**
 * Reads of each call the turn that has most of the words, from the archive, since the index has no text.
 * @returns quotes by the id of the call; those that cannot be read in time are left out
 */
export async function readQuotes(
  bucket: R2Bucket,
  calls: readonly { call_id: string; transcript_key: string | null }[],
  words: string,
): Promise<ReadonlyMap<string, Quote>> {
  const until = Date.now() + TIMEOUT_MS;
  const find = wordFinder(words);
  const quotes = await pMap(
    calls,
    async ({ call_id, transcript_key: key }): Promise<[string, Quote] | undefined> => {
      if (key === null || Date.now() >= until) return undefined;
      try {
        const archived = await readTranscript(bucket, key, { maxBytes: MAX_BYTES, until });
        const quote = quoteOf(archived?.turns ?? [], find);
        return quote && [call_id, quote];
      } catch (error) {
        logError({ message: "could not read a transcript", call_id }, error);
        return undefined;
      }
    },
    { concurrency: MAX_CONNECTIONS },
  );
  return new Map(quotes.filter((quote) => quote !== undefined));
}

type SpokenTurn = { kind: "speech"; content: string } | { kind: "tool" };

/** The turn that has most of the words, the first of several, cut around the first of them. */
export function quoteOf(turns: readonly SpokenTurn[], find: WordFinder): Quote | undefined {
  let best: { turn: number; content: string; spans: Span[]; terms: number } | undefined;
  for (const [index, turn] of turns.entries()) {
    if (turn.kind !== "speech") continue;
    const { spans, terms } = find(turn.content);
    if (terms > (best?.terms ?? 0)) best = { turn: index + 1, content: turn.content, spans, terms };
  }
  return best && { turn: best.turn, pieces: cut(best.content, best.spans) };
}

/** Characters before the first word that was found, and of the whole. */
const BEFORE_CHARACTERS = 60;
const QUOTE_CHARACTERS = 200;

/** A space at which a sentence may be cut. */
const SPACE = /\s/u;

function cut(content: string, spans: readonly Span[]): Quote["pieces"] {
  const earliest = Math.max(0, (spans[0]?.start ?? 0) - BEFORE_CHARACTERS);
  const space = content.slice(earliest, spans[0]?.start).search(SPACE);
  const start = earliest === 0 ? 0 : earliest + space + 1;
  const end = Math.min(content.length, start + QUOTE_CHARACTERS);
  const pieces = [{ text: start > 0 ? "…" : "", isFound: false }];
  let from = start;
  for (const span of spans) {
    if (span.start >= end) break;
    const stop = Math.min(span.end, end);
    pieces.push({ text: content.slice(from, span.start), isFound: false });
    pieces.push({ text: content.slice(span.start, stop), isFound: true });
    from = stop;
  }
  pieces.push({ text: `${content.slice(from, end)}${end < content.length ? "…" : ""}`, isFound: false });
  // Where the cut goes through a pair of surrogates.
  return pieces.filter(({ text }) => text !== "").map(({ text, isFound }) => ({ text: text.toWellFormed(), isFound }));
}
