import type { Child } from "hono/jsx";

export interface Tile {
  name: string;
  value: Child;
  /** Stands below the value. */
  note?: string | false;
  /** Of something that goes on now. */
  isLive?: boolean;
}

/** Numbers in large type, each under its name. */
export function Tiles({ tiles }: { tiles: readonly Tile[] }) {
  return (
    <dl class="figures">
      {tiles.map(({ name, value, note, isLive }) => (
        <div>
          <dt>{name}</dt>
          <dd>
            <span class={isLive ? "live" : undefined}>{value}</span>
            {note && <small>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
