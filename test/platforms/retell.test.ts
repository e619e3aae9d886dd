import { describe, expect, test } from "vitest";
import { retell } from "../../src/platforms/retell/index.ts";
import { decoded, errorsIn, nulled, payloadOf, RECEIVED_AT, speechIn, turnsIn } from "../support/decoded.ts";
import { documentedCall } from "../support/events.ts";
import "../support/hex.ts";
import { retellCall, retellSignature, retellWebCall, unansweredRetellCall } from "../support/retell.ts";

const { start, end, analytics } = retellCall({ call_id: "call" });
const web = retellWebCall("web", "token");
const unanswered = unansweredRetellCall("unanswered");
const variables = { customer_name: "Robin Example", slot: "10:00" };
const phones = { call_direction: "inbound", caller_phone: "+14155550123", agent_phone: "+14155550190" };
const noPhones = { call_direction: null, caller_phone: null, agent_phone: null };
const started_at = "2025-06-15T15:06:40.000Z";
const ended_at = "2025-06-15T15:07:56.402Z";
const recording_url = "https://recordings.example.com/call/recording.wav";
const scrubbed_recording_url = "https://recordings.example.com/scrubbed.wav";
const timeless = { event_timestamp: undefined };
const sparse = { call_id: "sparse", agent_id: "a" };
const novel = { call_status: "teleported", direction: "sideways", disconnection_reason: "agent_fell_asleep" };
const nullCall = nulled(analytics().call, "call_id", "agent_id");
const nothing = { ...noPhones, started_at: null, duration_seconds: null, disposition: null, variables: null };

test.each<[string, object, object]>([
  [
    "a start",
    start(),
    // What the call collects comes with its end, and would have to give way to what it began with.
    {
      events: ["call.start"],
      format: "retell",
      timestamp: "2025-06-15T15:06:40.412Z",
      ...phones,
      started_at,
      variables: null,
    },
  ],
  [
    "an end",
    end(),
    {
      ...{ events: ["call.end"], timestamp: "2025-06-15T15:07:57.020Z", ...phones, started_at, ended_at, variables },
      ...{ duration_seconds: 76.402, disposition: "user_hangup", recording_url, transcript_turns: 3 },
    },
  ],
  [
    "an analysis, which tells all that the end does",
    analytics(),
    {
      events: ["analytics.completed"],
      ...{ timestamp: "2025-06-15T15:08:01.000Z", analyzed_at: "2025-06-15T15:08:01.000Z", ...phones, started_at },
      ...{ ended_at, disposition: "user_hangup", variables, summary: "Robin booked Tuesday at ten." },
      metrics: {
        ...{ call_successful: true, user_sentiment: "Positive", in_voicemail: false },
        ...{ reason: "check-up", wants_reminder: true },
      },
    },
  ],
  [
    "an outbound call: the customer is who is called",
    start({ direction: "outbound", from_number: "+14155550190", to_number: "+14155550177" }),
    {
      call_direction: "outbound",
      caller_phone: "+14155550177",
      agent_phone: "+14155550190",
      customers: ["14155550177"],
    },
  ],
  [
    "a name in place of a number, which no caller is found by",
    start({ from_number: "frontdesk-trunk", to_number: "sip:+14155550190@carrier.example;user=phone" }),
    { caller_phone: "frontdesk-trunk", agent_phone: "sip:+14155550190@carrier.example;user=phone", customers: [] },
  ],
  ["the start of a web call", web.start(), { ...noPhones, customers: [] }],
  ["the end of a web call", web.end(), { ...noPhones, customers: [], transcript_turns: 3 }],
  [
    "the end of a call that nobody answered: when its event says so",
    unanswered.end(),
    {
      ...{ call_direction: "outbound", caller_phone: "+14155550177", agent_phone: "+14155550190", started_at: null },
      ...{ ended_at: "2025-06-15T15:07:11.000Z", worked_out: ["ended_at"], duration_seconds: 0 },
      ...{ disposition: "dial_no_answer", transcript_turns: 0 },
    },
  ],
  [
    "the analysis of a call that nobody answered: it knows no end",
    unanswered.analytics(),
    { ended_at: null, analyzed_at: "2025-06-15T15:07:13.000Z", metrics: null, summary: null },
  ],
  ["an end that its duration tells", end({ end_timestamp: undefined }), { ended_at }],
  [
    "an end that its event tells",
    end({ end_timestamp: null, duration_ms: null }),
    { ended_at: "2025-06-15T15:07:57.020Z" },
  ],
  ["an end that is stated, whatever the duration", end({ duration_ms: 5 }, { event_timestamp: null }), { ended_at }],
  ["a start without a time of sending", start({}, timeless), { timestamp: started_at }],
  ["an end without a time of sending", end({}, timeless), { timestamp: ended_at }],
  ["an analysis without one", analytics({}, timeless), { timestamp: RECEIVED_AT, worked_out: ["analyzed_at"] }],
  ["a start with its ids alone", { event: "call_started", call: sparse }, { ...nothing, timestamp: RECEIVED_AT }],
  [
    "an end with its ids alone",
    { event: "call_ended", call: sparse },
    { ...nothing, ended_at: RECEIVED_AT, recording_url: null, transcript_turns: null },
  ],
  [
    "an analysis with its ids alone",
    { event: "call_analyzed", call: sparse },
    { ...nothing, metrics: null, summary: null },
  ],
  ...["call_started", "call_ended", "call_analyzed"].map((event): [string, object, object] => [
    `a ${event} in which all else is null`,
    { event, event_timestamp: null, call: nullCall },
    { ...nothing, timestamp: RECEIVED_AT },
  ]),
  [
    "a turn of nulls",
    end({ transcript_object: [{ role: null, content: null, words: null }], recording_url: null }),
    { transcript_turns: 0, recording_url: null },
  ],
  [
    "an analysis of nulls",
    analytics({ call_analysis: { call_summary: null, call_successful: null, custom_analysis_data: null } }),
    { metrics: null, summary: null },
  ],
  [
    "words that Retell does not have yet; whose number is whose is not known, so an erasure finds the call by either",
    end({ ...novel, data_storage_setting: "some", call_type: "fax" }),
    { ...noPhones, disposition: "agent_fell_asleep", customers: ["14155550123", "14155550190"] },
  ],
  [
    "judgements that Retell does not have yet",
    analytics({ call_analysis: { user_sentiment: "Bemused", novelty: 1 } }),
    { metrics: { user_sentiment: "Bemused" } },
  ],
  [
    "a field of the owner's, which wins over a judgement of the same name",
    analytics({
      call_analysis: { user_sentiment: "Neutral", custom_analysis_data: { user_sentiment: 7, none: null } },
    }),
    { metrics: { user_sentiment: 7, none: null } },
  ],
  [
    "a recording without personal data alone",
    end({ recording_url: undefined, scrubbed_recording_url }),
    { recording_url: scrubbed_recording_url },
  ],
])("%s", (_what, body, facts) => {
  expect(decoded(retell, body)).toMatchObject(facts);
});

test("the payload of an end is all but its transcripts, and of a start all of it", () => {
  const { transcript, transcript_object, transcript_with_tool_calls, ...call } = end().call;
  expect(payloadOf(retell, end({ scrubbed_transcript_with_tool_calls: [] }))).toEqual({ ...end(), call });
  expect(payloadOf(retell, start({ ticket: 1 }))).toEqual(start({ ticket: 1 }));
});

describe("the conversation", () => {
  const hello = { role: "agent", content: "Hello, how can I help?", timestamp: "2025-06-15T15:06:40.620Z" };
  const question = { role: "user", content: "My dog ate the invoice.", timestamp: "2025-06-15T15:06:44.020Z" };
  const answer = { role: "agent", content: "Tuesday at ten is free.", timestamp: null };
  const none = { transcript: null, transcript_object: null, transcript_with_tool_calls: null };
  const mixed = [
    ...end().call.transcript_with_tool_calls,
    { role: "node_transition", former_node_name: "a", new_node_name: "b" },
    { role: "dtmf", digit: "1" },
    { role: "sms", content: "A text message.", time_sec: 9 },
    { role: "injected", content: "The caller is a platypus.", time_sec: 9 },
  ];
  const odd = [
    { role: "transfer_target", content: "Billing, hello.", words: [{ word: "Billing, ", start: 61.5, end: 62 }] },
    { role: "user", content: " ", words: [] },
    { role: "narrator", content: "Silence.", words: [{}] },
    { role: "user", content: "Bye.", words: [{ start: 1e300 }] },
    { role: "user", content: "Bye again.", words: ["Bye"] },
  ];
  test.each<[string, object, object[]]>([
    ["has each turn with its time as far as it is known", end(), [hello, question, answer]],
    [
      "has no times when the call has no start",
      end({ start_timestamp: null }),
      [{ timestamp: null }, { timestamp: null }, { timestamp: null }],
    ],
    [
      "is read from a list with tool calls when that is all there is",
      end({ ...none, transcript_with_tool_calls: mixed }),
      [hello, question, answer],
    ],
    [
      "is read from a scrubbed list likewise",
      end({ ...none, scrubbed_transcript_with_tool_calls: mixed }),
      [hello, question, answer],
    ],
    [
      "keeps a third speaker, and leaves out turns without words",
      end({ transcript_object: odd }),
      [
        { role: "transfer_target", content: "Billing, hello.", timestamp: "2025-06-15T15:07:41.500Z" },
        { role: "narrator", content: "Silence.", timestamp: null },
        { role: "user", content: "Bye.", timestamp: null },
        { role: "user", content: "Bye again.", timestamp: null },
      ],
    ],
    ["of a call that nobody answered is empty", unanswered.end(), []],
  ])("%s", (_what, body, turns) => {
    expect(speechIn(retell, body)).toMatchObject(turns);
    expect(decoded(retell, body)).toMatchObject({ transcript_turns: turns.length });
  });

  test("of a body without one is empty", () => {
    expect(turnsIn(retell, { event: "call_ended", call: sparse })).toEqual([]);
  });
});

test.each<[string, object]>([
  ["call", { event: "call_started" }],
  ["call", { event: "call_ended", call: null }],
  ["call", { event: "call_analyzed", call: [] }],
  ["call", { event: "call_ended", chat: { chat_id: "c" } }],
  ["call.call_id", start({ call_id: undefined })],
  ["call.call_id", start({ call_id: "" })],
  ["call.call_id", end({ call_id: 7 })],
  ["call.call_id", end({ call_id: "x".repeat(513) })],
  ["call.call_id", end({ call_id: "lone \ud800" })],
  ["call.agent_id", start({ agent_id: null })],
  ["call.agent_id", analytics({ agent_id: ["a"] })],
  ["event_timestamp", start({}, { event_timestamp: "2025-06-15T15:06:40Z" })],
  ["event_timestamp", end({}, { event_timestamp: -1 })],
  ["event_timestamp", analytics({}, { event_timestamp: 1e300 })],
  ["call.direction", start({ direction: 1 })],
  ["call.from_number", start({ from_number: 14155550123 })],
  ["call.to_number", end({ to_number: {} })],
  ["call.start_timestamp", start({ start_timestamp: "1750000000000" })],
  ["call.end_timestamp", end({ end_timestamp: 253_402_300_800_000 })],
  ["call.duration_ms", end({ duration_ms: "76402" })],
  ["call.duration_ms", end({ duration_ms: 366 * 86_400_000 + 1 })],
  ["call.disconnection_reason", end({ disconnection_reason: false })],
  ["call.recording_url", end({ recording_url: 1 })],
  ["call.retell_llm_dynamic_variables", end({ retell_llm_dynamic_variables: "Ada" })],
  ["call.collected_dynamic_variables", end({ collected_dynamic_variables: [] })],
  ["call.transcript_object", end({ transcript_object: "Hello" })],
  ["call.transcript_object.0", end({ transcript_object: ["Hello"] })],
  ["call.transcript_object.0.content", end({ transcript_object: [{ role: "agent", content: 1 }] })],
  ["call.transcript_object.0.words", end({ transcript_object: [{ role: "agent", content: "", words: "Hi" }] })],
  ["call.transcript_with_tool_calls.0", end({ transcript_with_tool_calls: [null] })],
  ["call.call_analysis", analytics({ call_analysis: "good" })],
  ["call.call_analysis.call_summary", analytics({ call_analysis: { call_summary: {} } })],
  ["call.call_analysis.call_successful", analytics({ call_analysis: { call_successful: "true" } })],
  ["call.call_analysis.custom_analysis_data", analytics({ call_analysis: { custom_analysis_data: [] } })],
])("a wrong %s is named", (path, body) => {
  expect(errorsIn(retell, body)).toEqual([{ path, message: expect.any(String) }]);
});

test("several wrong fields are all named", () => {
  const body = end({ call_id: null, duration_ms: "1", transcript_object: [{ content: 1 }] });
  const paths = ["call.call_id", "call.duration_ms", "call.transcript_object.0.content"];
  expect(errorsIn(retell, body).map(({ path }) => path)).toEqual(paths);
});

const ofCalls = ["transcript_updated", "transfer_started", "transfer_bridged", "transfer_cancelled", "transfer_ended"];
const ofChats = ["chat_started", "chat_ended", "chat_analyzed"];
test.each<[string, string, object]>([
  ...ofCalls.map((event): [string, string, object] => ["ignored", event, { call: end().call, event }]),
  ["ignored", "transcript_updated that is broken", { event: "transcript_updated", call: null }],
  ...ofChats.map((event): [string, string, object] => ["ignored", event, { event, chat: { chat_id: "c" } }]),
  ["ignored", "call_inbound", { event: "call_inbound", call_inbound: { from_number: "+14155550123" } }],
  ["unrecognised", "event of another name", { event: "call_teleported", call: sparse }],
  ["unrecognised", "body without an event", { call: sparse }],
  ["unrecognised", "event that is no text", { event: 5 }],
  ["unrecognised", "event of another platform", documentedCall({ call_id: "c" }).start()],
  ["unrecognised", "empty body", {}],
])("%s: a %s", (kind, _what, body) => {
  expect(decoded(retell, body)).toEqual({ kind });
});

describe("signatures", () => {
  const minutes = 60_000;
  const faultOf = async (text: string, key: string, signature: string, now: number) => {
    const verify = retell.verify(new Headers({ "x-retell-signature": signature }), [key], new Date(now));
    if (typeof verify !== "function") return verify.fault;
    return (await verify(await new Blob([text]).arrayBuffer()))?.fault ?? "right";
  };
  // From the tests of Retell's SDK.
  const sdk = { key: "test-api-key", text: '{"event":"call_ended"}', at: 1_700_000_000_000 };
  const digest = "07024cabe7dd8f6d1c6e4a8324ca92c812e6ad4a7ee506c04f7e462e3321823e";

  test.each([
    [sdk.key, sdk.at, sdk.text, digest],
    [
      "key_test_0123456789",
      1_750_000_000_000,
      '{"event":"call_started","call":{"call_id":"call_1"}}',
      "5d6cacf00eb276c78dc65d0bbcff7405df940ce3604853bf8a11255d7452f1bc",
    ],
    [
      "key_test_0123456789",
      1_750_000_000_000,
      '{"event":"call_ended","call":{"call_id":"call_2","agent_id":"agent_1","transcript":"User: café ☕"}}',
      "8049f27099c4e20094272db781b67c47eb7116c8aa80f905395dea8755c7cd9d",
    ],
  ])("known ones are right: %s at %i of %s", async (key, at, text, hex) => {
    expect(await faultOf(text, key, `v=${at},d=${hex}`, at)).toBe("right");
    expect(retellSignature(text, key, at)).toBe(`v=${at},d=${hex}`);
  });

  test.each([
    ["right", `v=${sdk.at},d=${digest}`, 0],
    ["right", `V=${sdk.at},D=${digest.toUpperCase()}`, 0],
    ["right", `v=${sdk.at},d=${digest}`, 5 * minutes],
    ["right", `v=${sdk.at},d=${digest}`, -5 * minutes],
    ["stale", `v=${sdk.at},d=${digest}`, 5 * minutes + 1],
    ["stale", `v=${sdk.at},d=${digest}`, -5 * minutes - 1],
    ["stale", `v=1700000000,d=${digest}`, 0],
    ["malformed", "", 0],
    ["malformed", digest, 0],
    ["malformed", `v=${sdk.at}`, 0],
    ["malformed", `d=${digest},v=${sdk.at}`, 0],
    ["malformed", `prefix-v=${sdk.at},d=${digest}`, 0],
    ["malformed", `v=${sdk.at},d=${digest}-suffix`, 0],
    ["malformed", `v=${sdk.at},d=not-hex`, 0],
    ["malformed", `v=${sdk.at},d=${digest.slice(2)}`, 0],
    ["malformed", `v=${sdk.at},d=${digest}00`, 0],
    ["malformed", `v=999999999999999999999999,d=${digest}`, 0],
    ["malformed", `v=${"0".repeat(10_000)}${sdk.at},d=${digest}`, 0],
    ["malformed", `v=-${sdk.at},d=${digest}`, 0],
    ["malformed", `v=1.7e12,d=${digest}`, 0],
    ["wrong", `v=${sdk.at + 1},d=${digest}`, 0],
    ["wrong", `v=${sdk.at},d=${"0".repeat(64)}`, 0],
  ])("%s: %s, %i ms later", async (fault, signature, later) => {
    expect(await faultOf(sdk.text, sdk.key, signature, sdk.at + later)).toBe(fault);
  });

  test("a changed body and another key are wrong", async () => {
    const signature = `v=${sdk.at},d=${digest}`;
    expect(await faultOf(`${sdk.text} `, sdk.key, signature, sdk.at)).toBe("wrong");
    expect(await faultOf(sdk.text, "wrong-api-key", signature, sdk.at)).toBe("wrong");
  });
});
