import type { HourCount, Statistics } from "../../../ledger/totals/statistics.ts";
import { Bars } from "../../ui/charts/bars.tsx";
import { Hours } from "../../ui/charts/hours.tsx";
import { counted, formatCount, formatDollars, formatDollarsOnScale, NO_NUMBER } from "../../ui/numbers.ts";
import { Sheet } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { addDays, daysBetween } from "../../ui/times.ts";
import type { Typed } from "../calls/query.ts";
import type { Range } from "./query.ts";
import { begunStep, countSteps, daySteps, hourSteps, type StepCount, type Steps } from "./steps.ts";

/** The address of a list of the calls that the page is about, filtered further. */
export type ListOf = (filter: Typed) => string;

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
  listOf: ListOf;
  now: Date;
}

function stepsOf({ range, days, hours, listOf, now }: OverTimeProps) {
  const steps = range.byHour ? hourSteps(range) : daySteps(range);
  const counts = range.byHour
    ? countSteps(steps, hours, ({ hour }) => hour)
    : countSteps(steps, days, ({ day }) => day);
  const begun = begunStep(steps, range, now);
  const bars = counts.map(({ label, calls }, index) => {
    const { short = "", from = "", to = "" } = steps.labels[index] ?? {};
    const hasBegun = index === begun;
    const path = calls === 0 ? undefined : listOf({ from, to });
    return { label: short, title: hasBegun ? `${label}, so far` : label, path, hasBegun };
  });
  return { unit: steps.unit, counts, bars };
}

/** How many calls there were, step by step, as bars and as a table. */
export function CallsOverTime(props: OverTimeProps) {
  const { unit, bars, counts } = stepsOf(props);
  const hasCost = counts.some(({ cost_usd }) => cost_usd !== null);
  const busiest = counts.reduce((most, step) => (step.calls > most.calls ? step : most));
  return (
    <Sheet
      title={titles[unit].calls}
      note={
        <span class="key">
          <Key shade="bar" means="analyzed" />
          <Key shade="bar rest" means="not analyzed" />
          {bars.some(({ hasBegun }) => hasBegun) && <Key shade="bar" means={`${unit} not over`} hasBegun />}
        </span>
      }
    >
      <Bars
        bars={bars.map(({ title, ...bar }, index) => {
          const { calls = 0, analyzed = 0 } = counts[index] ?? {};
          const words = `${title}: ${counted(calls, "call")}, ${formatCount(analyzed)} analyzed`;
          return { ...bar, part: analyzed, whole: calls, words };
        })}
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
        <a href={props.listOf({})}>See these calls</a>
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
  const { unit, bars, counts } = stepsOf(props);
  const costs = counts.flatMap(({ cost_usd }) => cost_usd ?? []);
  if (costs.length === 0) return null;
  const sum = formatDollars(costs.reduce((total, cost) => total + cost, 0));
  return (
    <Sheet title={titles[unit].cost} note={`${sum} in all`}>
      <Bars
        bars={bars.map(({ title, ...bar }, index) => {
          const { cost_usd = null } = counts[index] ?? {};
          const words = `${title}: ${cost_usd === null ? "no cost known" : formatDollars(cost_usd)}`;
          return { ...bar, part: cost_usd ?? 0, whole: cost_usd ?? 0, words };
        })}
        label={`${titles[unit].cost}, ${counted(counts.length, unit)}. In all: ${sum}, at most: ${formatDollars(Math.max(...costs))}`}
        format={formatDollarsOnScale}
      />
    </Sheet>
  );
}

function Key({ shade, means, hasBegun = false }: { shade: string; means: string; hasBegun?: boolean }) {
  return (
    <span>
      <svg viewBox="0 0 10 10" aria-hidden="true" class={hasBegun ? "begun" : undefined}>
        <rect class={shade} width="10" height="10" rx="2" />
      </svg>
      {means}
    </span>
  );
}

const weekdays = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];

/** In a longer range, a place of the week has several hours, which no one list shows. */
const MAX_LISTED_DAYS = 7;

interface BusiestHoursProps {
  hours: Statistics["busiest_hours"];
  range: Range;
  listOf: ListOf;
}

/** The week as a grid of hours, and the busiest hours in words for people who do not see it. */
export function BusiestHours({ hours, range, listOf }: BusiestHoursProps) {
  const busiest = hours.toSorted((one, other) => other.calls - one.calls).slice(0, 3);
  const texts = busiest.map(
    ({ weekday, hour, calls }) => `${weekdays[weekday]} at ${hour}:00 (${counted(calls, "call")})`,
  );
  return (
    <Sheet title="Busiest hours">
      <Hours hours={hours} path={pathsOf(range, listOf)} />
      <p class="small soft below">{texts.length === 0 ? "No calls." : `Most on ${texts.join(", ")}.`}</p>
    </Sheet>
  );
}

/** Finds the one hour of a short range that has a place of the week. */
function pathsOf(range: Range, listOf: ListOf): (weekday: number, hour: number) => string | undefined {
  const count = daysBetween(range.firstDay, range.lastDay) + 1;
  if (count > MAX_LISTED_DAYS) return () => undefined;
  const steps = hourSteps(range);
  const days = Array.from({ length: count }, (_, index) => addDays(range.firstDay, index));
  return (weekday, hour) => {
    const day = days.find(
      (each) =>
        new Date(each).getUTCDay() === weekday && steps.indexOf(`${each}T${String(hour).padStart(2, "0")}`) >= 0,
    );
    const step = steps.labels[day === undefined ? -1 : steps.indexOf(`${day}T${String(hour).padStart(2, "0")}`)];
    return step && listOf({ from: step.from, to: step.to });
  };
}
