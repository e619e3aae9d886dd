import type { Statistics } from "../../../ledger/totals/statistics.ts";
import { counted, formatCount, formatMilliseconds, formatShare, NO_NUMBER } from "../../ui/numbers.ts";
import { Sheet, startOf } from "../../ui/parts.tsx";
import { Table } from "../../ui/table.tsx";

type Tool = Statistics["tools"][number];

const SHOWN = 20;
const NAME_CHARACTERS = 80;

/** The tools that agents called in a range: how often, how many failed, how long they took. Nothing where there are none. */
export function Tools({ tools }: { tools: readonly Tool[] }) {
  if (tools.length === 0) return null;
  return (
    <Sheet title="Tools" note={tools.length > SHOWN && `the ${SHOWN} that were called most`}>
      <Table<Tool>
        caption={`Calls of each tool, ${counted(tools.length, "tool")}`}
        rows={tools.slice(0, SHOWN)}
        columns={[
          { name: "Tool", cell: ({ name }) => <bdi>{startOf(name, NAME_CHARACTERS)}</bdi> },
          { name: "Calls", kind: "number", cell: ({ calls }) => formatCount(calls) },
          {
            name: "Failed",
            kind: "number",
            cell: ({ errors }) => <span class={errors > 0 ? "failures" : undefined}>{formatCount(errors)}</span>,
          },
          { name: "Failure rate", kind: "number", cell: ({ calls, errors }) => formatShare(errors, calls) },
          {
            name: "Average time",
            kind: "number",
            cell: ({ average_duration_ms: ms }) => (ms === null ? NO_NUMBER : formatMilliseconds(ms)),
          },
        ]}
      />
    </Sheet>
  );
}
