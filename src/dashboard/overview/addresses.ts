import { addDays } from "../times.ts";
import type { Range } from "./range.ts";

/** The overview of a range and an agent. */
export function overviewPath(range: Pick<Range, "choice" | "firstDay" | "lastDay">, agent?: string): string {
  const own = range.choice === "own" && { from: range.firstDay, to: range.lastDay };
  return address("/", { range: range.choice, ...own, agent_id: agent });
}

/** The overview of the week that ends with a day. */
export function weekPath(lastDay: string): string {
  return overviewPath({ choice: "own", firstDay: addDays(lastDay, -6), lastDay });
}

/** The calls that the overview of a range is about, and those alone. */
export function callsPath(range: Range, filter: { [name: string]: string | undefined }): string {
  const { choice, since, firstDay, lastDay, utcOffsetMinutes } = range;
  if (choice !== "24h") return address("/calls", { from: firstDay, to: lastDay, ...filter });
  const local = new Date(Date.parse(since) + utcOffsetMinutes * 60_000).toISOString();
  return address("/calls", { from: local.slice(0, "2026-11-24T14:00".length), ...filter });
}

function address(path: string, parameters: { [name: string]: string | undefined }): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return query.size === 0 ? path : `${path}?${query}`;
}
