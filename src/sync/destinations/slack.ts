import * as z from "zod";
import type { PlannedDelivery } from "../../ledger/deliveries.ts";
import type { SettingProblem } from "../../settings.ts";
import type { DeliveryResult, Destination } from "./destination.ts";
import { postJson } from "./post.ts";

const NEGATIVE_SENTIMENTS: ReadonlySet<unknown> = new Set(["negative", "angry", "frustrated"]);

/**
 * The rule that decides which calls Slack hears of, and why: change it here. A caller is unhappy by the metrics of
 * `ledger/queries/unhappy-callers.sql`. A reason names a metric or a tool, and never quotes: a summary may hold what the caller said.
 */
function reasonsToTell({ metrics, tool_calls }: PlannedDelivery["call"]): string[] {
  const reasons: string[] = [];
  for (const [metric, value] of Object.entries(metricsOf(metrics))) {
    if (/satisf|csat|rating/i.test(metric) && typeof value === "number" && value <= 2) {
      reasons.push(`${metric} is ${value}`);
    }
    if (/resolved/i.test(metric) && value === false) reasons.push(`${metric} is false`);
    if (/sentiment/i.test(metric) && typeof value === "string" && NEGATIVE_SENTIMENTS.has(value.toLowerCase())) {
      reasons.push(`${metric} is ${value.toLowerCase()}`);
    }
  }
  const failed = new Set(tool_calls.filter(({ status }) => status === "error").map(({ name }) => name));
  for (const name of failed) reasons.push(`the tool ${name} failed`);
  return reasons;
}

/**
 * Writes a line into a channel of Slack for each analyzed call that is worth it. Switched off while `SLACK_WEBHOOK_URL` is empty:
 * the address of an incoming webhook, which is a secret and stands in no reason and no log.
 */
export function slack(env: Env): Destination | undefined {
  const { SLACK_WEBHOOK_URL: url, PUBLIC_URL: publicUrl } = env;
  if (!url) return undefined;
  // Slack takes a message a second. Of a batch, what follows one that it refused for that is not sent, but comes back a second apart.
  let refused: { reason: string; retryAfterSeconds: number } | undefined;
  return {
    name: "slack",
    events: ["analytics.completed"],
    problems: slackProblems(url),
    wants: ({ call }) => reasonsToTell(call).length > 0,
    async deliver({ call }) {
      if (refused !== undefined) {
        refused.retryAfterSeconds++;
        return { kind: "transient", ...refused };
      }
      const result = await postToSlack(url, messageOf(call, publicUrl));
      if (result.kind === "transient" && result.retryAfterSeconds !== undefined) {
        refused ??= { reason: result.reason, retryAfterSeconds: result.retryAfterSeconds };
      }
      return result;
    },
  };
}

/** What is wrong with the address of Slack; this machine is for trying. */
export function slackProblems(url: string): SettingProblem[] {
  const { protocol, hostname } = URL.parse(url) ?? {};
  const isSlack = protocol === "https:" && hostname === "hooks.slack.com";
  const isThisMachine = /^https?:$/.test(protocol ?? "") && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname ?? "");
  if (isSlack || isThisMachine) return [];
  return [{ setting: "SLACK_WEBHOOK_URL", problem: "is not an https address of hooks.slack.com" }];
}

/** Metrics and tools that a line names; a hostile call has thousands. */
const MAX_REASONS = 5;
const MAX_NAME_CHARACTERS = 100;

function messageOf(call: PlannedDelivery["call"], publicUrl: string): string {
  const reasons = reasonsToTell(call);
  const named = reasons.slice(0, MAX_REASONS).map(slackText);
  if (reasons.length > MAX_REASONS) named.push(`${reasons.length - MAX_REASONS} more`);
  const length = call.duration_seconds === null ? "" : `, ${durationText(call.duration_seconds)}`;
  const link = callLink(publicUrl, call.call_id);
  return `*${slackText(call.agent_id)}*${length}: ${named.join("; ")}${link && `. ${link}`}`;
}

/** Text as Slack takes it literally (docs.slack.dev/messaging/formatting-message-text). */
export function slackText(text: string): string {
  return text.slice(0, MAX_NAME_CHARACTERS).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A link to the page of a call; empty without `PUBLIC_URL`. */
function callLink(publicUrl: string, callId: string): string {
  const origin = URL.parse(publicUrl)?.origin;
  if (origin === undefined) return "";
  // Every browser takes these ids for steps through folders.
  const path = /^\.\.?$/.test(callId) ? `by-id?call_id=${callId}` : encodeURIComponent(callId);
  return `<${origin}/calls/${path}|Open the call>`;
}

/** POSTs a text to an incoming webhook of Slack. Never rejects. Of the answer only Slack's own word for an error is kept: `channel_is_archived`. */
export async function postToSlack(url: string, text: string): Promise<DeliveryResult> {
  const result = await postJson(new URL(url), JSON.stringify({ text, unfurl_links: false }));
  if (result.kind === "delivered") return result;
  const { answer, ...refusal } = result;
  // Another text may quote the address, which is a secret.
  return answer !== undefined && /^[a-z_]{1,60}$/.test(answer) ? { ...refusal, answer } : refusal;
}

const metricValues = z.record(z.string(), z.unknown());

function metricsOf(metrics: string | null): Record<string, unknown> {
  return metricValues.parse(JSON.parse(metrics ?? "{}"));
}
