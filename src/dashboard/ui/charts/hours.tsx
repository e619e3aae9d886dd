import { scaleSqrt } from "d3-scale";
import { counted } from "../numbers.ts";
import { Along } from "./bars.tsx";
import { Marks } from "./marks.tsx";

const SIZE = 20;
const GAP = 2;

/** Calls by day of the week (0 is Sunday, as SQLite counts) and hour of the day. */
interface BusyHour {
  weekday: number;
  hour: number;
  calls: number;
}

/** Monday first. */
const weekdays = [
  [1, "Mon"],
  [2, "Tue"],
  [3, "Wed"],
  [4, "Thu"],
  [5, "Fri"],
  [6, "Sat"],
  [0, "Sun"],
] as const;

interface HoursProps {
  hours: readonly BusyHour[];
  /** The address of the calls of an hour; `undefined` where several hours of the range share a place of the week. */
  path: (weekday: number, hour: number) => string | undefined;
}

/** A week as a grid of hours; the darker, the busier. */
export function Hours({ hours, path }: HoursProps) {
  const most = Math.max(1, ...hours.map(({ calls }) => calls));
  // The square root, since people see a shade, and quiet hours should not vanish beside the busiest.
  const shade = scaleSqrt().domain([0, most]).range([0.12, 1]);
  const calls = new Map(hours.map((entry) => [`${entry.weekday} ${entry.hour}`, entry.calls]));
  const cells = weekdays.flatMap(([weekday, name], row) =>
    Array.from({ length: 24 }, (_, hour) => {
      const count = calls.get(`${weekday} ${hour}`) ?? 0;
      return { weekday, name, row, hour, count };
    }),
  );
  return (
    <figure class="hours" aria-label="Calls by day of the week and hour">
      <div class="days" aria-hidden="true">
        {weekdays.map(([, name]) => (
          <span>{name}</span>
        ))}
      </div>
      <div class="plot">
        <svg viewBox={`0 0 ${24 * SIZE - GAP} ${7 * SIZE - GAP}`} preserveAspectRatio="none" aria-hidden="true">
          {cells.map(({ row, hour, count }) => (
            <rect
              class={count === 0 ? "hour none" : "hour"}
              x={hour * SIZE}
              y={row * SIZE}
              width={SIZE - GAP}
              height={SIZE - GAP}
              fill-opacity={count === 0 ? undefined : shade(count).toFixed(2)}
            />
          ))}
        </svg>
        <Marks
          kind="week"
          marks={cells.map(({ weekday, name, hour, count }) => ({
            words: `${name} ${hour}:00: ${counted(count, "call")}`,
            path: count === 0 ? undefined : path(weekday, hour),
          }))}
        />
      </div>
      <Along labels={["0:00", "6:00", "12:00", "18:00", "24:00"]} />
    </figure>
  );
}
