import { readSettings } from "../settings.ts";
import { type Channel, configuredChannels, sendMessages } from "./channels.ts";
import { readConditions } from "./conditions.ts";
import { type AlertMessage, type Decision, decide } from "./decide.ts";
import { type AlertRow, OVERVIEW, readAlerts, saveAlerts } from "./state.ts";

/** The ledger's own page: it takes every message. */
const overview: Channel = { name: OVERVIEW, problems: [], pauseMs: 0, send: async () => ({ kind: "delivered" }) };

/**
 * Sends each channel one message when something begins to pile up or fail, and one when it is over. Saves the rows before any message
 * goes, and records a message only once the channel took it: if this breaks off in between, the next run sends the message again.
 * @throws when D1 does not answer
 */
export async function watch(env: Env, now: Date): Promise<{ sent: number; open: number }> {
  const { silenceMinutes } = readSettings(env);
  const channels = [overview, ...configuredChannels(env)];
  const [rows, conditions] = await Promise.all([readAlerts(env.DB), readConditions(env, silenceMinutes, now)]);
  const decided = channels.map((channel) => ({ channel, decisions: decide(channel.name, conditions, rows, now) }));
  const decisions = decided.flatMap((one) => one.decisions);
  // A channel that was switched off, and silence without its setting, are forgotten: they begin anew when they are on again.
  const isSwitchedOff = ({ channel, alert }: AlertRow) =>
    !channels.some(({ name }) => name === channel) || (alert === "silence" && silenceMinutes === undefined);
  await saveAlerts(env.DB, rowsOf(decisions, "save"), [...rowsOf(decisions, "remove"), ...rows.filter(isSwitchedOff)]);

  const sent = await Promise.all(decided.map((one) => send(env.DB, one.channel, one.decisions, now)));
  const open = rows.filter(({ channel, told_at }) => channel === OVERVIEW && told_at !== null).length;
  return { sent: sent.reduce((sum, count) => sum + count, 0), open };
}

function rowsOf(decisions: readonly Decision[], change: Decision["change"]): AlertRow[] {
  return decisions.filter((decision) => decision.change === change).map(({ row }) => row);
}

/** Sends a channel the messages of decisions, and records those it took. Returns how many left the Worker. */
async function send(db: D1Database, channel: Channel, decisions: readonly Decision[], now: Date): Promise<number> {
  const { sent } = await sendMessages(
    channel,
    decisions.flatMap(({ message }) => message ?? []),
    now,
  );
  const rowsSent = (type: AlertMessage["type"]) =>
    decisions.filter(({ message }) => message?.type === type && sent.includes(message)).map(({ row }) => row);
  const opened = rowsSent("alert.opened").map((row) => ({ ...row, told_at: now.toISOString() }));
  await saveAlerts(db, opened, rowsSent("alert.closed"));
  return channel === overview ? 0 : sent.length;
}
