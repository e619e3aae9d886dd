import * as z from "zod";
import type { PlannedDelivery } from "../../ledger/deliveries.ts";
import type { SettingProblem } from "../../settings.ts";
import type { DeliveryResult, Destination } from "./destination.ts";
import { postJson } from "./post.ts";

const NEGATIVE_SENTIMENTS: ReadonlySet<unknown> = new Set(["negative", "angry", "frustrated"]);

/** Scores go up to 100; a larger number under a score's name may be somebody's phone number. */
const MAX_SCORE = 100;

/**
 * Lists why a call is worth a message; a call without a reason is none. This is the rule: change it here. A caller is unhappy by the
 * metrics of `ledger/queries/unhappy-callers.sql`. What the analysis says is told by names of metrics and tools, scores, `false` and the
 * words above. Summaries, dispositions and other texts stay out: they may quote the caller.
 */
function reasonsToTell({ metrics, tool_calls }: PlannedDelivery["call"]): string[] {
  const reasons: string[] = [];
  for (const [metric, value] of Object.entries(metricsOf(metrics))) {
    if (/satisf|csat|rating/i.test(metric) && typeof value === "number" && value <= 2 && value >= -MAX_SCORE) {
      reasons.push(`${metric} is ${Number(value.toFixed(1))}`);
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

/** Slack takes a message a second (docs.slack.dev/apis/web-api/rate-limits). */
export const SLACK_PAUSE_MS = 1_000;

/**
 * Posts a line to a channel of Slack for each analyzed call that is worth it. Switched off while `SLACK_WEBHOOK_URL` is empty: the
 * address of an incoming webhook. It is a secret: no reason, answer or log line holds it.
 */
export function slack({ SLACK_WEBHOOK_URL: url, PUBLIC_URL: publicUrl }: Env): Destination | undefined {
  if (!url) return undefined;
  return {
    name: "slack",
    problems: slackProblems(url),
    events: ["analytics.completed"],
    pauseMs: SLACK_PAUSE_MS,
    wants: ({ call }) => reasonsToTell(call).length > 0,
    deliver: ({ call }) => postToSlack(url, messageOf(call, publicUrl)),
  };
}

/** Checks the address of an incoming webhook. One on this machine is for trying. */
export function slackProblems(url: string): SettingProblem[] {
  const { protocol, hostname } = URL.parse(url) ?? {};
  const isSlack = protocol === "https:" && hostname === "hooks.slack.com";
  const isThisMachine = /^https?:$/.test(protocol ?? "") && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname ?? "");
  if (isSlack || isThisMachine) return [];
  return [{ setting: "SLACK_WEBHOOK_URL", problem: "is not an https address of hooks.slack.com" }];
}

/** A hostile call has thousands of metrics. */
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

/** Escapes a name for Slack, which then shows it literally (docs.slack.dev/messaging/formatting-message-text): one line, 100 characters. */
export function slackText(text: string): string {
  const line = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Z}]+/gu, " ")
    .slice(0, MAX_NAME_CHARACTERS)
    .toWellFormed();
  return line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
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

/** A word of Slack's own for an error, like `channel_is_archived`. Another text may quote the address. */
const slackError = /^[a-z_]{1,60}$/;

/** POSTs a text to an incoming webhook of Slack. Never rejects. */
export async function postToSlack(url: string, text: string): Promise<DeliveryResult> {
  const result = await postJson(new URL(url), JSON.stringify({ text, unfurl_links: false, unfurl_media: false }));
  if (result.kind === "delivered") return result;
  const { answer, ...refusal } = result;
  return answer !== undefined && slackError.test(answer) ? { ...refusal, answer } : refusal;
}

const metricValues = z.record(z.string(), z.unknown());

function metricsOf(metrics: string | null): Record<string, unknown> {
  return metricValues.parse(JSON.parse(metrics ?? "{}"));
}
