import { Field, Select } from "../../ui/forms.tsx";
import { Tabs } from "../../ui/parts.tsx";
import { overviewPath, type Range, type RangeChoice, rangeChoices } from "./query.ts";

const words: Record<RangeChoice, string> = { "24h": "24 h", "7d": "7 d", "30d": "30 d", own: "Own range" };

interface ChoicesProps {
  range: Range;
  agent_id: string | undefined;
  /** The agents of the range. */
  agents: readonly { agent_id: string }[];
}

/** The choice of a range and an agent. One's own range begins with the days that are shown. */
export function Choices({ range, agent_id, agents }: ChoicesProps) {
  // An agent may be chosen and have no call in this range.
  const ids = new Set([agent_id ?? [], ...agents.map((agent) => agent.agent_id)].flat());
  return (
    <div class="choices">
      <Tabs
        label="Range"
        tabs={rangeChoices.map((choice) => ({
          path: overviewPath({ ...range, choice }, agent_id),
          word: words[choice],
          isCurrent: choice === range.choice,
        }))}
      />
      <form method="get" action="/" class="choices-form">
        <input type="hidden" name="range" value={range.choice} />
        {range.choice === "own" && (
          <>
            <Field id="from" label="From">
              <input type="date" id="from" name="from" value={range.firstDay} required />
            </Field>
            <Field id="to" label="To">
              <input type="date" id="to" name="to" value={range.lastDay} required />
            </Field>
          </>
        )}
        <Select
          label="Agent"
          name="agent_id"
          chosen={agent_id}
          all="All agents"
          options={[...ids].map((id) => [id, id])}
          submits
        />
        <button type="submit">Show</button>
      </form>
    </div>
  );
}
