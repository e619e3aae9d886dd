/** A part of a chart for readers: its value in words, and the list of the calls behind it. */
export interface Mark {
  /** Shown on hover, focus and touch; the name of the link. */
  words: string;
  /** Absent where there is nothing to list. */
  path: string | undefined;
}

/**
 * Links that lie over a drawing, all of one size. Their words stand above the chart while a pointer is over them, or they have the focus;
 * the script turns them with the arrow keys, and lets the first touch show the words alone.
 */
export function Marks({ marks, kind }: { marks: readonly Mark[]; kind: "steps" | "week" }) {
  return (
    <ul class={`marks ${kind}`} data-marks>
      {marks.map(({ words, path }) => (
        <li>
          {path === undefined ? (
            <span class="mark">
              <span class="tip">{words}</span>
            </span>
          ) : (
            <a class="mark" href={path}>
              <span class="tip">{words}</span>
            </a>
          )}
        </li>
      ))}
    </ul>
  );
}
