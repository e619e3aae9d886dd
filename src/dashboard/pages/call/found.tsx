import type { Turn } from "../../../events/event.ts";
import { type WordFinder, wordFinder } from "../../../events/search-text.ts";
import { Field } from "../../ui/forms.tsx";
import { counted, formatCount } from "../../ui/numbers.ts";
import { callPath } from "../../ui/paths.ts";

/** Links to turns that have the words. */
const MAX_LINKS = 50;

/** A search in a conversation, and the turns that have most of its words, by their numbers from 1. */
export interface Sought {
  words: string;
  find: WordFinder;
  turns: ReadonlySet<number>;
}

/** Looks for words in the spoken turns of a conversation, as the search of calls does. */
export function soughtIn(turns: readonly Turn[], words: string): Sought {
  const find = wordFinder(words);
  const matches = turns.flatMap((turn, index) => {
    const terms = turn.kind === "speech" ? find(turn.content).terms : 0;
    return terms > 0 ? [{ number: index + 1, terms }] : [];
  });
  const most = matches.reduce((highest, { terms }) => Math.max(highest, terms), 0);
  return { words, find, turns: new Set(matches.flatMap(({ terms, number }) => (terms === most ? number : []))) };
}

interface SearchProps {
  callId: string;
  /** The parameters of the page that stay. */
  kept: { readonly [name: string]: string | undefined };
  sought: Sought | undefined;
}

/** The form that looks for words in the conversation, and the turns that have them. */
export function TurnSearch({ callId, kept, sought }: SearchProps) {
  return (
    <div class="turn-search">
      {/* A call whose id is a step through folders is named in the query, which a form replaces. */}
      <form method="get" action={callPath(callId)}>
        {Object.entries({ ...kept, ...namedBy(callId) }).map(
          ([name, value]) => value !== undefined && <input type="hidden" name={name} value={value} />,
        )}
        <Field id="words" label="Find in this conversation">
          <input type="search" id="words" name="words" value={sought?.words} maxlength={200} />
        </Field>
        <button type="submit">Find</button>
      </form>
      {sought !== undefined && <FoundTurns sought={sought} />}
    </div>
  );
}

function namedBy(callId: string): { call_id?: string } {
  return callPath(callId).includes("?") ? { call_id: callId } : {};
}

function FoundTurns({ sought: { turns } }: { sought: Sought }) {
  if (turns.size === 0) return <p role="status">No turn has these words.</p>;
  return (
    <p role="status" class="small">
      {counted(turns.size, "turn has them", "turns have them")}:{" "}
      {[...turns].slice(0, MAX_LINKS).map((number) => (
        <>
          <a href={`#turn-${number}`}>{formatCount(number)}</a>{" "}
        </>
      ))}
      {turns.size > MAX_LINKS && "…"}
    </p>
  );
}
