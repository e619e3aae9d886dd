import { describe, expect, test } from "vitest";
import { elevenlabs } from "../../src/platforms/elevenlabs/index.ts";
import { decoded, errorsIn, nulled, payloadOf, RECEIVED_AT, speechIn } from "../support/decoded.ts";
import { callMetadata, elevenLabsCall, elevenLabsDigest } from "../support/elevenlabs.ts";
import "../support/hex.ts";

const { transcription, initiationFailure, audio } = elevenLabsCall({ call_id: "conv" });
const metadata = (more: object) => transcription({ metadata: callMetadata(more) });
const customer = "+14155550123";
const agent = "+14155550190";
const external = { external_number: customer, agent_number: agent };
const phones = { caller_phone: customer, agent_phone: agent };
const noPhones = { call_direction: null, caller_phone: null, agent_phone: null };
const ids = { agent_id: "agent_1", conversation_id: "conv" };
const started_at = "2025-06-15T15:06:40.000Z";
const sent = "2025-06-15T15:08:05.000Z";
const withVariables = (dynamic_variables: unknown) => ({ conversation_initiation_client_data: { dynamic_variables } });
const callerAndCalled = (caller: unknown, called: unknown) =>
  withVariables({ system__caller_id: caller, system__called_number: called });

test.each<[string, object, object]>([
  [
    "a transcription is the end of its call and its analytics at once",
    transcription(),
    {
      ...{ events: ["call.end", "analytics.completed"], format: "elevenlabs", timestamp: sent, analyzed_at: sent },
      ...{ agent_id: "agent_01jx7f30b1c2d4", call_direction: "inbound", ...phones, customers: ["14155550123"] },
      ...{ started_at, ended_at: "2025-06-15T15:07:56.000Z", duration_seconds: 76 },
      ...{ disposition: "Call ended by remote party", summary: "The caller booked Tuesday at ten." },
      variables: transcription().data.conversation_initiation_client_data.dynamic_variables,
      metrics: { call_successful: "success", booked: "success", appointment: "2025-06-17T10:00", email: null },
      ...{ recording_url: null, transcript_turns: 3 },
    },
  ],
  [
    "everything but its two ids may be missing; then only the time of receipt is known",
    { type: "post_call_transcription", data: ids },
    {
      ...{ events: ["call.end", "analytics.completed"], ended_at: RECEIVED_AT, analyzed_at: RECEIVED_AT },
      ...{ started_at: null, duration_seconds: null, disposition: null, variables: null, metrics: null },
      ...{ summary: null, transcript_turns: null, ...noPhones },
    },
  ],
  [
    "null is the same as absent",
    transcription({ ...nulled(transcription().data), ...ids }, { event_timestamp: null }),
    { ended_at: RECEIVED_AT, analyzed_at: RECEIVED_AT, metrics: null, transcript_turns: null, ...noPhones },
  ],
  [
    "null is the same as absent within",
    transcription({
      ...withVariables(null),
      transcript: [{ role: null, message: null, tool_calls: null, tool_results: null, time_in_call_secs: null }],
      metadata: nulled(callMetadata()),
      analysis: {
        ...{ call_successful: null, transcript_summary: null },
        evaluation_criteria_results: { booked: null, polite: { result: null } },
        data_collection_results: { email: null, name: { value: null }, age: {} },
      },
    }),
    {
      ...{ started_at: null, ended_at: sent, worked_out: ["ended_at"], summary: null, transcript_turns: 0 },
      metrics: { booked: null, polite: null, email: null, name: null, age: null },
    },
  ],
  ["no analysis", transcription({ analysis: null }), { analyzed_at: sent, metrics: null, summary: null }],
  ["an empty analysis", transcription({ analysis: {} }), { analyzed_at: sent, metrics: {}, summary: null }],
  [
    "collected values of any kind",
    transcription({
      analysis: { data_collection_results: { list: { value: [1] }, flag: { value: false }, map: { value: {} } } },
    }),
    { metrics: { list: [1], flag: false, map: {} } },
  ],
  [
    "words that an enum does not have yet",
    transcription({
      analysis: { call_successful: "partly", evaluation_criteria_results: { booked: { result: "maybe" } } },
    }),
    { metrics: { call_successful: "partly", booked: "maybe" } },
  ],
  ["a failed call", transcription({ status: "failed" }), { disposition: "failed" }],
  [
    "a call that a tool ended",
    metadata({ termination_reason: "end_call tool was called." }),
    { disposition: "end_call tool was called." },
  ],
  ["a call that ended for a blank reason", metadata({ termination_reason: "" }), { disposition: null }],
  [
    "a status that nobody knows yet",
    transcription({ status: "hibernating" }),
    { disposition: "Call ended by remote party" },
  ],
  [
    "times with fractions",
    metadata({ start_time_unix_secs: 1_750_000_000.25, call_duration_secs: 0.5 }),
    { started_at: "2025-06-15T15:06:40.250Z", ended_at: "2025-06-15T15:06:40.750Z", duration_seconds: 0.5 },
  ],
  [
    "an end beyond all calendars is none",
    metadata({ start_time_unix_secs: 253_402_300_799, call_duration_secs: 76 }),
    { ended_at: sent, worked_out: ["ended_at"] },
  ],
  [
    "of a call without a start, the body's own time is the nearest to its end",
    metadata({ start_time_unix_secs: null }),
    { started_at: null, ended_at: sent, worked_out: ["ended_at"], duration_seconds: 76 },
  ],
  [
    "a call that could not be initiated has ended, outbound, with the reason for its disposition",
    initiationFailure(),
    {
      ...{ events: ["call.end"], call_direction: "outbound", caller_phone: "+14155550177", agent_phone: agent },
      ...{ started_at: null, ended_at: "2025-06-15T15:07:11.000Z", worked_out: ["ended_at"], duration_seconds: null },
      ...{ disposition: "no_answer", transcript_turns: null },
    },
  ],
  ["a busy line", initiationFailure({ failure_reason: "busy" }), { disposition: "busy" }],
  ["canceled is cancelled", initiationFailure({ failure_reason: "canceled" }), { disposition: "cancelled" }],
  [
    "a reason nobody knows yet",
    initiationFailure({ failure_reason: "carrier-on-strike" }),
    { disposition: "carrier_on_strike" },
  ],
  ["a blank reason", initiationFailure({ failure_reason: "" }), { disposition: null }],
  [
    "a failure over SIP, with the numbers of its variables",
    initiationFailure({
      metadata: { type: "sip", body: { sip_status_code: 486 } },
      ...callerAndCalled(`sip:${agent}@pbx`, `sip:${customer}@pbx`),
    }),
    {
      ...{ call_direction: "outbound", caller_phone: `sip:${customer}@pbx`, agent_phone: `sip:${agent}@pbx` },
      variables: { system__caller_id: `sip:${agent}@pbx`, system__called_number: `sip:${customer}@pbx` },
    },
  ],
  [
    "a failure over SIP without any",
    initiationFailure({ metadata: { type: "sip", body: {} } }),
    { caller_phone: null, agent_phone: null },
  ],
  [
    "a failure with its ids alone",
    { type: "call_initiation_failure", event_timestamp: null, data: { ...ids, failure_reason: null, metadata: null } },
    { events: ["call.end"], ended_at: RECEIVED_AT, disposition: null },
  ],
])("%s", (_what, body, facts) => {
  expect(decoded(elevenlabs, body)).toMatchObject(facts);
});

test("ids of criteria and values named __proto__ are metrics like any other", () => {
  const odd = JSON.stringify(transcription())
    .replace('"booked":', '"__proto__":')
    .replace('"email":', '"constructor":');
  expect(JSON.stringify(Object(decoded(elevenlabs, JSON.parse(odd))).metrics)).toBe(
    '{"call_successful":"success","__proto__":"success","appointment":"2025-06-17T10:00","constructor":null}',
  );
});

describe("who called whom", () => {
  const call = (direction: string | null, more: object = {}) =>
    callMetadata({ phone_call: { type: "sip_trunking", direction, ...more } });
  const twilioOfTheirs = callMetadata({ phone_call: { type: "twilio", stream_sid: "MZ1", call_sid: "CA1" } });
  const none = callMetadata({ phone_call: null });
  const sip = {
    agent_number: `sip:${agent}@pbx.example`,
    external_number: "sip:+493012345678@carrier.example;user=phone",
  };
  test.each<[string, object, object, object]>([
    ["inbound", call("inbound", external), {}, { call_direction: "inbound", ...phones }],
    ["outbound", call("outbound", external), {}, { call_direction: "outbound", ...phones }],
    [
      "inbound by its variables",
      call("inbound"),
      callerAndCalled(customer, agent),
      { call_direction: "inbound", ...phones },
    ],
    [
      "outbound by its variables",
      call("outbound"),
      callerAndCalled(agent, customer),
      { call_direction: "outbound", ...phones },
    ],
    [
      "outbound with variables that are turned round, by the agent's number",
      call("outbound", { agent_number: agent }),
      callerAndCalled(customer, "1 415 555 0190"),
      { call_direction: "outbound", ...phones },
    ],
    [
      "by a server of the customer's own",
      twilioOfTheirs,
      callerAndCalled(customer, agent),
      { call_direction: null, ...phones },
    ],
    [
      "outbound without a direction, by the agent's number",
      call(null, { agent_number: agent }),
      callerAndCalled(agent, customer),
      { call_direction: null, ...phones, customers: ["14155550123"] },
    ],
    ["in a direction that nobody knows yet", call("sideways", external), {}, { call_direction: null, ...phones }],
    [
      "over SIP, with every number that is the customer's",
      call("inbound", sip),
      callerAndCalled("+49 30 999888777", agent),
      {
        caller_phone: sip.external_number,
        agent_phone: sip.agent_number,
        customers: ["493012345678", "4930999888777"],
      },
    ],
    [
      "in a direction that nothing says: it is found by either number",
      none,
      callerAndCalled(customer, agent),
      { customers: ["14155550123", "14155550190"] },
    ],
    ["in a widget, without variables", none, withVariables({}), { ...noPhones, customers: [] }],
    ["in a widget, with empty ones", none, callerAndCalled("", " "), { ...noPhones, customers: [] }],
    ["in a widget, with variables that are no texts", none, callerAndCalled(null, 7), { ...noPhones, customers: [] }],
  ])("%s", (_what, metadata, variables, facts) => {
    expect(decoded(elevenlabs, transcription({ metadata, ...variables }))).toMatchObject(facts);
  });
});

test("the payload is all but the transcript, fields that nobody knows yet included", () => {
  const body = transcription({ sentiment: { overall: "calm" } }, { version: 2 });
  const { transcript, ...data } = body.data;
  expect(payloadOf(elevenlabs, body)).toEqual({ ...body, data });
  expect(payloadOf(elevenlabs, initiationFailure())).toEqual(initiationFailure());
});

test.each<[string, object, (string | null)[][]]>([
  [
    "what was spoken, each turn at its second of the call",
    transcription(),
    [
      ["agent", "Hello, how can I help?", "2025-06-15T15:06:40.000Z"],
      ["user", "I need an appointment.", "2025-06-15T15:06:44.000Z"],
      ["agent", "Tuesday at ten is free.", "2025-06-15T15:06:49.000Z"],
    ],
  ],
  [
    "in order within a second, without blank turns, with other roles as they are",
    transcription({
      transcript: [
        { role: "user", message: "One.", time_in_call_secs: 3 },
        { role: "agent", message: "  ", time_in_call_secs: 3 },
        { role: "agent", message: "Two.", time_in_call_secs: 3 },
        { role: "supervisor", message: "Three.", time_in_call_secs: null },
        { message: "Four." },
      ],
    }),
    [
      ["user", "One.", "2025-06-15T15:06:43.000Z"],
      ["agent", "Two.", "2025-06-15T15:06:43.000Z"],
      ["supervisor", "Three.", null],
      [null, "Four.", null],
    ],
  ],
  [
    "at the seconds into the call when its start is not known",
    metadata({ start_time_unix_secs: null }),
    [
      ["agent", "Hello, how can I help?", "0"],
      ["user", "I need an appointment.", "4"],
      ["agent", "Tuesday at ten is free.", "9"],
    ],
  ],
  ["empty without a transcript", transcription({ transcript: undefined }), []],
  ["empty when the call could not be initiated", initiationFailure(), []],
])("the conversation is %s", (_what, body, turns) => {
  const expected = turns.map(([role, content, timestamp]) => ({
    kind: "speech",
    role,
    content,
    timestamp,
    ended_at: null,
  }));
  expect(speechIn(elevenlabs, body)).toEqual(expected);
  expect(decoded(elevenlabs, body)).toMatchObject({ transcript_turns: turns.length || expect.toBeOneOf([0, null]) });
});

test.each<[string, object]>([
  ["data", { type: "post_call_transcription" }],
  ["data", { type: "post_call_transcription", data: "all of it" }],
  ["data", { type: "call_initiation_failure", data: [] }],
  ["data.conversation_id", transcription({ conversation_id: undefined })],
  ["data.conversation_id", transcription({ conversation_id: null })],
  ["data.conversation_id", transcription({ conversation_id: "" })],
  ["data.conversation_id", transcription({ conversation_id: "lone \ud800" })],
  ["data.conversation_id", initiationFailure({ conversation_id: 7 })],
  ["data.conversation_id", initiationFailure({ conversation_id: "x".repeat(513) })],
  ["data.agent_id", transcription({ agent_id: undefined })],
  ["data.agent_id", initiationFailure({ agent_id: {} })],
  ["event_timestamp", transcription({}, { event_timestamp: "2025-06-15T15:08:05Z" })],
  ["event_timestamp", transcription({}, { event_timestamp: 1_750_000_085_000 })],
  ["event_timestamp", initiationFailure({}, { event_timestamp: -1e15 })],
  ["data.status", transcription({ status: 1 })],
  ["data.transcript", transcription({ transcript: "Hello" })],
  ["data.transcript.0", transcription({ transcript: ["Hello"] })],
  ["data.transcript.1.message", transcription({ transcript: [{}, { message: 1 }] })],
  ["data.transcript.0.role", transcription({ transcript: [{ role: ["agent"] }] })],
  ["data.transcript.0.time_in_call_secs", transcription({ transcript: [{ time_in_call_secs: "0:04" }] })],
  ["data.metadata", transcription({ metadata: [] })],
  ["data.metadata.start_time_unix_secs", metadata({ start_time_unix_secs: "1750000000" })],
  ["data.metadata.start_time_unix_secs", metadata({ start_time_unix_secs: 1e30 })],
  ["data.metadata.call_duration_secs", metadata({ call_duration_secs: "76" })],
  ["data.metadata.call_duration_secs", metadata({ call_duration_secs: 76_000_000 })],
  ["data.metadata.termination_reason", metadata({ termination_reason: {} })],
  ["data.metadata.phone_call", metadata({ phone_call: "+14155550123" })],
  ["data.metadata.phone_call.direction", metadata({ phone_call: { direction: 1 } })],
  ["data.metadata.phone_call.external_number", metadata({ phone_call: { external_number: 14_155_550_123 } })],
  ["data.metadata.phone_call.agent_number", metadata({ phone_call: { agent_number: [] } })],
  ["data.analysis", transcription({ analysis: "good" })],
  ["data.analysis.call_successful", transcription({ analysis: { call_successful: true } })],
  ["data.analysis.transcript_summary", transcription({ analysis: { transcript_summary: 5 } })],
  ["data.analysis.evaluation_criteria_results", transcription({ analysis: { evaluation_criteria_results: ["b"] } })],
  [
    "data.analysis.evaluation_criteria_results.b",
    transcription({ analysis: { evaluation_criteria_results: { b: "success" } } }),
  ],
  [
    "data.analysis.evaluation_criteria_results.b.result",
    transcription({ analysis: { evaluation_criteria_results: { b: { result: 1 } } } }),
  ],
  [
    "data.analysis.data_collection_results.email",
    transcription({ analysis: { data_collection_results: { email: "a@example.com" } } }),
  ],
  ["data.conversation_initiation_client_data.dynamic_variables", transcription(withVariables([]))],
  ["data.failure_reason", initiationFailure({ failure_reason: 486 })],
  ["data.metadata.body", initiationFailure({ metadata: { body: "busy" } })],
  ["data.metadata.body.To", initiationFailure({ metadata: { body: { To: 14_155_550_177 } } })],
])("a wrong %s is named", (path, body) => {
  expect(errorsIn(elevenlabs, body)).toEqual([{ path, message: expect.any(String) }]);
});

test.each<[string, string, object]>([
  ["ignored", "recording", audio()],
  [
    "ignored",
    "transcribed file",
    { type: "speech_to_text_transcription", data: { request_id: "r", transcription: {} } },
  ],
  ...["voice_removal_notice", "voice_removal_notice_withdrawn", "voice_removed"].map(
    (type): [string, string, object] => ["ignored", type, { type, data: { voice_id: "v" } }],
  ),
  ["unrecognised", "event of another name", { type: "post_call_seance", data: { conversation_id: "c" } }],
  // The only account of its call, and none that this code can read: it must not be lost.
  [
    "unrecognised",
    "transcription as OpenTelemetry",
    { type: "post_call_transcription_otel", data: { otlp_traces: {} } },
  ],
  ["unrecognised", "body that a relay took the type from", { data: { ...ids, transcript: [] } }],
  ["unrecognised", "type that is no text", { type: 5 }],
  ["unrecognised", "event of another platform", { event: "call.end", call_id: "c" }],
])("%s: a %s", (kind, _what, body) => {
  expect(decoded(elevenlabs, body)).toEqual({ kind });
});

test.each([
  [
    "test_secret",
    1_600_000_000,
    '{"event_type": "speech.completed", "id": "123456"}',
    "f8a0d1dc33ee963cb54d2f31514555995e93313c9d2042c030adbb82b87fae13",
  ],
  [
    "wsec_0123456789abcdef",
    1_739_537_297,
    '{"type":"post_call_transcription","event_timestamp":1739537297,"data":{"conversation_id":"conv_1"}}',
    "78295589fb67e68bc5d48239ab7d042056b5737c5d21b24660f815403b23d929",
  ],
])(
  "the known signature made with %s is right, half an hour before and after its time",
  async (secret, time, text, hex) => {
    const check = async (secrets: string[], now: number, sent = text) => {
      const headers = new Headers({ "elevenlabs-signature": `t=${time},v0=${hex}` });
      const verify = elevenlabs.verify(headers, secrets, new Date(now * 1000));
      if (typeof verify !== "function") return verify.fault;
      return (await verify(await new Blob([sent]).arrayBuffer()))?.fault ?? "right";
    };
    expect(elevenLabsDigest(text, secret, time)).toBe(hex);
    expect(await check(["another", secret], time)).toBe("right");
    expect(await check(["another"], time)).toBe("wrong");
    expect(await check([secret], time, `${text} `)).toBe("wrong");
    expect(await check([secret], time + 30 * 60)).toBe("right");
    expect(await check([secret], time - 30 * 60)).toBe("right");
    expect(await check([secret], time + 30 * 60 + 1)).toBe("stale");
    expect(await check([secret], time - 30 * 60 - 1)).toBe("stale");
  },
);
