import type { Statistics } from "../../../ledger/totals/statistics.ts";
import { counted, formatCount, formatMilliseconds, formatShare, NO_NUMBER } from "../../ui/numbers.ts";
import { Sheet, startOf } from "../../ui/parts.tsx";
import { Table } from "../../ui/table.tsx";
import type { ListOf } from "./calls-over-time.tsx";

type Tool = Statistics["tools"][number];

const SHOWN = 20;
const NAME_CHARACTERS = 80;

/** The tools that agents called in a range: how often, how many failed, how long they took. Nothing where there are none. */
export function Tools({ tools, listOf }: { tools: readonly Tool[]; listOf: ListOf }) {
  if (tools.length === 0) return null;
  return (
    <Sheet title="Tools" note={tools.length > SHOWN && `the ${SHOWN} that were called most`}>
      <Table<Tool>
        class="compared"
        caption={`Calls of each tool, ${counted(tools.length, "tool")}`}
        rows={tools.slice(0, SHOWN)}
        columns={[
          {
            name: "Tool",
            cell: ({ name }) => (
              <a href={listOf({ tool: name })}>
                <bdi>{startOf(name, NAME_CHARACTERS)}</bdi>
              </a>
            ),
          },
          { name: "Calls", kind: "number", cell: ({ calls }) => formatCount(calls) },
          {
            name: "Failed",
            kind: "number",
            cell: ({ name, errors }) =>
              errors === 0 ? (
                formatCount(errors)
              ) : (
                <a class="failures" href={listOf({ tool: name, tool_status: "error" })}>
                  {formatCount(errors)}
                </a>
              ),
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
