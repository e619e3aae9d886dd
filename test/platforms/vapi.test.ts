import { describe, expect, test } from "vitest";
import { vapi } from "../../src/platforms/vapi/index.ts";
import { decoded, errorsIn, nulled, payloadOf, RECEIVED_AT, speechIn } from "../support/decoded.ts";
import { vapiCall, vapiNoise } from "../support/vapi.ts";

const { start, ended, report, status, call, messages } = vapiCall({ call_id: "call" });
const { artifact, analysis } = report().message;
const phones = { call_direction: "inbound", caller_phone: "+15551234567", agent_phone: "+15559876543" };
const noPhones = { call_direction: null, caller_phone: null, agent_phone: null };
const recording_url = "https://recordings.example.com/call.wav";
const undefinedTimes = { startedAt: undefined, endedAt: undefined, endedReason: undefined };
const times = { startedAt: "2024-07-15T16:30:00+02:00", endedAt: "2024-07-15T14:30:30Z", endedReason: "voicemail" };
const combinedUrl = "https://recordings.example.com/mono.wav";
const parties = { customer: { number: null, sipUri: null }, phoneNumber: { number: null }, assistant: { id: null } };
const odd = { type: "constructor", status: "beaming" };
const reason = "call.in-progress.error-of-next-year";
const sip = { sipUri: "sip:+15557654321@pbx.example.com" };
const agentSip = { provider: "vapi", sipUri: "sip:desk@sip.vapi.ai" };

test.each<[string, object, object]>([
  [
    "a status update that the call is connected starts it",
    start(),
    {
      ...{
        events: ["call.start"],
        format: "vapi",
        timestamp: "2024-07-15T14:30:00.105Z",
        agent_id: "agent_1",
        ...phones,
      },
      ...{ started_at: "2024-07-15T14:30:00.105Z", worked_out: ["started_at"] },
    },
  ],
  [
    "a report is the end of its call and its analysis",
    report(),
    {
      ...{
        events: ["call.end", "analytics.completed"],
        format: "vapi",
        timestamp: "2024-07-15T14:31:24.310Z",
        ...phones,
      },
      ...{ agent_id: "agent_1", started_at: "2024-07-15T14:30:00.000Z", ended_at: "2024-07-15T14:31:16.402Z" },
      ...{ analyzed_at: "2024-07-15T14:31:24.310Z", duration_seconds: 76.402, disposition: "customer-ended-call" },
      variables: { customer_name: "Robin Example", now: "Jul 15, 2024, 2:30 PM UTC" },
      metrics: {
        ...{ success_evaluation: "true", satisfaction_score: 4, issue_resolved: true, products: ["Widget Pro"] },
        "Lead quality": "hot",
      },
      ...{ summary: "Robin needs another invoice.", recording_url, transcript_turns: 3 },
    },
  ],
  [
    "a status update ends an unanswered call without a report",
    ended({ endedReason: "customer-busy" }),
    {
      ...{ events: ["call.end"], disposition: "customer-busy", ended_at: "2024-07-15T14:31:16.410Z" },
      ...{ worked_out: ["ended_at"], started_at: null },
    },
  ],
  [
    "a report of an unanswered call has no start, no duration and no analysis",
    report({
      ...{ startedAt: undefined, endedAt: undefined, endedReason: "customer-did-not-answer", analysis: {} },
      artifact: { messages: [], messagesOpenAIFormatted: [] },
    }),
    {
      ...{
        events: ["call.end"],
        disposition: "customer-did-not-answer",
        started_at: null,
        metrics: null,
        summary: null,
      },
      ...{ ended_at: "2024-07-15T14:31:24.310Z", duration_seconds: null, transcript_turns: 0 },
    },
  ],
  [
    "an outbound call: the customer is the customer, too",
    report({ call: { ...call, type: "outboundPhoneCall" } }),
    { ...phones, call_direction: "outbound" },
  ],
  [
    "a call in a browser",
    report({ call: { ...call, type: "webCall", customer: undefined }, customer: undefined, phoneNumber: undefined }),
    { ...noPhones, customers: [] },
  ],
  [
    "a call over SIP, found by the number in its address",
    start({ call: { ...call, customer: sip }, customer: sip, phoneNumber: agentSip }),
    { caller_phone: sip.sipUri, agent_phone: agentSip.sipUri, customers: ["15557654321"] },
  ],
  [
    "every number of the customer leads to the call",
    start({ customer: { number: "+15550000001", sipUri: "sip:15550000002@pbx.example.com" } }),
    { caller_phone: "+15550000001", customers: ["15550000001", "15550000002", "15551234567"] },
  ],
  [
    "numbers that stand in the call alone",
    start({
      call: { ...call, phoneNumber: { twilioPhoneNumber: "+15550009999" } },
      customer: undefined,
      phoneNumber: undefined,
    }),
    { caller_phone: "+15551234567", agent_phone: "+15550009999" },
  ],
  [
    "an output without a name is a metric by its id, and what is no output is none",
    report({
      analysis: null,
      artifact: {
        structuredOutputs: {
          "1": { result: 7 },
          "2": { name: "Tone", result: null },
          "3": { name: "Skipped" },
          "4": "no",
        },
      },
    }),
    { metrics: { "1": 7, Tone: null }, summary: null },
  ],
  [
    "an older body, with all outside the artifact and the analysis",
    report({
      ...{ artifact: undefined, analysis: undefined, startedAt: undefined, messages, durationSeconds: 61.5 },
      ...{ summary: "Asked for an invoice.", recordingUrl: combinedUrl },
    }),
    {
      ...{ events: ["call.end", "analytics.completed"], transcript_turns: 3, duration_seconds: 61.5 },
      ...{ summary: "Asked for an invoice.", recording_url: combinedUrl },
    },
  ],
  [
    "times, reason and variables in the call alone, and a recording in mono",
    report({
      ...undefinedTimes,
      call: { ...call, ...times, assistantOverrides: { variableValues: { slot: 3 } } },
      artifact: { recording: { mono: { combinedUrl } } },
    }),
    {
      ...{ started_at: "2024-07-15T14:30:00.000Z", ended_at: "2024-07-15T14:30:30.000Z", duration_seconds: 30 },
      ...{ disposition: "voicemail", variables: { slot: 3 }, recording_url: combinedUrl, transcript_turns: null },
    },
  ],
  [
    "times more than a year apart are no duration",
    report({ startedAt: "2023-01-01T00:00:00Z", endedAt: "2024-07-15T14:30:00Z" }),
    { started_at: "2023-01-01T00:00:00.000Z", duration_seconds: null },
  ],
  [
    "words that an enum does not have yet",
    report({ endedReason: reason, call: { ...call, ...odd } }),
    { call_direction: null, disposition: reason },
  ],
  [
    "a start with its id alone",
    { message: { type: "status-update", status: "in-progress", call: { id: "c" } } },
    { events: ["call.start"], agent_id: "transient", started_at: RECEIVED_AT, worked_out: ["started_at"], ...noPhones },
  ],
  [
    "an end with its id alone",
    { message: { type: "status-update", status: "ended", call: { id: "c" } } },
    { events: ["call.end"], agent_id: "transient", ended_at: RECEIVED_AT, worked_out: ["ended_at"], ...noPhones },
  ],
  [
    "a report with its id alone",
    { message: { type: "end-of-call-report", call: { id: "c" } } },
    { events: ["call.end"], agent_id: "transient", ended_at: RECEIVED_AT, started_at: null, transcript_turns: null },
  ],
  ...[start(), ended(), report()].map(({ message }): [string, object, object] => [
    `a ${message.type} in which all else is null`,
    { message: { ...nulled(message, "type", "status"), call: nulled(call, "id") } },
    { timestamp: RECEIVED_AT, ...noPhones, metrics: null },
  ]),
  [
    "a report with nulls within",
    report({
      ...{ artifact: nulled(artifact), analysis: nulled(analysis), ...parties },
      call: { ...call, ...parties, assistantOverrides: null },
    }),
    { events: ["call.end"], caller_phone: null, metrics: null },
  ],
])("%s", (_what, body, facts) => {
  expect(decoded(vapi, body)).toMatchObject(facts);
});

test.each([
  ["a squad", { squadId: "squad_1", workflowId: "workflow_1" }, {}, "squad_1"],
  ["a workflow", { workflowId: "workflow_1" }, { assistant: { id: "assistant_2" } }, "workflow_1"],
  ["an assistant without a mention in the call", {}, { assistant: { id: "assistant_2" } }, "assistant_2"],
  [
    "a squad defined within the call",
    { squad: { members: [] } },
    { artifact: { assistantActivations: [{ assistantName: "a" }, { assistantId: "assistant_3" }] } },
    "assistant_3",
  ],
  ["an assistant defined within the call", { assistant: { name: "Inline" } }, {}, "transient"],
  ["empty ids", { assistantId: "", squadId: null }, { assistant: { id: "" } }, "transient"],
])("the agent of a call of %s", (_what, callOf, message, agent_id) => {
  const body = report({ call: { ...call, assistantId: undefined, ...callOf }, ...message });
  expect(decoded(vapi, body)).toMatchObject({ agent_id });
});

test("the payload is the report without its conversation and the prompt of its assistant", () => {
  const older = { messages, messagesOpenAIFormatted: [], transcript: "AI: Hello!" };
  const nodes = [{ name: "greeting", messages, variables: { slot: 1 } }];
  const body = report({ ...older, artifact: { ...artifact, nodes }, call: { ...call, ...older, artifact: older } });
  const { messages: _, messagesOpenAIFormatted: __, transcript: ___, ...rest } = artifact;
  const kept = { ...rest, nodes: [{ name: "greeting", variables: { slot: 1 } }] };
  const unprompted = { assistant: { id: "asst_1", model: { provider: "openai" } } };
  const prompted = { assistant: { id: "asst_1", model: { provider: "openai", messages } } };
  expect(payloadOf(vapi, { message: { ...body.message, ...prompted } })).toEqual({
    message: { ...report({ artifact: kept, call: { ...call, artifact: {} } }).message, ...unprompted },
  });
  expect(payloadOf(vapi, start({ artifact: {}, ...unprompted }))).toEqual(start({ artifact: {}, ...unprompted }));
});

test.each<[string, object, object[]]>([
  [
    "what was spoken, each turn with its time: no prompts, no silence",
    report(),
    [
      { role: "agent", content: "Hello! How can I help?", timestamp: "2024-07-15T14:30:01.120Z" },
      { role: "user", content: "My dog ate the invoice.", timestamp: "2024-07-15T14:30:05.400Z" },
      { role: "agent", content: "Here is another one.", timestamp: "2024-07-15T14:30:09.300Z" },
    ],
  ],
  [
    "that of an assistant, which is another word for bot, and of roles that nobody knows, which stay",
    report({
      artifact: {
        messages: [
          { role: "assistant", message: "Hello!", time: 1_721_053_801_000 },
          { role: "supervisor", message: "I take over.", time: null },
          { message: "Whose words?", time: 1_721_053_803_000 },
          { role: "tool_call_progress", message: "Searching.", time: 1_721_053_804_000 },
          { role: "user", message: "Beyond all calendars.", time: 1e30 },
        ],
      },
    }),
    [
      { role: "agent", content: "Hello!", timestamp: "2024-07-15T14:30:01.000Z" },
      { role: "supervisor", content: "I take over.", timestamp: null },
      { role: null, content: "Whose words?", timestamp: "2024-07-15T14:30:03.000Z" },
      { role: "user", content: "Beyond all calendars.", timestamp: null },
    ],
  ],
  [
    "that outside the artifact of older bodies",
    report({ artifact: undefined, messages: messages.slice(0, 2) }),
    [{ content: "Hello! How can I help?" }],
  ],
])("the conversation is %s", (_what, body, turns) => {
  expect(speechIn(vapi, body)).toMatchObject(turns);
  expect(speechIn(vapi, body)).toHaveLength(turns.length);
});

test.each<[string, object]>([
  ["message.call", start({ call: undefined })],
  ["message.call", ended({ call: "call_1" })],
  ["message.call.id", report({ call: { ...call, id: undefined } })],
  ["message.call.id", start({ call: { ...call, id: "" } })],
  ["message.call.id", start({ call: { ...call, id: 5 } })],
  ["message.call.id", start({ call: { ...call, id: "x".repeat(513) } })],
  ["message.call.id", start({ call: { ...call, id: "lone \ud800" } })],
  ["message.call.assistantId", start({ call: { ...call, assistantId: "x".repeat(513) } })],
  ["message.call.squadId", start({ call: { ...call, squadId: 5 } })],
  ["message.call.squadId", start({ call: { ...call, squadId: "\udc00" } })],
  ["message.call.workflowId", start({ call: { ...call, workflowId: {} } })],
  ["message.call.type", start({ call: { ...call, type: 1 } })],
  ["message.call.startedAt", start({ call: { ...call, startedAt: "yesterday" } })],
  ["message.call.endedAt", report({ call: { ...call, endedAt: 5 } })],
  ["message.call.endedReason", ended({ call: { ...call, endedReason: 5 } })],
  ["message.call.customer.number", start({ call: { ...call, customer: { number: 15551234567 } } })],
  ["message.call.phoneNumber.twilioPhoneNumber", start({ call: { ...call, phoneNumber: { twilioPhoneNumber: 1 } } })],
  [
    "message.call.assistantOverrides.variableValues",
    report({ call: { ...call, assistantOverrides: { variableValues: [] } } }),
  ],
  ["message.status", start({ status: undefined })],
  ["message.status", start({ status: 5 })],
  ["message.timestamp", start({ timestamp: "2024-07-15T14:30:00Z" })],
  ["message.timestamp", start({ timestamp: -1 })],
  ["message.timestamp", report({ timestamp: 1e18 })],
  ["message.assistant.id", start({ assistant: { id: 5 } })],
  ["message.customer", start({ customer: "+15551234567" })],
  ["message.customer.sipUri", start({ customer: { sipUri: [] } })],
  ["message.phoneNumber.number", start({ phoneNumber: { number: {} } })],
  ["message.startedAt", report({ startedAt: 1_721_053_800_000 })],
  ["message.endedAt", report({ endedAt: "2024-07-15" })],
  ["message.endedReason", report({ endedReason: {} })],
  ["message.durationSeconds", report({ durationSeconds: "76" })],
  ["message.durationSeconds", report({ durationSeconds: 76_000_000 })],
  ["message.recordingUrl", report({ recordingUrl: {} })],
  ["message.summary", report({ summary: [] })],
  ["message.messages", report({ messages: "AI: Hello!" })],
  ["message.artifact", report({ artifact: [] })],
  ["message.artifact.messages", report({ artifact: { ...artifact, messages: {} } })],
  ["message.artifact.messages.0", report({ artifact: { messages: ["Hello!"] } })],
  ["message.artifact.messages.0.message", report({ artifact: { messages: [{ role: "bot", message: 1 }] } })],
  ["message.artifact.messages.0.role", report({ artifact: { messages: [{ role: {} }] } })],
  ["message.artifact.messages.0.time", report({ artifact: { messages: [{ time: "noon" }] } })],
  ["message.artifact.recordingUrl", report({ artifact: { recordingUrl: 5 } })],
  ["message.artifact.recording.mono.combinedUrl", report({ artifact: { recording: { mono: { combinedUrl: 5 } } } })],
  ["message.artifact.variableValues", report({ artifact: { variableValues: "Robin" } })],
  ["message.artifact.structuredOutputs", report({ artifact: { structuredOutputs: [] } })],
  [
    "message.artifact.assistantActivations.0.assistantId",
    report({ artifact: { assistantActivations: [{ assistantId: 1 }] } }),
  ],
  ["message.analysis", report({ analysis: "good" })],
  ["message.analysis.summary", report({ analysis: { ...analysis, summary: 5 } })],
  ["message.analysis.structuredData", report({ analysis: { ...analysis, structuredData: "none" } })],
  ["message.analysis.successEvaluation", report({ analysis: { successEvaluation: {} } })],
])("a wrong %s is named", (path, body) => {
  expect(errorsIn(vapi, body)).toEqual([{ path, message: expect.any(String) }]);
});

test("all that does not fit is named", () => {
  const body = report({ timestamp: "noon", artifact: { messages: [1, { role: 2 }] } });
  const paths = ["message.timestamp", "message.artifact.messages.0", "message.artifact.messages.1.role"];
  expect(errorsIn(vapi, body).map(({ path }) => path)).toEqual(paths);
});

const statuses = ["scheduled", "queued", "ringing", "forwarding", "not-found", "deletion-failed", "beaming"];
test.each<[string, string, object]>([
  ...vapiNoise("noisy").map((body): [string, string, object] => ["ignored", body.message.type, body]),
  ...statuses.map((name): [string, string, object] => ["ignored", `status-update ${name}`, status(name)]),
  ["unrecognised", "message of a type that nobody knows", { message: { type: "call.started", call } }],
  ["unrecognised", "message without a type", { message: { call } }],
  ["unrecognised", "message whose type is no text", { message: { type: 5, call } }],
  ["unrecognised", "message that is no object", { message: "status-update" }],
  ["unrecognised", "body without a message", { type: "end-of-call-report", call }],
  ["unrecognised", "event of another platform", { event: "call.start", call_id: "c" }],
  ["unrecognised", "empty body", {}],
])("%s: a %s", (kind, _what, body) => {
  expect(decoded(vapi, body)).toEqual({ kind });
});

describe("what identifies a report", () => {
  const links = { presignedMonoUrl: "first", presignedLogUrl: null, presignedUrlsExpiresAt: "then" };
  const identity = (body: object) => JSON.stringify(vapi.identity?.(JSON.parse(JSON.stringify(body))));

  test.each<[string, object]>([
    ["first in its artifact", report({ artifact: { ...links, recordingUrl: "r" } })],
    ["last in its artifact", report({ artifact: { recordingUrl: "r", ...links } })],
    [
      "in the artifact of its call, too",
      report({ artifact: { recordingUrl: "r", ...links }, call: { ...call, artifact: links } }),
    ],
  ])("are not the links that stand %s", (_where, body) => {
    const other = JSON.stringify(body).replaceAll("first", 'second, with \\"quotes\\"').replaceAll("then", "later");
    expect(identity(JSON.parse(other))).toBe(identity(body));
    expect(identity(JSON.parse(JSON.stringify(body).replace('"r"', '"s"')))).not.toBe(identity(body));
  });

  test("having no links is none of it either", () => {
    expect(identity(report({ artifact: links }))).toBe(identity(report({ artifact: {} })));
  });

  test.each<[string, (value: string) => object]>([
    ["variables", (presignedMonoUrl) => report({ artifact: { variableValues: { presignedMonoUrl } } })],
    ["the artifact, under a similar name", (presignedBy) => report({ artifact: { presignedBy } })],
    ["the message", (presignedUrlsExpiresAt) => report({ presignedUrlsExpiresAt })],
    [
      "metadata of the call",
      (presignedMonoUrl) => report({ call: { ...call, metadata: { artifact: { presignedMonoUrl } } } }),
    ],
  ])("is a field that is called like a link in %s", (_where, bodyWith) => {
    expect(identity(bodyWith("first"))).not.toBe(identity(bodyWith("second")));
  });
});
