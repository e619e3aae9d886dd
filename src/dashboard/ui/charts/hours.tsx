import { scaleSqrt } from "d3-scale";
import { Along } from "./bars.tsx";

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

/** A week as a grid of hours; the darker, the busier. */
export function Hours({ hours }: { hours: readonly BusyHour[] }) {
  const most = Math.max(1, ...hours.map(({ calls }) => calls));
  // The square root, since people see a shade, and quiet hours should not vanish beside the busiest.
  const shade = scaleSqrt().domain([0, most]).range([0.12, 1]);
  const calls = new Map(hours.map((entry) => [`${entry.weekday} ${entry.hour}`, entry.calls]));
  return (
    <figure class="hours">
      <div class="days" aria-hidden="true">
        {weekdays.map(([, name]) => (
          <span>{name}</span>
        ))}
      </div>
      <svg
        viewBox={`0 0 ${24 * SIZE - GAP} ${7 * SIZE - GAP}`}
        preserveAspectRatio="none"
        role="img"
        aria-label="Calls by day of the week and hour"
      >
        {weekdays.flatMap(([weekday, name], row) =>
          Array.from({ length: 24 }, (_, hour) => {
            const count = calls.get(`${weekday} ${hour}`) ?? 0;
            return (
              <rect
                class={count === 0 ? "hour none" : "hour"}
                x={hour * SIZE}
                y={row * SIZE}
                width={SIZE - GAP}
                height={SIZE - GAP}
                fill-opacity={count === 0 ? undefined : shade(count).toFixed(2)}
              >
                <title>{`${name} ${hour}:00, ${count} calls`}</title>
              </rect>
            );
          }),
        )}
      </svg>
      <Along labels={["0:00", "6:00", "12:00", "18:00", "24:00"]} />
    </figure>
  );
}
