import { log } from "../log.ts";
import type { Channel } from "./channels.ts";
import type { AlertMessage } from "./decide.ts";

/** What a channel took, and why it did not take the rest. */
export interface SendResult {
  sent: AlertMessage[];
  /** Absent: it took them all. */
  reason?: string;
}

/**
 * Sends messages to a channel one after the other, and no further once one did not get through: a channel that hangs costs its
 * ten seconds once. Never rejects.
 */
export async function sendMessages(
  channel: Channel,
  messages: readonly AlertMessage[],
  now: Date,
  isTest = false,
): Promise<SendResult> {
  const [problem] = channel.problems;
  if (problem !== undefined) return { sent: [], reason: `${problem.setting} ${problem.problem}` };
  const sent: AlertMessage[] = [];
  for (const message of messages) {
    if (sent.length > 0) await scheduler.wait(channel.pauseMs);
    const result = await channel.send(message, now, isTest);
    const reason = "reason" in result ? result.reason : undefined;
    const about = { channel: channel.name, alert: message.alert, type: message.type };
    log({ message: "alert", ...about, result: result.kind, reason, test: isTest });
    if (reason !== undefined) return { sent, reason };
    sent.push(message);
  }
  return { sent };
}
