import type { Child } from "hono/jsx";

export interface Figure {
  name: string;
  value: Child;
  note?: Child;
  /** Goes on right now. */
  live?: boolean;
}

/** The few numbers that matter most. */
export function Figures({ figures }: { figures: readonly Figure[] }) {
  return (
    <dl class="figures">
      {figures.map(({ name, value, note, live }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span class={live === true ? "live" : undefined}>{value}</span>
            {note !== undefined && <small>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
