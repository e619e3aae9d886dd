import { sha256 } from "../events/received.ts";
import { BRAND, type SettingProblem } from "../settings.ts";
import type { DeliveryResult } from "../sync/destinations/destination.ts";
import { addressProblems, postSigned } from "../sync/destinations/post.ts";
import { postToSlack, slackProblems } from "../sync/destinations/slack.ts";
import type { AlertMessage } from "./decide.ts";

/** Where alerts go. */
export interface Channel {
  /** Kept in `ledger_alerts.channel`. */
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

/** Settings of the receiver that are missing or wrong; those of Slack its destination names. */
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
    // Slack takes a message a second.
    pauseMs: 1_000,
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
      // The same for every attempt, so that a receiver can tell a repetition.
      const id = await sha256([type, data.alert, data.since, ...(isTest ? ["test"] : [])].join("\n"));
      return postSigned(new URL(url), secret, id, JSON.stringify(body));
    },
  };
}
