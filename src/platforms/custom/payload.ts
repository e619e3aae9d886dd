import * as z from "zod";
import { type CallEvent, callDirection, eventName, type JsonObject } from "../../events/event.ts";
import {
  costUsd,
  durationSeconds,
  fieldErrors,
  id,
  instant,
  jsonObject,
  latencyMs,
  present,
  text,
  versionText,
  withoutMembers,
} from "../../events/fields.ts";
import type { Decoded } from "../platform.ts";
import { transcript } from "./transcript.ts";

const object = jsonObject.meta({ type: "object" });

const common = {
  id: z.string().nullish().describe("the event's identity; without it the SHA-256 of the body"),
  timestamp: instant.describe("when the event occurred, ISO 8601 with an offset or Z"),
  agent_id: id,
  call_id: id,
};

/** Facts that are known when a call begins. */
const beginning = {
  call_direction: callDirection.nullish(),
  caller_phone: text.nullish().describe("the customer's number, whichever way the call went"),
  agent_phone: text.nullish(),
  started_at: instant.nullish().describe("ISO 8601 with an offset or Z; of a call.start without it, its timestamp"),
  agent_version: versionText.nullish(),
};

/** Facts that are known when a call is over. */
const conclusion = {
  ...beginning,
  ended_at: instant.nullish().describe("ISO 8601 with an offset or Z; of a call.end without it, its timestamp"),
  duration_seconds: durationSeconds.nullish(),
  disposition: text.nullish().describe("how the call ended, in words of your own"),
  variables: object.nullish().describe("what the agent knew and collected"),
  metrics: object.nullish().describe("what the analysis found, metric to value"),
  summary: text.nullish(),
  recording_url: text.nullish(),
  cost_usd: costUsd.nullish().describe("US dollars"),
  latency_ms: latencyMs.nullish().describe("the median, else the mean, of the times that the agent took to answer"),
};

/** Refused, since it would be lost: of the other events the archive keeps no body. */
const noTranscript = z.null("must be in call.end").optional();

const callStart = z.object({ event: z.literal("call.start"), ...common, ...beginning, transcript: noTranscript });
const callEnd = z.object({
  event: z.literal("call.end"),
  ...common,
  ...conclusion,
  transcript: transcript.nullish().describe("turns and tool calls in their order"),
});
const analyticsCompleted = z.object({
  event: z.literal("analytics.completed"),
  ...common,
  ...conclusion,
  transcript: noTranscript,
});

export const customEvent = z.discriminatedUnion("event", [callStart, callEnd, analyticsCompleted]);

export function decodeCustom(body: JsonObject): Decoded {
  if (!eventName.safeParse(body["event"]).success) return { kind: "unrecognised" };
  const parsed = customEvent.safeParse(body);
  if (!parsed.success) return { kind: "invalid", errors: fieldErrors(parsed.error) };
  return {
    kind: "events",
    format: "custom",
    events: toCallEvents(parsed.data),
    payload: withoutMembers(body, (name) => name === "transcript"),
  };
}

function toCallEvents(payload: z.infer<typeof customEvent>): [CallEvent, ...CallEvent[]] {
  const { timestamp, agent_id, call_id } = payload;
  const identified = { timestamp, agent_id, call_id };
  const analyzed = { event: "analytics.completed", ...identified, analyzed_at: timestamp } as const;
  switch (payload.event) {
    case "call.start": {
      const workedOut = payload.started_at ? {} : { started_at: timestamp, worked_out: ["started_at" as const] };
      return [{ event: "call.start", ...identified, ...workedOut, ...factsOfBeginning(payload) }];
    }
    case "call.end": {
      const workedOut = payload.ended_at ? {} : { ended_at: timestamp, worked_out: ["ended_at" as const] };
      const transcript_turns = payload.transcript;
      const facts = { ...workedOut, ...factsOfConclusion(payload), ...present({ transcript_turns }) };
      const ended: CallEvent = { event: "call.end", ...identified, ...facts };
      const analysis = analysisOf(payload);
      return Object.keys(analysis).length > 0 ? [ended, { ...analyzed, ...analysis }] : [ended];
    }
    case "analytics.completed":
      return [{ ...analyzed, ...factsOfConclusion(payload), ...analysisOf(payload) }];
  }
}

function factsOfBeginning(payload: z.infer<typeof callStart | typeof callEnd | typeof analyticsCompleted>) {
  const { call_direction, caller_phone, agent_phone, started_at, agent_version } = payload;
  return present({ call_direction, caller_phone, agent_phone, started_at, agent_version });
}

type Conclusion = z.infer<typeof callEnd | typeof analyticsCompleted>;

function factsOfConclusion(payload: Conclusion) {
  const { ended_at, duration_seconds, disposition, variables, recording_url, cost_usd, latency_ms } = payload;
  return {
    ...factsOfBeginning(payload),
    ...present({ ended_at, duration_seconds, disposition, variables, recording_url, cost_usd, latency_ms }),
  };
}

function analysisOf({ metrics, summary }: Conclusion) {
  return present({ metrics, summary });
}
