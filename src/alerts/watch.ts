import { readSettings } from "../settings.ts";
import { type Channel, configuredChannels } from "./channels.ts";
import { readConditions } from "./conditions.ts";
import { type AlertMessage, type Decision, decide } from "./decide.ts";
import { sendMessages } from "./send.ts";
import { type AlertRow, OVERVIEW, readAlerts, saveAlerts } from "./state.ts";

/** The page of the ledger, which shows what is open whether or not anybody else is told. */
const overview: Channel = { name: OVERVIEW, problems: [], pauseMs: 0, send: async () => ({ kind: "delivered" }) };

/**
 * Looks at what piles up or fails, and tells each channel once when it begins and once when it is over. The rows are written before
 * a message goes, and say that the channel knows only once it took it: what breaks off in between is told again.
 * @throws when D1 does not answer
 */
export async function watch(env: Env, now: Date): Promise<{ sent: number; open: number }> {
  const stores = { db: env.DB, bucket: env.ARCHIVE };
  const channels = [overview, ...configuredChannels(env)];
  const [rows, conditions] = await Promise.all([
    readAlerts(env.DB),
    readConditions(stores, readSettings(env).silenceMinutes, now),
  ]);
  const decided = channels.map((channel) => ({ channel, decisions: decide(channel.name, conditions, rows, now) }));
  await saveDecisions(env.DB, decided, rows);

  const sent = await Promise.all(
    decided.map(async ({ channel, decisions }) => {
      const result = await sendMessages(channel, messagesOf(decisions), now);
      await saveSent(env.DB, decisions, result.sent, now);
      return channel === overview ? 0 : result.sent.length;
    }),
  );
  const open = rows.filter(({ channel, told_at }) => channel === OVERVIEW && told_at !== null).length;
  return { sent: sent.reduce((sum, count) => sum + count, 0), open };
}

async function saveDecisions(
  db: D1Database,
  decided: readonly { channel: Channel; decisions: Decision[] }[],
  rows: readonly AlertRow[],
): Promise<void> {
  const changed = decided.flatMap(({ decisions }) => decisions).filter(({ isChanged }) => isChanged);
  const written = changed.flatMap(({ row }) => row ?? []);
  const isHealed = (row: AlertRow) =>
    decided.some(
      ({ channel, decisions }) =>
        channel.name === row.channel && decisions.some((one) => one.alert === row.alert && one.row === undefined),
    );
  // A channel that was switched off is told nothing more, and begins anew when it is on again.
  const isSwitchedOff = ({ channel }: AlertRow) => !decided.some((one) => one.channel.name === channel);
  await saveAlerts(
    db,
    written,
    rows.filter((row) => isHealed(row) || isSwitchedOff(row)),
  );
}

function messagesOf(decisions: readonly Decision[]): AlertMessage[] {
  return decisions.flatMap(({ message }) => message ?? []);
}

async function saveSent(
  db: D1Database,
  decisions: readonly Decision[],
  sent: readonly AlertMessage[],
  now: Date,
): Promise<void> {
  const arrived = decisions.filter(({ message }) => message !== undefined && sent.includes(message));
  const rowsOf = (type: AlertMessage["type"]) =>
    arrived.flatMap(({ row, message }) => (message?.type === type && row !== undefined ? row : []));
  const opened = rowsOf("alert.opened").map((row) => ({ ...row, told_at: now.toISOString() }));
  await saveAlerts(db, opened, rowsOf("alert.closed"));
}
