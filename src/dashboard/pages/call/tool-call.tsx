import type { Child } from "hono/jsx";
import type { ToolStatus, ToolTurn } from "../../../events/event.ts";
import type { Tone } from "../../ui/notices.tsx";
import { formatMilliseconds } from "../../ui/numbers.ts";
import { Badge, Clipped, startOf } from "../../ui/parts.tsx";
import { withQuery } from "../../ui/paths.ts";

const NAME_CHARACTERS = 120;

/** Characters of arguments and of a result that a page shows at first, and once all turns are asked for. */
const VALUE_CHARACTERS = 4000;
const ALL_VALUE_CHARACTERS = 100_000;

/** Longer JSON stays on one line: deep as it may be, its indentation would be a thousand times as long. */
const PRETTY_CHARACTERS = 20_000;

interface ToolCallProps {
  /** From 1, turns that were spoken included. */
  number: number;
  turn: ToolTurn;
  /** When the agent called it. */
  at: Child;
  /** Show more of what is long. */
  all: boolean;
}

/** A tool that the agent called, in its place in the conversation: all of it as text, whatever it holds. */
export function ToolCall({ number, turn, at, all }: ToolCallProps) {
  const { name, status, duration_ms } = turn;
  const limit = all ? ALL_VALUE_CHARACTERS : VALUE_CHARACTERS;
  return (
    <li id={`turn-${number}`} class={status === "error" ? "turn tool failed" : "turn tool"}>
      <p class="who">
        Tool
        {at}
      </p>
      <div class="tool-call">
        <p class="tool-head">
          <a class="quiet" href={withQuery("/calls", { tool: name })}>
            <code>
              <bdi>{startOf(name, NAME_CHARACTERS)}</bdi>
            </code>
          </a>
          <ToolBadge status={status} />
          {duration_ms !== null && <span class="small soft keep">{formatMilliseconds(duration_ms)}</span>}
        </p>
        <ToolValue title="Arguments" value={turn.arguments} limit={limit} />
        <ToolValue title="Result" value={turn.result} limit={limit} />
      </div>
    </li>
  );
}

const endings: Record<ToolStatus, { tone: Tone; word: string }> = {
  ok: { tone: "good", word: "ok" },
  error: { tone: "bad", word: "failed" },
};

function ToolBadge({ status }: { status: ToolStatus | null }) {
  if (status === null) return <Badge>unknown</Badge>;
  const { tone, word } = endings[status];
  return <Badge tone={tone}>{word}</Badge>;
}

function ToolValue({ title, value, limit }: { title: string; value: unknown; limit: number }) {
  if (value === null || value === undefined) return null;
  return (
    <details>
      <summary>{title}</summary>
      <pre class="payload" dir="auto">
        <Clipped text={textOf(value)} limit={limit} rest="R2 has the rest" />
      </pre>
    </details>
  );
}

/** JSON with its indentation; a text that is none as it is. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const json = JSON.stringify(value);
  return json.length > PRETTY_CHARACTERS ? json : JSON.stringify(value, undefined, 2);
}
