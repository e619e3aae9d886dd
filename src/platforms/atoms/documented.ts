import * as z from "zod";
import type { CallEvent, JsonObject } from "../../events/event.ts";
import { id, instant, invalid, jsonObject, present, text, transcript, withoutTranscript } from "../../events/fields.ts";
import type { Decoded, WireFormat } from "../../events/format.ts";

/** The vocabulary of the platform's payload page: flat, with the event's name in `event`. */
const common = { timestamp: instant, agent_id: id, call_id: id };

const callStart = z.object({
  event: z.literal("call.start"),
  ...common,
  call_direction: z.enum(["inbound", "outbound"]).nullish(),
  caller_phone: text.nullish(),
  agent_phone: text.nullish(),
});

const callEnd = z.object({
  event: z.literal("call.end"),
  ...common,
  duration_seconds: z.number().nullish(),
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

const known: ReadonlySet<unknown> = new Set<CallEvent["event"]>(["call.start", "call.end", "analytics.completed"]);

export const documented: WireFormat = {
  name: "documented",
  decode(body: JsonObject): Decoded | undefined {
    if (!known.has(body["event"])) return undefined;
    const parsed = documentedEvent.safeParse(body);
    if (!parsed.success) return invalid(parsed.error);
    return { ok: true, event: toCallEvent(parsed.data), withoutTranscript: withoutTranscript(body) };
  },
  transcript: (body) => body["transcript"],
};

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
