import type { HourCount, Statistics } from "../../../ledger/totals/statistics.ts";
import { Bars } from "../../ui/charts/bars.tsx";
import { Hours } from "../../ui/charts/hours.tsx";
import { counted, formatCount, formatDollars, formatDollarsOnScale, NO_NUMBER } from "../../ui/numbers.ts";
import { Sheet } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import type { Range } from "./query.ts";
import { countSteps, daySteps, hourSteps, type StepCount, type Steps } from "./steps.ts";

const titles: Record<Steps["unit"], { calls: string; cost: string }> = {
  hour: { calls: "Calls by the hour", cost: "Cost by the hour" },
  day: { calls: "Calls a day", cost: "Cost a day" },
  week: { calls: "Calls a week", cost: "Cost a week" },
};

interface OverTimeProps {
  range: Range;
  days: Statistics["days"];
  /** Of a range that is drawn hour by hour. */
  hours: readonly HourCount[];
}

function stepsOf({ range, days, hours }: OverTimeProps) {
  const steps = range.byHour ? hourSteps(range) : daySteps(range);
  const counts = range.byHour
    ? countSteps(steps, hours, ({ hour }) => hour)
    : countSteps(steps, days, ({ day }) => day);
  return { unit: steps.unit, labels: steps.labels, counts };
}

interface CallsOverTimeProps extends OverTimeProps {
  /** The address of the calls that are counted. */
  more: string;
}

/** How many calls there were, step by step, as bars and as a table. */
export function CallsOverTime({ range, days, hours, more }: CallsOverTimeProps) {
  const { unit, labels, counts } = stepsOf({ range, days, hours });
  const hasCost = counts.some(({ cost_usd }) => cost_usd !== null);
  const busiest = counts.reduce((most, step) => (step.calls > most.calls ? step : most));
  return (
    <Sheet
      title={titles[unit].calls}
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
        label={`${titles[unit].calls}, ${counted(counts.length, unit)}. Most: ${busiest.label}, ${counted(busiest.calls, "call")}`}
      />
      <div class="below apart">
        <details>
          <summary>As a table</summary>
          <Table<StepCount>
            caption={titles[unit].calls}
            class="plain"
            rows={counts}
            columns={[
              { name: unit === "hour" ? "Hour" : "Day", cell: ({ label }) => label },
              { name: "Calls", kind: "number", cell: ({ calls }) => formatCount(calls) },
              { name: "Analyzed", kind: "number", cell: ({ analyzed }) => formatCount(analyzed) },
              ...(hasCost ? [costColumn] : []),
            ]}
          />
        </details>
        <a href={more}>See these calls</a>
      </div>
    </Sheet>
  );
}

const costColumn: Column<StepCount> = {
  name: "Cost",
  kind: "number",
  cell: ({ cost_usd }) => (cost_usd === null ? NO_NUMBER : formatDollars(cost_usd)),
};

/** Shows the cost of the calls, step by step; nothing if no platform states it. */
export function CostOverTime(props: OverTimeProps) {
  const { unit, labels, counts } = stepsOf(props);
  const costs = counts.flatMap(({ cost_usd }) => cost_usd ?? []);
  if (costs.length === 0) return null;
  const sum = formatDollars(costs.reduce((total, cost) => total + cost, 0));
  return (
    <Sheet title={titles[unit].cost} note={`${sum} in all`}>
      <Bars
        bars={counts.map(({ label, cost_usd }, index) => ({
          label: labels[index]?.short ?? "",
          part: cost_usd ?? 0,
          whole: cost_usd ?? 0,
          title: `${label}: ${cost_usd === null ? "no cost known" : formatDollars(cost_usd)}`,
        }))}
        label={`${titles[unit].cost}, ${counted(counts.length, unit)}. In all: ${sum}, at most: ${formatDollars(Math.max(...costs))}`}
        format={formatDollarsOnScale}
      />
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
