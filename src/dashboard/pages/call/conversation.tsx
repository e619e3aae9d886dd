import type { Child } from "hono/jsx";
import { countSpoken } from "../../../events/conversation.ts";
import type { SpeechTurn, Turn } from "../../../events/event.ts";
import type { CallRow } from "../../../ledger/schema.ts";
import { counted, formatCount } from "../../ui/numbers.ts";
import { Clipped, Empty, Marked, Sheet, startOf } from "../../ui/parts.tsx";
import { callPath, withQuery } from "../../ui/paths.ts";
import type { Viewer } from "../../ui/viewer.ts";
import { type Sought, soughtIn, TurnSearch } from "./found.tsx";
import { ToolCall } from "./tool-call.tsx";
import { spokenAt, startOfSpeech, type TranscriptState } from "./transcript.ts";

/** Turns that a page shows at first: more than an hour of talk, and still a light page. */
const FIRST_TURNS = 300;

/** Characters of a turn that a page shows at first; nobody speaks as long in one go. */
const TURN_CHARACTERS = 4000;

/** Longer turns are shown without marks: each mark costs markup. */
const MAX_MARKED_CHARACTERS = 20_000;

const LABEL_CHARACTERS = 60;

interface ConversationProps {
  transcript: TranscriptState;
  call: CallRow;
  viewer: Viewer;
  /** Show every turn, and all of it. */
  all: boolean;
  /** Words to mark. */
  words: string | undefined;
  /** The list that the call was opened from, as its address has it. */
  list: string | undefined;
}

/** The conversation of a call, or why there is none to show. */
export function Conversation({ transcript, ...rest }: ConversationProps) {
  if (transcript.kind === "present") return <Turns turns={transcript.turns} {...rest} />;
  return (
    <Sheet title="Conversation">
      <NoTranscript kind={transcript.kind} transcriptKey={rest.call.transcript_key} />
    </Sheet>
  );
}

function Turns({
  turns,
  call,
  viewer,
  list,
  words,
  ...asked
}: Omit<ConversationProps, "transcript"> & { turns: readonly Turn[] }) {
  const start = startOfSpeech(call.started_at, turns);
  const sought = words === undefined ? undefined : soughtIn(turns, words);
  const all = asked.all || [...(sought?.turns ?? [])].some((number) => number > FIRST_TURNS);
  const shown = all ? turns : turns.slice(0, FIRST_TURNS);
  return (
    <Sheet title="Conversation" note={notes(turns)}>
      <TurnSearch callId={call.call_id} kept={{ list, turns: asked.all ? "all" : undefined }} sought={sought} />
      {shown.length < turns.length && (
        <p>
          The first {formatCount(shown.length)} of {counted(turns.length, "turn")}.{" "}
          <a href={withQuery(callPath(call.call_id), { list, words, turns: "all" })}>Show all turns</a>
        </p>
      )}
      <ol class="conversation">
        {shown.map((turn, index) => {
          const number = index + 1;
          const at = <TurnAt number={number} turn={turn} start={start} viewer={viewer} />;
          return turn.kind === "tool" ? (
            <ToolCall number={number} turn={turn} at={at} all={all} />
          ) : (
            <Speech number={number} turn={turn} at={at} all={all} sought={sought} />
          );
        })}
      </ol>
    </Sheet>
  );
}

/** How much was said and done: `12 turns, 2 tool calls`. */
function notes(turns: readonly Turn[]): string {
  const spoken = countSpoken(turns) ?? 0;
  const tools = turns.length - spoken;
  return [spoken > 0 && counted(spoken, "turn"), tools > 0 && counted(tools, "tool call")].filter(Boolean).join(", ");
}

interface SpeechProps {
  /** From 1. */
  number: number;
  turn: SpeechTurn;
  at: Child;
  all: boolean;
  sought: Sought | undefined;
}

function Speech({ number, turn, at, all, sought }: SpeechProps) {
  const limit = all ? Number.POSITIVE_INFINITY : TURN_CHARACTERS;
  const isFound = sought?.turns.has(number) === true;
  return (
    <li id={`turn-${number}`} class={`turn ${sideOf(turn)}`}>
      <p class="who">
        <Speaker role={turn.role} />
        {at}
      </p>
      <blockquote dir="auto">
        {isFound && turn.content.length <= MAX_MARKED_CHARACTERS ? (
          <Marked text={turn.content} marks={sought.find(turn.content).spans} />
        ) : (
          <Clipped text={turn.content} limit={limit} rest="show all turns" />
        )}
      </blockquote>
    </li>
  );
}

function sideOf({ role }: SpeechTurn): "agent" | "caller" | "other" {
  if (role === "user") return "caller";
  return role === "agent" ? "agent" : "other";
}

function Speaker({ role }: { role: string | null }) {
  if (role === "agent") return "Agent";
  if (role === "user") return "Caller";
  return role === null ? "Unknown" : <bdi>{startOf(role, LABEL_CHARACTERS)}</bdi>;
}

interface TurnAtProps {
  number: number;
  turn: Turn;
  start: string | undefined;
  viewer: Viewer;
}

/** Shows the address of a turn, when it began and, where the platform says it, ended. The player plays from the one `time` that a turn has. */
function TurnAt({ number, turn, start, viewer }: TurnAtProps) {
  const address = (
    <>
      {" · "}
      <a class="turn-link" href={`#turn-${number}`} aria-label={`Turn ${number}`}>
        #{number}
      </a>
    </>
  );
  if (turn.timestamp === null) return address;
  const { text, moment } = spokenAt(turn.timestamp, start, viewer.timeZone);
  const ended =
    turn.kind === "speech" && turn.ended_at !== null && spokenAt(turn.ended_at, start, viewer.timeZone).text;
  return (
    <>
      {" · "}
      {moment === undefined ? <bdi>{startOf(text, LABEL_CHARACTERS)}</bdi> : <time datetime={moment}>{text}</time>}
      {ended !== false && ended !== text && (
        <>
          {" – "}
          <bdi>{startOf(ended, LABEL_CHARACTERS)}</bdi>
        </>
      )}
      {address}
    </>
  );
}

type AbsentKind = Exclude<TranscriptState["kind"], "present">;

const absences: Record<AbsentKind, { title: string; text: string }> = {
  "not-ended": {
    title: "The call has not ended yet",
    text: "What is said comes with its end.",
  },
  "end-missing": {
    title: "The end of this call has not come in",
    text: "It was analyzed, so it has ended; its transcript comes with that event.",
  },
  empty: {
    title: "No transcript",
    text: "The call ended, and nothing that was said came with it.",
  },
  lost: {
    title: "The transcript is not in the archive",
    text: "The ledger knows where it was put, and there is nothing now. It may have been deleted in R2.",
  },
  unreadable: {
    title: "The archive does not answer",
    text: "What was said cannot be read just now. Everything else of the call is here; try again in a minute.",
  },
};

function NoTranscript({ kind, transcriptKey }: { kind: AbsentKind; transcriptKey: string | null }) {
  const { title, text } = absences[kind];
  return (
    <Empty title={title}>
      <p>{text}</p>
      {kind === "lost" && (
        <p>
          <code class="anywhere">{transcriptKey}</code>
        </p>
      )}
    </Empty>
  );
}
