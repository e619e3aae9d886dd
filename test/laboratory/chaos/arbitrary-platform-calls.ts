import * as fc from "fast-check";
import { customCall } from "../../support/custom.ts";
import { callMetadata, elevenLabsCall } from "../../support/elevenlabs.ts";
import { retellCall } from "../../support/retell.ts";
import { presigned, vapiCall } from "../../support/vapi.ts";
import { facts, type MakeEvent, seconds, text, time } from "./arbitrary-values.ts";

/** Milliseconds since 1970; every body has a time of its own, since nothing else says which of two counts. */
const moment = time.map((iso) => Date.parse(iso));
const optionalMoment = fc.oneof(fc.constant(null), moment);

const conclusion = {
  direction: fc.constantFrom("inbound", "outbound", "sideways", null),
  from_number: text,
  start_timestamp: optionalMoment,
  end_timestamp: optionalMoment,
  duration_ms: seconds,
  disconnection_reason: text,
  collected_dynamic_variables: facts,
};

export const retell: fc.Arbitrary<MakeEvent> = fc.oneof(
  fc.record({ at: moment, call: fc.record({ direction: conclusion.direction, to_number: text }) }).map(
    ({ at, call }) =>
      (call_id: string) =>
        retellCall({ call_id }).start(call, { event_timestamp: at }),
  ),
  fc.record({ at: moment, call: fc.record(conclusion) }).map(
    ({ at, call }) =>
      (call_id: string) =>
        retellCall({ call_id }).end(call, { event_timestamp: at }),
  ),
  fc.record({ at: moment, call: fc.record({ ...conclusion, call_analysis: fc.record({ call_summary: text }) }) }).map(
    ({ at, call }) =>
      (call_id: string) =>
        retellCall({ call_id }).analytics(call, { event_timestamp: at }),
  ),
);

const vapiConclusion = {
  timestamp: moment,
  startedAt: fc.oneof(fc.constant(null), time),
  endedAt: fc.oneof(fc.constant(null), time),
  endedReason: text,
  customer: fc.oneof(fc.constant(null), fc.record({ number: text })),
};

export const vapi: fc.Arbitrary<MakeEvent> = fc.oneof(
  fc
    .record({ timestamp: moment, phoneNumber: fc.record({ number: text }) })
    .map((message) => (call_id: string) => vapiCall({ call_id }).start(message)),
  fc.record(vapiConclusion).map((message) => (call_id: string) => vapiCall({ call_id }).ended(message)),
  fc
    .record({
      ...vapiConclusion,
      analysis: fc.oneof(fc.constant(null), fc.record({ summary: text, structuredData: facts })),
      variableValues: facts,
    })
    .map(({ variableValues, ...message }) => (call_id: string, index: number) => {
      const { report, messages } = vapiCall({ call_id });
      return report({ ...message, artifact: { messages, variableValues, ...presigned(`delivery ${index}`) } });
    }),
);

export const elevenlabs: fc.Arbitrary<MakeEvent> = fc
  .record({
    event_timestamp: moment.map((ms) => Math.floor(ms / 1000)),
    start_time_unix_secs: fc.oneof(fc.constant(null), fc.constantFrom(1_721_053_800, 1_721_053_801)),
    call_duration_secs: seconds,
    termination_reason: text,
    dynamic_variables: facts,
    transcript_summary: text,
  })
  .map(
    ({ event_timestamp, dynamic_variables, transcript_summary, ...metadata }) =>
      (call_id: string) =>
        elevenLabsCall({ call_id }).transcription(
          {
            metadata: callMetadata(metadata),
            analysis: { transcript_summary },
            conversation_initiation_client_data: { dynamic_variables },
          },
          { event_timestamp },
        ),
  );

const customFacts = {
  timestamp: time,
  started_at: fc.oneof(fc.constant(null), time),
  agent_phone: text,
  agent_version: text,
};
const customConclusion = {
  ...customFacts,
  ended_at: fc.oneof(fc.constant(null), time),
  duration_seconds: seconds,
  disposition: text,
  variables: facts,
  metrics: facts,
  summary: text,
  cost_usd: seconds,
};

export const custom: fc.Arbitrary<MakeEvent> = fc.oneof(
  fc.record(customFacts).map((more) => (call_id: string) => customCall({ call_id }).start(more)),
  fc.record(customConclusion).map((more) => (call_id: string) => customCall({ call_id }).end(more)),
  fc.record(customConclusion).map((more) => (call_id: string) => customCall({ call_id }).analytics(more)),
);
