import * as z from "zod";
import { type CallEvent, callDirection, eventName, type JsonObject } from "../../events/event.ts";
import {
  durationSeconds,
  fieldErrors,
  id,
  instant,
  jsonObject,
  present,
  text,
  transcript,
} from "../../events/fields.ts";
import type { Decoded } from "../platform.ts";
import { withoutTranscripts } from "./transcript.ts";

/** The vocabulary of the platform's payload page: flat, with the event's name in `event`. */
const common = { timestamp: instant, agent_id: id, call_id: id };

const callStart = z.object({
  event: z.literal("call.start"),
  ...common,
  call_direction: callDirection.nullish(),
  caller_phone: text.nullish(),
  agent_phone: text.nullish(),
});

const callEnd = z.object({
  event: z.literal("call.end"),
  ...common,
  duration_seconds: durationSeconds.nullish(),
  disposition: text.nullish(),
  transcript: transcript.nullish(),
  variables: jsonObject.nullish(),
});

const analyticsCompleted = z.object({
  event: z.literal("analytics.completed"),
  ...common,
  metrics: jsonObject.nullish(),
});

export const documentedEvent = z.discriminatedUnion("event", [callStart, callEnd, analyticsCompleted]);

/** @returns `undefined` when the body is no event of this vocabulary */
export function decodeDocumented(body: JsonObject): Decoded | undefined {
  if (!eventName.safeParse(body["event"]).success) return undefined;
  const parsed = documentedEvent.safeParse(body);
  if (!parsed.success) return { kind: "invalid", errors: fieldErrors(parsed.error) };
  return {
    kind: "events",
    format: "documented",
    events: [toCallEvent(parsed.data)],
    payload: withoutTranscripts(body),
  };
}

function toCallEvent(payload: z.infer<typeof documentedEvent>): CallEvent {
  const { timestamp, agent_id, call_id } = payload;
  const identified = { timestamp, agent_id, call_id };
  switch (payload.event) {
    case "call.start": {
      const { call_direction, caller_phone, agent_phone } = payload;
      const details = present({ call_direction, caller_phone, agent_phone });
      return { event: "call.start", ...identified, started_at: timestamp, ...details };
    }
    case "call.end": {
      const { duration_seconds, disposition, transcript: transcript_turns, variables } = payload;
      const details = present({ duration_seconds, disposition, transcript_turns, variables });
      return { event: "call.end", ...identified, ended_at: timestamp, ...details };
    }
    case "analytics.completed":
      return {
        event: "analytics.completed",
        ...identified,
        analyzed_at: timestamp,
        ...present({ metrics: payload.metrics }),
      };
  }
}
