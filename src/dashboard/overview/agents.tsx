import { Share } from "../charts/share.tsx";
import { counted, formatCount, formatShare, NO_NUMBER } from "../numbers.ts";
import { startOf } from "../parts/clipped.tsx";
import { formatDuration } from "../times.ts";
import { overviewPath } from "./addresses.ts";
import type { AgentCounts } from "./counts.ts";
import type { Range } from "./range.ts";

const SHOWN = 20;
const NAME_CHARACTERS = 80;

/** The agents of the range side by side. */
export function Agents({ agents, range }: { agents: readonly AgentCounts[]; range: Range }) {
  const most = agents[0]?.calls ?? 0;
  return (
    <section class="sheet" aria-labelledby="agents">
      <header>
        <h2 id="agents">Agents</h2>
        {agents.length > SHOWN && (
          <p>
            the busiest {SHOWN} of {formatCount(agents.length)}
          </p>
        )}
      </header>
      <table class="cards">
        <caption class="unseen">Calls of each agent, {counted(agents.length, "agent")}</caption>
        <thead>
          <tr>
            <th scope="col">Agent</th>
            <th scope="col" class="number">
              Calls
            </th>
            <th scope="col" class="drawn">
              <span class="unseen">Calls beside the busiest</span>
            </th>
            <th scope="col" class="number">
              Ended
            </th>
            <th scope="col" class="number">
              Analyzed
            </th>
            <th scope="col" class="number">
              Average duration
            </th>
          </tr>
        </thead>
        <tbody>
          {agents.slice(0, SHOWN).map(({ agent_id, calls, ended, analyzed, total_duration_seconds: seconds }) => (
            <tr key={agent_id}>
              <td data-label="Agent">
                <a href={overviewPath(range, agent_id)}>
                  <bdi>{startOf(agent_id, NAME_CHARACTERS)}</bdi>
                </a>
              </td>
              <td data-label="Calls" class="number">
                {formatCount(calls)}
              </td>
              <td class="drawn">
                <Share part={calls} whole={most} />
              </td>
              <td data-label="Ended" class="number">
                {formatCount(ended)}
              </td>
              <td data-label="Analyzed" class="number">
                {formatShare(analyzed, calls)}
              </td>
              <td data-label="Duration" class="number keep">
                {ended === 0 ? NO_NUMBER : formatDuration(seconds / ended)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
