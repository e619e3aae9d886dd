import { type BusyHour, Hours } from "../charts/hours.tsx";
import { counted } from "../numbers.ts";

const weekdays = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];

/** When people call: a grid of the week, and the busiest hours in words for who does not see it. */
export function BusiestHours({ hours }: { hours: readonly BusyHour[] }) {
  return (
    <section class="sheet" aria-labelledby="busiest-hours">
      <header>
        <h2 id="busiest-hours">Busiest hours</h2>
      </header>
      <Hours hours={hours} />
      <p class="small soft below">{busiestText(hours)}</p>
    </section>
  );
}

function busiestText(hours: readonly BusyHour[]): string {
  const busiest = hours.toSorted((one, other) => other.calls - one.calls).slice(0, 3);
  const told = busiest.map(
    ({ weekday, hour, calls }) => `${weekdays[weekday]} at ${hour}:00 (${counted(calls, "call")})`,
  );
  return told.length === 0 ? "No calls." : `Most on ${told.join(", ")}.`;
}
