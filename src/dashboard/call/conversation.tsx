import type { ListedCall } from "../../ledger/call-list.ts";
import type { Turn } from "../../platforms/turns.ts";
import { counted, formatCount } from "../numbers.ts";
import { Clipped, startOf } from "../parts/clipped.tsx";
import { Empty } from "../parts/empty.tsx";
import type { Viewer } from "../viewer.ts";
import type { Said } from "./said.ts";
import { spokenAt, startOfSpeech } from "./spoken-at.ts";

/** Turns that a page begins with: more than an hour of talk, and still a light page. */
const FIRST_TURNS = 300;

/** Characters of a turn that a page begins with; nobody says as much in one go. */
const TURN_CHARACTERS = 4000;

const LABEL_CHARACTERS = 60;

interface ConversationProps {
  said: Said;
  call: ListedCall;
  viewer: Viewer;
  /** Every turn, and all of it. */
  all: boolean;
  /** The page's own address. */
  path: string;
}

/** What was said in a call, or why it is not here. */
export function Conversation({ said, call, viewer, all, path }: ConversationProps) {
  return (
    <section class="sheet" aria-labelledby="conversation">
      <header>
        <h2 id="conversation">Conversation</h2>
        {said.kind === "said" && <p>{counted(said.turns.length, "turn")}</p>}
      </header>
      {said.kind === "said" ? (
        <Turns turns={said.turns} call={call} viewer={viewer} all={all} path={path} />
      ) : (
        <Silence kind={said.kind} transcriptKey={call.transcript_key} />
      )}
    </section>
  );
}

function Turns({ turns, call, viewer, all, path }: Omit<ConversationProps, "said"> & { turns: readonly Turn[] }) {
  const start = startOfSpeech(call.started_at, turns);
  const shown = all ? turns : turns.slice(0, FIRST_TURNS);
  const whole = `${path}${path.includes("?") ? "&" : "?"}turns=all`;
  return (
    <>
      <ol class="conversation">
        {shown.map((turn, index) => (
          <li key={index} class={`turn ${sideOf(turn)}`}>
            <p class="who">
              <Speaker role={turn.role} />
              <SpokenAt turn={turn} start={start} viewer={viewer} />
            </p>
            <blockquote dir="auto">
              <Clipped
                text={turn.content}
                limit={all ? Number.POSITIVE_INFINITY : TURN_CHARACTERS}
                rest="show all turns"
              />
            </blockquote>
          </li>
        ))}
      </ol>
      {shown.length < turns.length && (
        <p class="below">
          The first {formatCount(shown.length)} of {counted(turns.length, "turn")}. <a href={whole}>Show all turns</a>
        </p>
      )}
    </>
  );
}

function sideOf({ role }: Turn): "agent" | "caller" | "other" {
  if (role === "user") return "caller";
  return role === "agent" ? "agent" : "other";
}

function Speaker({ role }: { role: string | null }) {
  if (role === "agent") return "Agent";
  if (role === "user") return "Caller";
  return role === null ? "Unknown" : <bdi>{startOf(role, LABEL_CHARACTERS)}</bdi>;
}

function SpokenAt({ turn, start, viewer }: { turn: Turn; start: string | undefined; viewer: Viewer }) {
  if (turn.timestamp === null) return null;
  const { told, moment } = spokenAt(turn.timestamp, start, viewer.timeZone);
  return (
    <>
      {" · "}
      {moment === undefined ? <bdi>{startOf(told, LABEL_CHARACTERS)}</bdi> : <time datetime={moment}>{told}</time>}
    </>
  );
}

const silences: Record<Exclude<Said["kind"], "said">, { title: string; text: string }> = {
  "not-ended": {
    title: "The call has not ended yet",
    text: "What is said comes with its end.",
  },
  "end-missing": {
    title: "The end of this call has not come in",
    text: "It was analyzed, so it has ended; its transcript comes with that event.",
  },
  nothing: {
    title: "No transcript",
    text: "The call ended, and nothing that was said came with it.",
  },
  lost: {
    title: "The transcript is not in the archive",
    text: "The ledger knows where it was put, and there is nothing now. It may have been deleted in R2.",
  },
  unread: {
    title: "The archive does not answer",
    text: "What was said cannot be read just now. Everything else of the call is here; try again in a minute.",
  },
};

function Silence({ kind, transcriptKey }: { kind: Exclude<Said["kind"], "said">; transcriptKey: string | null }) {
  const { title, text } = silences[kind];
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
