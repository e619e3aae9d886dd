import * as z from "zod";
import type { JsonObject } from "../../events/event.ts";
import { instant, isJsonObject } from "../../events/fields.ts";
import { ApiError, type PlatformApi } from "../api.ts";
import { type FetchedBody, firstTime, type ListedCall, type WantedEvent } from "../client.ts";
import { deliveredBody } from "./delivery-log.ts";
import { createdAtOf, hasAnalysis } from "./item.ts";
import { dataOf } from "./lists.ts";

/** A detail, as far as it is read. The rest of it is dropped: `events` has headers of the customer's requests, `agent` the prompt. */
const detail = z.object({
  callId: z.string(),
  agent: z.unknown().optional(),
  agentId: z.unknown().optional(),
  status: z.unknown().optional(),
  duration: z.unknown().optional(),
  recordingUrl: z.unknown().optional(),
  from: z.unknown().optional(),
  to: z.unknown().optional(),
  type: z.unknown().optional(),
  transcript: z.unknown().optional(),
  variables: z.unknown().optional(),
  events: z.unknown().optional(),
  postCallAnalytics: z.unknown().optional(),
});
type Detail = z.infer<typeof detail>;

/** Makes the bodies of a call that the ledger lacks. An analysis alone may stand in the list's item already. */
export async function bodiesOf(
  { call_id, item, createdAt }: ListedCall,
  lacks: ReadonlySet<WantedEvent>,
  api: PlatformApi,
): Promise<FetchedBody[]> {
  const delivered = deliveredBody(item);
  if (delivered !== undefined) return [{ body: delivered, time: firstTime(call_id, [createdAt]) }];
  if (!lacks.has("call.end") && hasAnalysis(item["postCallAnalytics"])) {
    const agentId = text(item["agentId"]);
    if (agentId !== undefined) return [analyticsBody(call_id, agentId, item, firstTime(call_id, [createdAt]))];
  }
  const answer = dataOf(await api.get(`/conversation/${encodeURIComponent(call_id)}`));
  const parsed = detail.safeParse(answer);
  const agentId = parsed.success ? (agentOf(parsed.data) ?? text(item["agentId"])) : undefined;
  if (!parsed.success || agentId === undefined || parsed.data.callId !== call_id) {
    throw new ApiError("unreadable", `GET /conversation/${call_id}: an unknown shape`);
  }
  const call = { ...parsed.data, type: parsed.data.type ?? item["type"] };
  const times = timesOf(call, createdAtOf(call_id, createdAt));
  return [
    startBody(call, agentId, times.began),
    endBody(call, agentId, times),
    ...(hasAnalysis(call.postCallAnalytics) ? [analyticsBody(call_id, agentId, call, times.ended)] : []),
  ];
}

function agentOf({ agentId, agent }: Detail): string | undefined {
  return text(agentId) ?? text(agent) ?? (isJsonObject(agent) ? text(agent["_id"]) : undefined);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

interface Times {
  /** When the record of the call was made; ISO 8601 UTC, as the others. */
  began: string;
  /** As the platform states it; `undefined`: it does not. */
  statedEnd: string | undefined;
  /** At the latest known moment of the call, and never after its end. */
  ended: string;
}

/** The detail has neither the answer nor the end: the end stands in the stream of events, or is worked out. */
function timesOf(call: Detail, createdAt: string | undefined): Times {
  const stated = timeOfEvent(call.events, "call_end");
  const turns = Array.isArray(call.transcript) ? call.transcript.filter(isJsonObject) : [];
  const moments = turns.flatMap(({ timestamp }) => instant.safeParse(timestamp).data ?? []).sort();
  const began = firstTime(call.callId, [createdAt, moments[0], stated]);
  const seconds = secondsOf(call.duration) ?? 0;
  const afterStart = new Date(Date.parse(began) + seconds * 1000).toISOString();
  const last = moments.at(-1) ?? began;
  return { began, statedEnd: stated, ended: stated ?? (last > afterStart ? last : afterStart) };
}

/** The stream has two spellings of the name. */
function timeOfEvent(events: unknown, name: string): string | undefined {
  const list = Array.isArray(events) ? events.filter(isJsonObject) : [];
  const event = list.findLast(({ event_type, eventType }) => (event_type ?? eventType) === name);
  return instant.safeParse(event?.["timestamp"]).data;
}

/** Longer than any call: such a number counts milliseconds. */
const MAX_SECONDS = 24 * 60 * 60;

function secondsOf(duration: unknown): number | undefined {
  if (typeof duration !== "number" || duration < 0) return undefined;
  return duration > MAX_SECONDS ? duration / 1000 : duration;
}

/** `telephony_inbound`, as details have it, is `telephonyInbound` in webhooks. */
function conversationType(type: unknown): string | undefined {
  return text(type)?.replace(/^telephony_(in|out)bound$/, (_, way) => `telephony${way === "in" ? "In" : "Out"}bound`);
}

function envelope(eventType: string, agentId: string, callId: string, metadata: JsonObject): JsonObject {
  return { event: `${agentId}.${eventType}`, metadata: { agentId, callId, eventType, ...metadata } };
}

function startBody(call: Detail, agentId: string, time: string): FetchedBody {
  const { callId, type, from, to } = call;
  const phones = { fromPhone: text(from), toPhone: text(to) };
  const body = envelope("pre-conversation", agentId, callId, { conversationType: conversationType(type), ...phones });
  return { body, time };
}

function endBody(call: Detail, agentId: string, { statedEnd, ended }: Times): FetchedBody {
  const { callId, type, recordingUrl, transcript, variables } = call;
  const body = envelope("post-conversation", agentId, callId, {
    conversationType: conversationType(type),
    recordingUrl: text(recordingUrl),
    callData: { ...callData(call), endTime: statedEnd },
    transcript: Array.isArray(transcript) ? transcript.flatMap(turnOf) : undefined,
    variables: isJsonObject(variables) ? variables : undefined,
  });
  return { body, time: ended };
}

function callData({ from, to, duration, status, type }: Detail): JsonObject {
  return {
    fromNumber: text(from),
    toNumber: text(to),
    callDuration: secondsOf(duration),
    callStatus: text(status),
    callDirection: text(type),
  };
}

/** Older records have times as numbers, and one more word for the agent. */
function turnOf(turn: unknown): JsonObject[] {
  if (!isJsonObject(turn)) return [];
  const { role, content, timestamp } = turn;
  const time = typeof timestamp === "number" ? String(timestamp) : text(timestamp);
  return [{ role: role === "assistant" ? "agent" : text(role), content: text(content), timestamp: time }];
}

function analyticsBody(
  callId: string,
  agentId: string,
  call: { postCallAnalytics?: unknown; type?: unknown },
  time: string,
): FetchedBody {
  const { postCallAnalytics: given } = call;
  const { summary, dispositionMetrics } = isJsonObject(given) ? given : {};
  const analytics = {
    summary: text(summary),
    dispositionMetrics: Array.isArray(dispositionMetrics) ? dispositionMetrics.flatMap(metricOf) : undefined,
  };
  const metadata = { conversationType: conversationType(call.type), analytics };
  return { body: envelope("analytics-completed", agentId, callId, metadata), time };
}

/** The prompt of a metric is left out, and so is a value that no webhook has. */
function metricOf(metric: unknown): JsonObject[] {
  if (!isJsonObject(metric)) return [];
  const { identifier, value, confidence, reasoning, dispositionMetricType } = metric;
  if (text(identifier) === undefined) return [];
  return [
    {
      identifier,
      value: ["string", "number", "boolean"].includes(typeof value) ? value : null,
      confidence: typeof confidence === "number" ? confidence : undefined,
      reasoning: text(reasoning),
      dispositionMetricType: text(dispositionMetricType),
    },
  ];
}
