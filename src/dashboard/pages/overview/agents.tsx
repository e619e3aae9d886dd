import type { Statistics } from "../../../ledger/totals/statistics.ts";
import { Share } from "../../ui/charts/bars.tsx";
import { counted, formatCount, formatDollars, formatMilliseconds, formatShare, NO_NUMBER } from "../../ui/numbers.ts";
import { Sheet, startOf } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { formatDuration } from "../../ui/times.ts";
import type { ListOf } from "./calls-over-time.tsx";
import { overviewPath, type Range } from "./query.ts";

const SHOWN = 20;
const NAME_CHARACTERS = 80;

interface AgentsProps {
  days: Statistics["days"];
  range: Range;
  listOf: ListOf;
}

/** The agents of the range side by side. */
export function Agents({ days, range, listOf }: AgentsProps) {
  const agents = countAgents(days);
  const most = agents[0]?.calls ?? 0;
  return (
    <Sheet title="Agents" note={agents.length > SHOWN && `the busiest ${SHOWN} of ${formatCount(agents.length)}`}>
      <Table<AgentCounts>
        class="compared"
        caption={`Calls of each agent, ${counted(agents.length, "agent")}`}
        rows={agents.slice(0, SHOWN)}
        columns={[
          {
            name: "Agent",
            cell: ({ agent_id }) => (
              <a href={overviewPath(range, agent_id)}>
                <bdi>{startOf(agent_id, NAME_CHARACTERS)}</bdi>
              </a>
            ),
          },
          {
            name: "Calls",
            kind: "number",
            cell: ({ agent_id, calls }) => <a href={listOf({ agent_id })}>{formatCount(calls)}</a>,
          },
          { name: "Calls beside the busiest", kind: "drawn", cell: ({ calls }) => <Share part={calls} whole={most} /> },
          { name: "Ended", kind: "number", cell: ({ ended }) => formatCount(ended) },
          { name: "Analyzed", kind: "number", cell: ({ analyzed, calls }) => formatShare(analyzed, calls) },
          {
            name: "Average duration",
            kind: "number",
            cell: ({ with_duration, seconds }) =>
              with_duration === 0 ? NO_NUMBER : formatDuration(seconds / with_duration),
          },
          // Not of platforms that never say it.
          ...(agents.some(({ cost_usd }) => cost_usd !== null) ? [costColumn] : []),
          ...(agents.some(({ with_latency }) => with_latency > 0) ? [latencyColumn] : []),
        ]}
      />
    </Sheet>
  );
}

const costColumn: Column<AgentCounts> = {
  name: "Cost",
  kind: "number",
  cell: ({ cost_usd }) => (cost_usd === null ? NO_NUMBER : formatDollars(cost_usd)),
};

const latencyColumn: Column<AgentCounts> = {
  name: "Average latency",
  kind: "number",
  cell: ({ with_latency, latency_ms }) =>
    with_latency === 0 ? NO_NUMBER : formatMilliseconds(latency_ms / with_latency),
};

/** The sums of an agent's calls in a range. */
interface AgentCounts {
  agent_id: string;
  calls: number;
  ended: number;
  analyzed: number;
  /** Its calls whose duration is known. */
  with_duration: number;
  /** Of all its calls together. */
  seconds: number;
  /** null: no platform says what they cost. */
  cost_usd: number | null;
  /** Its calls whose latency is known. */
  with_latency: number;
  /** Of all its calls together. */
  latency_ms: number;
}

/** Adds up the days of each agent, those with most calls first. */
function countAgents(days: Statistics["days"]): AgentCounts[] {
  const sums = new Map<string, AgentCounts>();
  for (const { agent_id, calls, ended, analyzed, with_duration, total_duration_seconds, ...day } of days) {
    const sum: AgentCounts = sums.get(agent_id) ?? {
      ...{ agent_id, calls: 0, ended: 0, analyzed: 0, with_duration: 0, seconds: 0 },
      ...{ cost_usd: null, with_latency: 0, latency_ms: 0 },
    };
    sum.calls += calls;
    sum.ended += ended;
    sum.analyzed += analyzed;
    sum.with_duration += with_duration;
    sum.seconds += total_duration_seconds;
    if (day.cost_usd !== null) sum.cost_usd = (sum.cost_usd ?? 0) + day.cost_usd;
    sum.with_latency += day.with_latency;
    sum.latency_ms += (day.latency_ms ?? 0) * day.with_latency;
    sums.set(agent_id, sum);
  }
  return [...sums.values()].sort((one, other) => other.calls - one.calls);
}
