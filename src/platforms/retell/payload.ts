import * as z from "zod";
import { countSpoken } from "../../events/conversation.ts";
import type { CallEvent, JsonObject } from "../../events/event.ts";
import {
  epochMs,
  fieldErrors,
  id,
  isoOfEpoch,
  jsonObject,
  latencyMs,
  MAX_COST_USD,
  MAX_DURATION_SECONDS,
  present,
  text,
  versionText,
} from "../../events/fields.ts";
import type { Decoded } from "../platform.ts";
import { conversation, turnsInCall, withoutTranscripts } from "./conversation.ts";

/** Schema of cents, read as US dollars by way of whole millionths of a cent: 1.1 cents are 0.011 dollars, not a fraction more. */
const cents = z
  .number()
  .min(0, "must not be negative")
  .max(MAX_COST_USD * 100, "must not be more than a million dollars")
  .transform((value) => Math.round(value * 1e6) / 1e8);

const startedCall = z.object({
  call_id: id,
  agent_id: id,
  agent_version: versionText.nullish(),
  direction: z.string().nullish(),
  from_number: text.nullish(),
  to_number: text.nullish(),
  start_timestamp: epochMs.nullish(),
});

const concludedCall = startedCall.extend({
  end_timestamp: epochMs.nullish(),
  duration_ms: z
    .number()
    .max(MAX_DURATION_SECONDS * 1000, "must not be longer than 366 days")
    .nullish(),
  disconnection_reason: text.nullish(),
  recording_url: text.nullish(),
  scrubbed_recording_url: text.nullish(),
  retell_llm_dynamic_variables: jsonObject.nullish(),
  collected_dynamic_variables: jsonObject.nullish(),
  call_cost: z.object({ combined_cost: cents.nullish() }).nullish(),
  latency: z.object({ e2e: z.object({ p50: latencyMs.nullish() }).nullish() }).nullish(),
});

const callAnalysis = z.object({
  call_summary: text.nullish(),
  call_successful: z.boolean().nullish(),
  user_sentiment: text.nullish(),
  in_voicemail: z.boolean().nullish(),
  custom_analysis_data: jsonObject.nullish(),
});

const event_timestamp = epochMs.nullish();

export const retellEvent = z.discriminatedUnion("event", [
  z.object({ event: z.literal("call_started"), event_timestamp, call: startedCall }),
  z.object({
    event: z.literal("call_ended"),
    event_timestamp,
    call: concludedCall.extend(conversation.shape),
  }),
  z.object({
    event: z.literal("call_analyzed"),
    event_timestamp,
    call: concludedCall.extend({ call_analysis: callAnalysis.nullish() }),
  }),
]);

type RetellEvent = z.infer<typeof retellEvent>;

const known: ReadonlySet<unknown> = new Set<RetellEvent["event"]>(["call_started", "call_ended", "call_analyzed"]);

/** Events that are ignored: the middle of calls, chats, and the question which agent is to take a call. */
const ignored: ReadonlySet<unknown> = new Set([
  "transcript_updated",
  "transfer_started",
  "transfer_bridged",
  "transfer_cancelled",
  "transfer_ended",
  "chat_started",
  "chat_ended",
  "chat_analyzed",
  "call_inbound",
]);

/** @param receivedAt ISO 8601 UTC */
export function decodeRetell(body: JsonObject, receivedAt: string): Decoded {
  const { event } = body;
  if (ignored.has(event)) return { kind: "ignored" };
  if (!known.has(event)) return { kind: "unrecognised" };
  const parsed = retellEvent.safeParse(body);
  if (!parsed.success) return { kind: "invalid", errors: fieldErrors(parsed.error) };
  return {
    kind: "events",
    format: "retell",
    events: [toCallEvent(parsed.data, receivedAt)],
    payload: withoutTranscripts(body),
  };
}

function toCallEvent(payload: RetellEvent, receivedAt: string): CallEvent {
  const { call_id, agent_id } = payload.call;
  const sentAt = isoOfEpoch(payload.event_timestamp);
  switch (payload.event) {
    case "call_started": {
      const started_at = isoOfEpoch(payload.call.start_timestamp);
      return {
        event: "call.start",
        timestamp: sentAt ?? started_at ?? receivedAt,
        call_id,
        agent_id,
        ...present({ started_at, agent_version: payload.call.agent_version }),
        ...parties(payload.call),
      };
    }
    case "call_ended": {
      const conclusion = conclusionOf(payload.call);
      // A call that never connected has no times of its own.
      const ended_at = conclusion.ended_at ?? sentAt ?? receivedAt;
      return {
        event: "call.end",
        timestamp: sentAt ?? ended_at,
        call_id,
        agent_id,
        ...conclusion,
        ended_at,
        ...(conclusion.ended_at === undefined && { worked_out: ["ended_at"] }),
        ...present({ transcript_turns: countSpoken(turnsInCall(payload.call)) }),
      };
    }
    case "call_analyzed": {
      const analyzed_at = sentAt ?? receivedAt;
      const { call_analysis } = payload.call;
      return {
        event: "analytics.completed",
        timestamp: analyzed_at,
        call_id,
        agent_id,
        ...conclusionOf(payload.call),
        analyzed_at,
        ...(sentAt === undefined && { worked_out: ["analyzed_at"] }),
        ...present({ metrics: metrics(call_analysis), summary: call_analysis?.call_summary }),
      };
    }
  }
}

/** Returns the facts that both the end and the analysis of a call state. */
function conclusionOf(call: z.infer<typeof concludedCall>) {
  const { start_timestamp: start, end_timestamp: end, duration_ms: duration } = call;
  const startAndDuration = isNumber(start) && isNumber(duration) ? start + duration : undefined;
  return {
    ...parties(call),
    ...present({
      started_at: isoOfEpoch(start),
      ended_at: isoOfEpoch(end ?? startAndDuration),
      duration_seconds: isNumber(duration) ? duration / 1000 : undefined,
      disposition: call.disconnection_reason,
      agent_version: call.agent_version,
      cost_usd: call.call_cost?.combined_cost,
      latency_ms: call.latency?.e2e?.p50,
      recording_url: call.recording_url ?? call.scrubbed_recording_url,
      variables: variables(call),
    }),
  };
}

type Parties = Pick<CallEvent, "call_direction" | "caller_phone" | "agent_phone" | "caller_phones">;

function parties({ direction, from_number: from, to_number: to }: z.infer<typeof startedCall>): Parties {
  switch (direction) {
    case "inbound":
      return { call_direction: direction, ...present({ caller_phone: from, agent_phone: to }) };
    case "outbound":
      return { call_direction: direction, ...present({ caller_phone: to, agent_phone: from }) };
    default:
      // Either number may be the customer's: erasure by number finds the call by both.
      return { caller_phones: [from, to].flatMap((number) => number ?? []) };
  }
}

/** Merges the variables that the call was given with those it collected, which win. */
function variables({
  retell_llm_dynamic_variables: given,
  collected_dynamic_variables: collected,
}: z.infer<typeof concludedCall>): JsonObject | undefined {
  return given || collected ? { ...given, ...collected } : undefined;
}

/** Merges the platform's own judgements with the owner's fields, which win. `undefined` if there are none. */
function metrics(analysis: z.infer<typeof callAnalysis> | null | undefined): JsonObject | undefined {
  if (!analysis) return undefined;
  const { call_successful, user_sentiment, in_voicemail, custom_analysis_data } = analysis;
  const all = { ...present({ call_successful, user_sentiment, in_voicemail }), ...custom_analysis_data };
  return Object.keys(all).length === 0 ? undefined : all;
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === "number";
}
