import { overviewPath } from "./addresses.ts";
import { type Range, type RangeChoice, rangeChoices } from "./range.ts";

const names: Record<RangeChoice, string> = { "24h": "24 h", "7d": "7 d", "30d": "30 d", own: "Own range" };

interface ChoicesProps {
  range: Range;
  agent: string | undefined;
  /** The agents of the range. */
  agents: readonly { agent_id: string }[];
}

/** Which range and which agent to look at. One's own range begins with the days that are shown. */
export function Choices({ range, agent, agents }: ChoicesProps) {
  const ids = agents.map(({ agent_id }) => agent_id);
  // Chosen, but without a call in this range: still what the page is about.
  if (agent !== undefined && !ids.includes(agent)) ids.unshift(agent);
  return (
    <div class="choices">
      <nav aria-label="Range">
        <ul class="choice">
          {rangeChoices.map((choice) => (
            <li key={choice}>
              <a
                href={overviewPath({ ...range, choice }, agent)}
                aria-current={choice === range.choice ? "true" : undefined}
              >
                {names[choice]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <form method="get" action="/" class="choices-form">
        <input type="hidden" name="range" value={range.choice} />
        {range.choice === "own" && (
          <>
            <label class="field">
              <span>From</span>
              <input type="date" name="from" value={range.firstDay} required />
            </label>
            <label class="field">
              <span>To</span>
              <input type="date" name="to" value={range.lastDay} required />
            </label>
          </>
        )}
        <label class="field">
          <span>Agent</span>
          <select name="agent_id" data-submits>
            <option value="">All agents</option>
            {ids.map((id) => (
              <option key={id} value={id} selected={id === agent}>
                {id}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">Show</button>
      </form>
    </div>
  );
}
