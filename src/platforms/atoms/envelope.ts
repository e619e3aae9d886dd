import * as z from "zod";
import type { CallDirection, CallEvent, JsonObject } from "../../events/event.ts";
import {
  durationSeconds,
  fieldErrors,
  id,
  instant,
  isJsonObject,
  jsonObject,
  listOf,
  present,
  text,
  transcript,
} from "../../events/fields.ts";
import type { Decoded } from "../platform.ts";
import { withoutTranscripts } from "./transcript.ts";

/**
 * The vocabulary the Atoms platform sends today: an envelope whose `metadata` is the event.
 * Calls that were never answered lack much of it, so only the three ids in `metadata` are required.
 */
const common = { agentId: id, callId: id, conversationType: z.string().nullish() };

const callData = z.object({
  fromNumber: text.nullish(),
  toNumber: text.nullish(),
  callDuration: durationSeconds.nullish(),
  callStatus: text.nullish(),
  callDirection: z.string().nullish(),
  answerTime: instant.nullish(),
  endTime: instant.nullish(),
});

const metric = z.object({
  identifier: z.string().nullish(),
  value: z.union([z.number(), z.string(), z.boolean()]).nullish(),
  confidence: z.number().nullish(),
  reasoning: z.string().nullish(),
  dispositionMetricPrompt: z.string().nullish(),
  dispositionMetricType: z.string().nullish(),
});

const metadata = z.discriminatedUnion("eventType", [
  z.object({
    eventType: z.literal("pre-conversation"),
    ...common,
    fromPhone: text.nullish(),
    toPhone: text.nullish(),
  }),
  z.object({
    eventType: z.literal("post-conversation"),
    ...common,
    recordingUrl: text.nullish(),
    callData: callData.nullish(),
    transcript: transcript.nullish(),
    variables: jsonObject.nullish(),
  }),
  z.object({
    eventType: z.literal("analytics-completed"),
    ...common,
    analytics: z
      .object({
        summary: text.nullish(),
        dispositionMetrics: listOf(metric).nullish(),
        successMetrics: listOf(metric).nullish(),
      })
      .nullish(),
    callData: callData.nullish(),
  }),
]);

export const atomsEvent = z.object({
  id: z.string().nullish(),
  event: z.string().nullish(),
  url: z.string().nullish(),
  description: z.string().nullish(),
  metadata,
});

type Metadata = z.infer<typeof metadata>;

const known: ReadonlySet<unknown> = new Set<Metadata["eventType"]>([
  "pre-conversation",
  "post-conversation",
  "analytics-completed",
]);

/** @returns `undefined` when the body is no event of this vocabulary */
export function decodeEnvelope(body: JsonObject, receivedAt: string): Decoded | undefined {
  if (!known.has(eventTypeOf(body))) return undefined;
  const parsed = atomsEvent.safeParse(body);
  if (!parsed.success) return { kind: "invalid", errors: fieldErrors(parsed.error) };
  return {
    kind: "events",
    format: "atoms",
    events: [toCallEvent(parsed.data.metadata, receivedAt)],
    payload: withoutTranscripts(body),
  };
}

/** `metadata.eventType`, or, when that is missing, the end of the envelope's `{agentId}.{eventType}`: enough to say what is missing. */
function eventTypeOf(body: JsonObject): unknown {
  const { metadata, event } = body;
  const named = isJsonObject(metadata) ? metadata["eventType"] : undefined;
  if (named !== undefined && named !== null) return named;
  return typeof event === "string" ? event.slice(event.lastIndexOf(".") + 1) : undefined;
}

function toCallEvent(payload: Metadata, receivedAt: string): CallEvent {
  const identified = { agent_id: payload.agentId, call_id: payload.callId };
  switch (payload.eventType) {
    case "pre-conversation": {
      const stated = timeInside(payload.callId);
      const started_at = stated ?? receivedAt;
      const call_direction = direction(payload.conversationType);
      const { fromPhone: from, toPhone: to } = payload;
      return {
        event: "call.start",
        timestamp: started_at,
        ...identified,
        started_at,
        ...(stated === undefined && { worked_out: ["started_at"] }),
        ...present({ call_direction }),
        ...phones(call_direction, from, to),
      };
    }
    case "post-conversation": {
      const details = callDetails(payload);
      const ended_at = details.ended_at ?? receivedAt;
      const { recordingUrl: recording_url, transcript: transcript_turns, variables } = payload;
      return {
        event: "call.end",
        timestamp: ended_at,
        ...identified,
        ...details,
        ended_at,
        ...(details.ended_at === undefined && { worked_out: ["ended_at"] }),
        ...present({ recording_url, transcript_turns, variables }),
        ...userNumber(variables),
      };
    }
    case "analytics-completed": {
      const { analytics } = payload;
      return {
        event: "analytics.completed",
        timestamp: receivedAt,
        ...identified,
        ...callDetails(payload),
        analyzed_at: receivedAt,
        worked_out: ["analyzed_at"],
        ...present({ metrics: metrics(analytics), summary: analytics?.summary }),
      };
    }
  }
}

type CallDataBearer = Extract<Metadata, { callData?: unknown }>;

function callDetails({ conversationType, callData }: CallDataBearer) {
  const call_direction = direction(conversationType) ?? direction(callData?.callDirection);
  return {
    ...present({
      call_direction,
      started_at: callData?.answerTime,
      ended_at: callData?.endTime,
      duration_seconds: callData?.callDuration,
      disposition: disposition(callData?.callStatus),
    }),
    ...phones(call_direction, callData?.fromNumber, callData?.toNumber),
  };
}

/** `telephonyInbound`, `telephony_inbound` → `inbound`; a web call goes neither way. */
function direction(named: string | null | undefined): CallDirection | undefined {
  const bare = named?.toLowerCase().replace(/^telephony_?/, "");
  return bare === "inbound" || bare === "outbound" ? bare : undefined;
}

function phones(
  call_direction: CallDirection | undefined,
  from: string | null | undefined,
  to: string | null | undefined,
) {
  return call_direction === "outbound"
    ? present({ caller_phone: to, agent_phone: from })
    : present({ caller_phone: from, agent_phone: to });
}

/** The platform repeats the customer's number among the variables; a call without `callData` has it there alone. */
function userNumber(variables: JsonObject | null | undefined) {
  const number = variables?.["user_number"];
  return typeof number === "string" ? { caller_phones: [number] } : {};
}

/** `no-answer` and `no_answer`, `canceled` and `cancelled` are one disposition each. */
function disposition(callStatus: string | null | undefined): string | undefined {
  return callStatus?.replaceAll("-", "_").replace(/^canceled$/, "cancelled");
}

function metrics(
  analytics: Extract<Metadata, { eventType: "analytics-completed" }>["analytics"],
): JsonObject | undefined {
  if (!analytics) return undefined;
  const named = [...(analytics.dispositionMetrics ?? []), ...(analytics.successMetrics ?? [])].flatMap(
    ({ identifier, value }) =>
      identifier === null || identifier === undefined ? [] : [[identifier, value ?? null] as const],
  );
  // fromEntries defines own properties, so an identifier named __proto__ is a metric like any other.
  return Object.fromEntries(named);
}

/** The start of the call is part of its id: `CALL-{13 digits: ms since 1970}-{6 hex}`. */
function timeInside(callId: string): string | undefined {
  const milliseconds = /^CALL-(\d{13})-[0-9a-f]{6}$/i.exec(callId)?.[1];
  return milliseconds === undefined ? undefined : new Date(Number(milliseconds)).toISOString();
}
