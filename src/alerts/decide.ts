import type { AlertRow } from "./state.ts";
import { type AlertName, alertName, thresholds } from "./thresholds.ts";

/** Whether the condition of an alert holds now, and the count that its message names; absent if a store did not answer. */
export type Conditions = { [alert in AlertName]?: { holds: boolean; count: number } | undefined };

/** A message of a channel. */
export interface AlertMessage {
  type: "alert.opened" | "alert.closed";
  alert: AlertName;
  /** ISO 8601 UTC. */
  since: string;
  count: number;
  message: string;
}

/** The next state of one channel's row of one alert. */
export interface Decision {
  row: AlertRow;
  /** Carried out before any message is sent. */
  change: "none" | "save" | "remove";
  /** Sent once the row is saved. */
  message?: AlertMessage;
}

/** Decides what a channel's alerts come to, from the conditions now and the rows of the channel. Pure. */
export function decide(channel: string, conditions: Conditions, rows: readonly AlertRow[], now: Date): Decision[] {
  return alertName.options.flatMap((alert): Decision[] => {
    const condition = conditions[alert];
    if (condition === undefined) return [];
    const { holds, count } = condition;
    const row = rows.find((candidate) => candidate.channel === channel && candidate.alert === alert);
    if (row !== undefined) return [holds ? whileItHolds(row, count, now) : onceItIsOver(row, count, now)];
    if (!holds) return [];
    const begun = { alert, channel, since: now.toISOString(), count, over_since: null, told_at: null };
    return [{ row: begun, change: "save" }];
  });
}

function whileItHolds(row: AlertRow, count: number, now: Date): Decision {
  const decision: Decision = {
    row: { ...row, over_since: null },
    change: row.over_since === null ? "none" : "save",
  };
  const isDue = row.told_at === null && minutesBetween(row.since, now) >= thresholds[row.alert].opensAfterMinutes;
  return isDue ? { ...decision, message: openedMessage(row, count) } : decision;
}

function onceItIsOver(row: AlertRow, count: number, now: Date): Decision {
  const { opensAfterMinutes, closesAfterMinutes, closed } = thresholds[row.alert];
  const over_since = row.over_since ?? now.toISOString();
  const decision: Decision = { row: { ...row, over_since }, change: row.over_since === null ? "save" : "none" };
  if (row.told_at === null) {
    const wasBlip = minutesBetween(row.since, new Date(over_since)) < opensAfterMinutes;
    // A channel that took no message while the condition held is sent both, the end after the beginning.
    return wasBlip ? { row, change: "remove" } : { ...decision, message: openedMessage(row, row.count) };
  }
  if (minutesBetween(over_since, now) < closesAfterMinutes) return decision;
  return { ...decision, message: { type: "alert.closed", alert: row.alert, since: row.since, count, message: closed } };
}

function openedMessage({ alert, since }: AlertRow, count: number): AlertMessage {
  return { type: "alert.opened", alert, since, count, message: thresholds[alert].opened(count) };
}

function minutesBetween(from: string, to: Date): number {
  return (to.getTime() - Date.parse(from)) / 60_000;
}
