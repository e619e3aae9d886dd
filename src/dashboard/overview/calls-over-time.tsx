import { type Bar, Bars } from "../charts/bars.tsx";
import { counted, formatCount } from "../numbers.ts";
import type { StepCount } from "./counts.ts";
import type { Steps } from "./steps.ts";

const titles = { hour: "Calls by the hour", day: "Calls a day", week: "Calls a week" } satisfies Record<
  Steps["unit"],
  string
>;

interface CallsOverTimeProps {
  unit: Steps["unit"];
  counts: readonly StepCount[];
  bars: readonly Bar[];
  /** The address of the calls that are counted. */
  more: string;
}

/** How many calls there were, step by step, as bars and as a table. */
export function CallsOverTime({ unit, counts, bars, more }: CallsOverTimeProps) {
  const busiest = counts.reduce((most, step) => (step.calls > most.calls ? step : most));
  return (
    <section class="sheet" aria-labelledby="calls-over-time">
      <header>
        <h2 id="calls-over-time">{titles[unit]}</h2>
        <p class="key">
          <Key shade="bar" means="analyzed" />
          <Key shade="bar rest" means="not analyzed" />
        </p>
      </header>
      <Bars
        bars={bars}
        label={`${titles[unit]}, ${counted(counts.length, unit)}. Most: ${busiest.label}, ${counted(busiest.calls, "call")}`}
      />
      <div class="below apart">
        <details>
          <summary>As a table</summary>
          <div class="table-wrap">
            <table>
              <caption class="unseen">{titles[unit]}</caption>
              <thead>
                <tr>
                  <th scope="col">{unit === "hour" ? "Hour" : "Day"}</th>
                  <th scope="col" class="number">
                    Calls
                  </th>
                  <th scope="col" class="number">
                    Analyzed
                  </th>
                </tr>
              </thead>
              <tbody>
                {counts.map(({ label, calls, analyzed }) => (
                  <tr key={label}>
                    <td>{label}</td>
                    <td class="number">{formatCount(calls)}</td>
                    <td class="number">{formatCount(analyzed)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
        <a href={more}>See these calls</a>
      </div>
    </section>
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
