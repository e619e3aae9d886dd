import type { BusyHour } from "../charts/hours.tsx";
import { counted } from "../numbers.ts";

const weekdays = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];

/** The busiest hours in words, for who does not see the grid, and for who wants a number. */
export function busiestText(hours: readonly BusyHour[]): string {
  const busiest = hours.toSorted((one, other) => other.calls - one.calls).slice(0, 3);
  const told = busiest.map(
    ({ weekday, hour, calls }) => `${weekdays[weekday]} at ${hour}:00 (${counted(calls, "call")})`,
  );
  return told.length === 0 ? "No calls." : `Most on ${told.join(", ")}.`;
}
