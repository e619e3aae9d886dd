import type { AlertRow } from "./state.ts";
import { type AlertName, alertName, thresholds } from "./thresholds.ts";

/** Whether something piles up now, and how much; absent where a store did not say. */
export type Conditions = { [alert in AlertName]?: { holds: boolean; count: number } | undefined };

/** What a channel is to be told. */
export interface AlertMessage {
  type: "alert.opened" | "alert.closed";
  alert: AlertName;
  /** ISO 8601 UTC. */
  since: string;
  count: number;
  message: string;
}

/** What is to become of one channel's row of one alert. */
export interface Decision {
  alert: AlertName;
  /** Written before any message is sent; `undefined`: the row goes. */
  row: AlertRow | undefined;
  isChanged: boolean;
  /** Sent once the row is written. */
  message?: AlertMessage;
}

/** Decides for a channel what its alerts come to, from what is the case now and what the channel knows. */
export function decide(channel: string, conditions: Conditions, rows: readonly AlertRow[], now: Date): Decision[] {
  return alertName.options.flatMap((alert): Decision[] => {
    const condition = conditions[alert];
    const row = rows.find((candidate) => candidate.channel === channel && candidate.alert === alert);
    if (condition === undefined) return [];
    if (condition.holds) return [whileItHolds(alert, channel, row, condition.count, now)];
    return row === undefined ? [] : [onceItIsOver(row, condition.count, now)];
  });
}

function whileItHolds(
  alert: AlertName,
  channel: string,
  row: AlertRow | undefined,
  count: number,
  now: Date,
): Decision {
  if (row === undefined) {
    const begun = { alert, channel, since: now.toISOString(), count, over_since: null, told_at: null };
    return { alert, row: begun, isChanged: true };
  }
  const held: Decision = { alert, row: { ...row, over_since: null }, isChanged: row.over_since !== null };
  const isDue = row.told_at === null && minutesBetween(row.since, now) >= thresholds[alert].opensAfterMinutes;
  return isDue ? { ...held, message: openedMessage(row, count) } : held;
}

function onceItIsOver(row: AlertRow, count: number, now: Date): Decision {
  const { opensAfterMinutes, closesAfterMinutes, closed } = thresholds[row.alert];
  const overSince = row.over_since ?? now.toISOString();
  const over: Decision = {
    alert: row.alert,
    row: { ...row, over_since: overSince },
    isChanged: row.over_since === null,
  };
  if (row.told_at === null) {
    const wasBlip = minutesBetween(row.since, new Date(overSince)) < opensAfterMinutes;
    // The channel did not answer while it lasted: it hears of it all the same, and then of its end.
    return wasBlip
      ? { alert: row.alert, row: undefined, isChanged: true }
      : { ...over, message: openedMessage(row, row.count) };
  }
  if (minutesBetween(overSince, now) < closesAfterMinutes) return over;
  return { ...over, message: { type: "alert.closed", alert: row.alert, since: row.since, count, message: closed } };
}

function openedMessage({ alert, since }: AlertRow, count: number): AlertMessage {
  return { type: "alert.opened", alert, since, count, message: thresholds[alert].opened(count) };
}

function minutesBetween(from: string, to: Date): number {
  return (to.getTime() - Date.parse(from)) / 60_000;
}
