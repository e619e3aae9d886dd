import type { Statistics } from "../../../ledger/totals/statistics.ts";
import { Bars } from "../../ui/charts/bars.tsx";
import { Hours } from "../../ui/charts/hours.tsx";
import { counted, formatCount } from "../../ui/numbers.ts";
import { Sheet } from "../../ui/parts.tsx";
import { Table } from "../../ui/table.tsx";
import type { Range } from "./query.ts";
import { countSteps, daySteps, hourSteps, type StepCount, type Steps } from "./steps.ts";

const titles: Record<Steps["unit"], string> = { hour: "Calls by the hour", day: "Calls a day", week: "Calls a week" };

interface CallsOverTimeProps {
  range: Range;
  days: Statistics["days"];
  /** Of a range that is drawn hour by hour. */
  hours: readonly { hour: string; calls: number; analyzed: number }[];
  /** The address of the calls that are counted. */
  more: string;
}

/** How many calls there were, step by step, as bars and as a table. */
export function CallsOverTime({ range, days, hours, more }: CallsOverTimeProps) {
  const steps = range.byHour ? hourSteps(range) : daySteps(range);
  const counts = range.byHour
    ? countSteps(steps, hours, ({ hour }) => hour)
    : countSteps(steps, days, ({ day }) => day);
  const { unit, labels } = steps;
  const busiest = counts.reduce((most, step) => (step.calls > most.calls ? step : most));
  return (
    <Sheet
      title={titles[unit]}
      note={
        <span class="key">
          <Key shade="bar" means="analyzed" />
          <Key shade="bar rest" means="not analyzed" />
        </span>
      }
    >
      <Bars
        bars={counts.map(({ label, calls, analyzed }, index) => ({
          label: labels[index]?.short ?? "",
          part: analyzed,
          whole: calls,
          title: `${label}: ${counted(calls, "call")}, ${formatCount(analyzed)} analyzed`,
        }))}
        label={`${titles[unit]}, ${counted(counts.length, unit)}. Most: ${busiest.label}, ${counted(busiest.calls, "call")}`}
      />
      <div class="below apart">
        <details>
          <summary>As a table</summary>
          <Table<StepCount>
            caption={titles[unit]}
            class="plain"
            rows={counts}
            columns={[
              { name: unit === "hour" ? "Hour" : "Day", cell: ({ label }) => label },
              { name: "Calls", kind: "number", cell: ({ calls }) => formatCount(calls) },
              { name: "Analyzed", kind: "number", cell: ({ analyzed }) => formatCount(analyzed) },
            ]}
          />
        </details>
        <a href={more}>See these calls</a>
      </div>
    </Sheet>
  );
}

function Key({ shade, means }: { shade: string; means: string }) {
  return (
    <span>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        <rect class={shade} width="10" height="10" rx="2" />
      </svg>
      {means}
    </span>
  );
}

const weekdays = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];

/** The week as a grid of hours, and the busiest hours in words for people who do not see it. */
export function BusiestHours({ hours }: { hours: Statistics["busiest_hours"] }) {
  const busiest = hours.toSorted((one, other) => other.calls - one.calls).slice(0, 3);
  const texts = busiest.map(
    ({ weekday, hour, calls }) => `${weekdays[weekday]} at ${hour}:00 (${counted(calls, "call")})`,
  );
  return (
    <Sheet title="Busiest hours">
      <Hours hours={hours} />
      <p class="small soft below">{texts.length === 0 ? "No calls." : `Most on ${texts.join(", ")}.`}</p>
    </Sheet>
  );
}
