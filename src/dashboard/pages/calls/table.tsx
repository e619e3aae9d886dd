import type * as z from "zod";
import { callRow } from "../../../ledger/schema.ts";
import { counted, formatDollars } from "../../ui/numbers.ts";
import { Badge, CallBadge, Moment, startOf } from "../../ui/parts.tsx";
import { callPath } from "../../ui/paths.ts";
import { Table } from "../../ui/table.tsx";
import { formatDuration } from "../../ui/times.ts";
import type { Viewer } from "../../ui/viewer.ts";

const FIELD_CHARACTERS = 80;
const SUMMARY_CHARACTERS = 160;
/** Phone numbers and most names are no longer, and no good in pieces. */
const UNBROKEN_CHARACTERS = 20;

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
});
export type ListedCall = z.infer<typeof listedCall>;

interface CallTableProps {
  calls: readonly ListedCall[];
  /** How many tool calls failed, by the id of the call; those without any are left out. */
  failedTools: ReadonlyMap<string, number>;
  viewer: Viewer;
}

/** Calls as a table; a whole row leads to its call, by one link. */
export function CallTable({ calls, failedTools, viewer }: CallTableProps) {
  return (
    <Table<ListedCall>
      caption="Calls, newest first"
      class="cards calls"
      rows={calls}
      columns={[
        {
          name: "When",
          cell: ({ call_id, called_at }) => (
            <a class="row-link" href={callPath(call_id)}>
              <Moment at={called_at} viewer={viewer} />
            </a>
          ),
        },
        { name: "Caller", cell: ({ caller_phone }) => <Field text={caller_phone} /> },
        { name: "Agent", cell: ({ agent_id }) => <Field text={agent_id} /> },
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
              <CallBadge status={status} /> <FailedTools count={failedTools.get(call_id) ?? 0} />
            </>
          ),
        },
        { name: "Disposition", cell: (call) => <Disposition call={call} /> },
      ]}
    />
  );
}

function FailedTools({ count }: { count: number }) {
  return count === 0 ? null : <Badge tone="bad">{counted(count, "tool")} failed</Badge>;
}

function Field({ text }: { text: string | null }) {
  if (text === null) return null;
  return <bdi class={text.length <= UNBROKEN_CHARACTERS ? "keep" : undefined}>{startOf(text, FIELD_CHARACTERS)}</bdi>;
}

function Disposition({ call: { disposition, summary } }: { call: ListedCall }) {
  return (
    <>
      {disposition !== null && <bdi>{startOf(disposition, FIELD_CHARACTERS)}</bdi>}
      {summary !== null && (
        <span class="clamped small soft" dir="auto">
          {startOf(summary, SUMMARY_CHARACTERS)}
        </span>
      )}
    </>
  );
}
