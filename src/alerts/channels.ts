import { sha256 } from "../events/received.ts";
import { log } from "../log.ts";
import { BRAND, type SettingProblem } from "../settings.ts";
import type { DeliveryResult } from "../sync/destinations/destination.ts";
import { addressProblems, postSigned } from "../sync/destinations/post.ts";
import { postToSlack, SLACK_PAUSE_MS, slackProblems } from "../sync/destinations/slack.ts";
import type { AlertMessage } from "./decide.ts";
import { alertName, thresholds } from "./thresholds.ts";

/** Where alerts go. */
export interface Channel {
  /** Stored in `ledger_alerts.channel`. */
  readonly name: string;
  readonly problems: readonly SettingProblem[];
  /** Between two messages. */
  readonly pauseMs: number;
  /** Never rejects. */
  send(message: AlertMessage, now: Date, isTest: boolean): Promise<DeliveryResult>;
}

/** The channels that are switched on. */
export function configuredChannels(env: Env): Channel[] {
  return [slackChannel(env), receiver(env)].filter((channel) => channel !== undefined);
}

/** Lists the settings of the receiver that are missing or wrong. Slack's are those of its destination. */
export function alertProblems(env: Env): readonly SettingProblem[] {
  return receiver(env)?.problems ?? [];
}

function slackChannel({ SLACK_WEBHOOK_URL: url, PUBLIC_URL: publicUrl }: Env): Channel | undefined {
  if (!url) return undefined;
  const origin = URL.parse(publicUrl)?.origin;
  const link = origin === undefined ? "" : ` <${origin}/|Overview>`;
  return {
    name: "slack",
    problems: slackProblems(url),
    pauseMs: SLACK_PAUSE_MS,
    send({ type, message }, _now, isTest) {
      const mark = type === "alert.opened" ? ":red_circle:" : ":white_check_mark:";
      return postToSlack(url, `${mark} ${isTest ? "Test: " : ""}*${BRAND}*: ${message}${link}`);
    },
  };
}

function receiver({ ALERT_URL: url, SYNC_SECRET: secret }: Env): Channel | undefined {
  if (!url) return undefined;
  return {
    name: "receiver",
    problems: addressProblems("ALERT_URL", url, secret),
    pauseMs: 0,
    async send({ type, message, ...data }, now, isTest) {
      const body = {
        type,
        timestamp: now.toISOString(),
        data: { ...data, message: isTest ? `Test: ${message}` : message, ...(isTest && { test: true }) },
      };
      // The same for every attempt: by it a receiver tells repetitions.
      const id = await sha256([type, data.alert, data.since, ...(isTest ? ["test"] : [])].join("\n"));
      return postSigned(new URL(url), secret, id, JSON.stringify(body));
    },
  };
}

/**
 * Sends messages to a channel one after another, and no further once it did not take one: a channel that hangs costs its ten seconds
 * once. Never rejects.
 * @returns `reason`: why it did not take the next one; absent if it took them all
 */
export async function sendMessages(
  channel: Channel,
  messages: readonly AlertMessage[],
  now: Date,
  isTest = false,
): Promise<{ sent: AlertMessage[]; reason?: string }> {
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

/** Sends an alert of each kind, marked as a test, to every channel that is switched on. No alert's state changes. */
export function sendTests(env: Env, now: Date): Promise<{ channel: string; sent: number; reason: string | null }[]> {
  const messages = alertName.options.map((alert): AlertMessage => {
    const { example: count, opened } = thresholds[alert];
    return { type: "alert.opened", alert, since: now.toISOString(), count, message: opened(count) };
  });
  return Promise.all(
    configuredChannels(env).map(async (channel) => {
      const { sent, reason = null } = await sendMessages(channel, messages, now, true);
      return { channel: channel.name, sent: sent.length, reason };
    }),
  );
}
