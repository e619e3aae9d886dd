import type * as z from "zod";
import type { ListedMetric } from "../../../ledger/choices.ts";
import { callRow } from "../../../ledger/schema.ts";
import { counted, formatDollars, formatNumber } from "../../ui/numbers.ts";
import { Badge, CallBadge, Moment, startOf } from "../../ui/parts.tsx";
import { callerPath } from "../../ui/paths.ts";
import { type Column, Table } from "../../ui/table.tsx";
import { formatDuration } from "../../ui/times.ts";
import type { Viewer } from "../../ui/viewer.ts";
import { openedPath } from "../call/opened-from.ts";
import { listPath, metricWords, type Typed } from "./query.ts";
import type { Quote } from "./quotes.ts";

const FIELD_CHARACTERS = 80;
const SUMMARY_CHARACTERS = 160;
const HEAD_CHARACTERS = 40;

/** The columns that the table shows. */
export const listedCall = callRow.pick({
  call_id: true,
  called_at: true,
  caller_phone: true,
  agent_id: true,
  call_direction: true,
  duration_seconds: true,
  cost_usd: true,
  status: true,
  disposition: true,
  summary: true,
  transcript_key: true,
});
export type ListedCall = z.infer<typeof listedCall>;

/** A list by the words that were said: these, and the sentences that have them, by the id of the call. */
export interface Said {
  words: string;
  quotes: ReadonlyMap<string, Quote>;
}

interface CallTableProps {
  calls: readonly ListedCall[];
  /** In words, for who does not see that it is one. */
  order: string;
  /** The address of the list, to which a call's page leads back. */
  list: string;
  /** How many tool calls failed, by the id of the call; those without any are left out. */
  failedTools: ReadonlyMap<string, number>;
  /** The metrics that are filtered by, and the values that these calls have. */
  metrics: { names: readonly string[]; values: readonly ListedMetric[] };
  said: Said | undefined;
  /** The filters that are on: a value in the table leads to the calls that have it too. */
  typed: Typed;
  viewer: Viewer;
}

/** Calls as a table. A call's time leads to it; its texts can be selected. */
export function CallTable({ calls, order, list, failedTools, metrics, said, typed, viewer }: CallTableProps) {
  const filtered = (more: Typed) => listPath("/calls", { ...typed, ...more });
  const columns: Column<ListedCall>[] = [
    {
      name: "When",
      cell: ({ call_id, called_at }) => (
        <span data-copy={call_id} data-copies="the call’s id">
          <a class="call-link" href={said === undefined ? openedPath(call_id, list) : turnPath(call_id, list, said)}>
            <Moment at={called_at} viewer={viewer} />
          </a>
        </span>
      ),
    },
    {
      name: "Caller",
      cell: ({ caller_phone }) =>
        caller_phone !== null && (
          <span data-copy={caller_phone} data-copies="the number">
            <Caller phone={caller_phone} />
          </span>
        ),
    },
    {
      name: "Agent",
      cell: ({ agent_id }) => (
        <a class="quiet" href={filtered({ agent_id })}>
          <Field text={agent_id} />
        </a>
      ),
    },
    { name: "Direction", cell: ({ call_direction }) => <Field text={call_direction} /> },
    {
      name: "Duration",
      kind: "number",
      cell: ({ duration_seconds }) => duration_seconds !== null && formatDuration(duration_seconds),
    },
    { name: "Cost", kind: "number", cell: ({ cost_usd }) => cost_usd !== null && formatDollars(cost_usd) },
    {
      name: "Status",
      cell: ({ call_id, status }) => (
        <>
          <CallBadge status={status} />{" "}
          <FailedTools count={failedTools.get(call_id) ?? 0} path={filtered({ tool_status: "error" })} />
        </>
      ),
    },
    ...metrics.names.map((metric) => metricColumn(metric, metrics.values)),
    {
      name: "Disposition",
      cell: (call) => (
        <Disposition call={call} path={(disposition) => filtered({ disposition })} hasQuote={said !== undefined} />
      ),
    },
  ];
  if (said !== undefined) {
    columns.push({
      name: "Said",
      cell: ({ call_id }) => <Sentence quote={said.quotes.get(call_id)} path={turnPath(call_id, list, said)} />,
    });
  }
  return <Table<ListedCall> caption={`Calls, ${order}`} class="calls" rows={calls} columns={columns} />;
}

/** The address of a call at the turn that has the words, which its page marks. */
function turnPath(call_id: string, list: string, { words, quotes }: Said): string {
  const turn = quotes.get(call_id)?.turn;
  return `${openedPath(call_id, list, words)}${turn === undefined ? "" : `#turn-${turn}`}`;
}

function Caller({ phone }: { phone: string }) {
  const path = callerPath(phone);
  if (path === undefined) return <Field text={phone} />;
  return (
    <a class="quiet" href={path}>
      <Field text={phone} />
    </a>
  );
}

function FailedTools({ count, path }: { count: number; path: string }) {
  if (count === 0) return null;
  return (
    <a class="quiet" href={path}>
      <Badge tone="bad">{counted(count, "tool")} failed</Badge>
    </a>
  );
}

/** On one line where the screen has the room: what is cut is on hover, and in what is selected. */
function Field({ text }: { text: string | null }) {
  if (text === null) return null;
  const start = startOf(text, FIELD_CHARACTERS);
  return (
    <bdi class="one-line" title={start}>
      {start}
    </bdi>
  );
}

/** A column of the values that calls have of a metric; of numbers aligned. */
function metricColumn(metric: string, listed: readonly ListedMetric[]): Column<ListedCall> {
  const values = new Map(listed.flatMap((each) => (each.metric === metric ? [[each.call_id, each] as const] : [])));
  const isNumber = [...values.values()].every(({ type }) => type === "integer" || type === "real");
  const name = startOf(metricWords(metric), HEAD_CHARACTERS);
  return {
    name,
    ...(isNumber && { kind: "number" }),
    cell: ({ call_id }) => {
      const value = values.get(call_id);
      return (
        value !== undefined && (
          <bdi class="labelled" data-label={name} title={startOf(metric, FIELD_CHARACTERS)}>
            {metricText(value)}
          </bdi>
        )
      );
    },
  };
}

function metricText({ type, value }: ListedMetric): string {
  if (type === "true" || type === "false") return type === "true" ? "yes" : "no";
  return typeof value === "number" ? formatNumber(value) : startOf(value ?? "", FIELD_CHARACTERS);
}

interface DispositionProps {
  call: ListedCall;
  /** Calls of the same disposition. */
  path: (disposition: string) => string;
  /** The sentence stands in place of the summary. */
  hasQuote: boolean;
}

function Disposition({ call: { disposition, summary }, path, hasQuote }: DispositionProps) {
  return (
    <div class="outcome">
      {disposition !== null && (
        <a class="quiet" href={path(disposition)}>
          <bdi>{startOf(disposition, FIELD_CHARACTERS)}</bdi>
        </a>
      )}
      {summary !== null && !hasQuote && (
        <span class="clamped small soft" dir="auto">
          {startOf(summary, SUMMARY_CHARACTERS)}
        </span>
      )}
    </div>
  );
}

/** Shows the sentence of a call, with the words that were found marked. */
function Sentence({ quote, path }: { quote: Quote | undefined; path: string }) {
  if (quote === undefined) return null;
  return (
    <blockquote class="quote" dir="auto">
      {quote.pieces.map(({ text, isFound }) => (isFound ? <mark>{text}</mark> : text))}{" "}
      <a class="small keep" href={path}>
        turn {quote.turn}
      </a>
    </blockquote>
  );
}
