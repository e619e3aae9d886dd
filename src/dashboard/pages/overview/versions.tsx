import type { Statistics } from "../../../ledger/totals/statistics.ts";
import { CALLS_LOOKED_AT, type VersionRow } from "../../../ledger/versions.ts";
import {
  formatCount,
  formatDollars,
  formatMilliseconds,
  formatNumber,
  formatShare,
  NO_NUMBER,
} from "../../ui/numbers.ts";
import { Sheet, startOf } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { metricWords } from "../calls/query.ts";
import type { ListOf } from "./calls-over-time.tsx";

const NAME_CHARACTERS = 60;

export type ComparedMetric = Pick<Statistics["metrics"][number], "metric" | "type">;

interface VersionsProps {
  versions: readonly VersionRow[];
  metrics: readonly ComparedMetric[];
  /** Of all calls of the range. */
  calls: number;
  listOf: ListOf;
}

/** Agents and their versions side by side: what their calls came to, cost, took and failed at. */
export function Versions({ versions, metrics, calls, listOf }: VersionsProps) {
  if (versions.length === 0) return null;
  return (
    <Sheet
      title="Agents and versions"
      note={calls > CALLS_LOOKED_AT && `of the newest ${formatCount(CALLS_LOOKED_AT)} calls of the range`}
    >
      <Table<VersionRow>
        class="compared"
        caption="Agents and their versions, compared"
        rows={versions}
        columns={[
          {
            name: "Agent",
            cell: ({ agent_id }) => (
              <a href={listOf({ agent_id })}>
                <bdi>{startOf(agent_id, NAME_CHARACTERS)}</bdi>
              </a>
            ),
          },
          {
            name: "Version",
            cell: ({ agent_id, agent_version }) =>
              agent_version === null ? (
                <span class="soft">not given</span>
              ) : (
                <a href={listOf({ agent_id, agent_version })}>
                  <bdi>{startOf(agent_version, NAME_CHARACTERS)}</bdi>
                </a>
              ),
          },
          { name: "Calls", kind: "number", cell: (row) => formatCount(row.calls) },
          ...metrics.map(metricColumn),
          ...columnsIn(versions, listOf),
        ]}
      />
    </Sheet>
  );
}

function metricColumn({ metric, type }: ComparedMetric): Column<VersionRow> {
  return {
    name: startOf(metricWords(metric), NAME_CHARACTERS),
    title: metric,
    kind: "number",
    cell: ({ metrics, calls }) => {
      const average = Object.entries(metrics).find(([name]) => name === metric)?.[1];
      if (average === undefined) return NO_NUMBER;
      return type === "boolean" ? formatShare(average * calls, calls) : formatNumber(average);
    },
  };
}

/** Not of platforms that never say it. */
function columnsIn(versions: readonly VersionRow[], listOf: ListOf): Column<VersionRow>[] {
  const cost: Column<VersionRow> = {
    name: "Cost a call",
    kind: "number",
    cell: ({ cost_usd }) => (cost_usd === null ? NO_NUMBER : formatDollars(cost_usd)),
  };
  const latency: Column<VersionRow> = {
    name: "Latency",
    kind: "number",
    cell: ({ latency_ms }) => (latency_ms === null ? NO_NUMBER : formatMilliseconds(latency_ms)),
  };
  const failed: Column<VersionRow> = {
    name: "Failed tools",
    kind: "number",
    cell: ({ agent_id, agent_version, tool_calls, failed_tools }) =>
      failed_tools === 0 ? (
        formatCount(failed_tools)
      ) : (
        <a
          class="failures"
          href={listOf({ agent_id, ...(agent_version !== null && { agent_version }), tool_status: "error" })}
        >
          {`${formatCount(failed_tools)} of ${formatCount(tool_calls)}`}
        </a>
      ),
  };
  return [
    ...(versions.some(({ cost_usd }) => cost_usd !== null) ? [cost] : []),
    ...(versions.some(({ latency_ms }) => latency_ms !== null) ? [latency] : []),
    ...(versions.some(({ tool_calls }) => tool_calls > 0) ? [failed] : []),
  ];
}
