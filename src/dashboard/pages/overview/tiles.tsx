import type { Child } from "hono/jsx";
import type { Change } from "./change.ts";

export interface Tile {
  name: string;
  /** The name itself, where another is shown. */
  title?: string;
  value: Child;
  /** The address of the calls behind it. */
  path?: string;
  /** Stand below the value. */
  notes?: readonly (string | Change | undefined)[];
}

/** Numbers in large type, each under its name. */
export function Tiles({ tiles }: { tiles: readonly Tile[] }) {
  return (
    <dl class="figures">
      {tiles.map(({ name, title, value, path, notes = [] }) => (
        <div>
          <dt title={title}>
            <bdi>{name}</bdi>
          </dt>
          <dd>
            {path === undefined ? value : <a href={path}>{value}</a>}
            {notes.map((note) => note !== undefined && <Note note={note} />)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Note({ note }: { note: string | Change }) {
  if (typeof note === "string") return <small>{note}</small>;
  const { words, isGood } = note;
  return <small class={isGood === undefined ? undefined : isGood ? "better" : "worse"}>{words}</small>;
}
