import { configuredChannels } from "./channels.ts";
import type { AlertMessage } from "./decide.ts";
import { sendMessages } from "./send.ts";
import { alertName, thresholds } from "./thresholds.ts";

/** Numbers for a message that is a test. */
const EXAMPLE_COUNT = 3;
const EXAMPLE_BYTES = 8_100_000_000;

/** Sends an alert of each kind, marked as a test, to every channel that is switched on. No alert's state changes. */
export function sendTests(env: Env, now: Date): Promise<{ channel: string; sent: number; reason: string | null }[]> {
  const messages = alertName.options.map((alert): AlertMessage => {
    const count = alert === "database-size" ? EXAMPLE_BYTES : EXAMPLE_COUNT;
    const message = thresholds[alert].opened(count);
    return { type: "alert.opened", alert, since: now.toISOString(), count, message };
  });
  return Promise.all(
    configuredChannels(env).map(async (channel) => {
      const { sent, reason = null } = await sendMessages(channel, messages, now, true);
      return { channel: channel.name, sent: sent.length, reason };
    }),
  );
}
