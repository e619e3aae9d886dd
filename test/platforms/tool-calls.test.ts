import { describe, expect, test } from "vitest";
import { isJsonObject } from "../../src/events/fields.ts";
import { toolCallsOf } from "../../src/ledger/tool-calls.ts";
import { findPlatform } from "../../src/platforms/index.ts";
import { callMetadata, elevenLabsCall } from "../support/elevenlabs.ts";
import { atomsCall, documentedCall } from "../support/events.ts";
import { retellCall } from "../support/retell.ts";
import { vapiCall } from "../support/vapi.ts";

const call_id = "c";
const retell = retellCall({ call_id });
const vapi = vapiCall({ call_id });
const elevenlabs = elevenLabsCall({ call_id });
const RECEIVED_AT = "2025-06-15T16:00:00.000Z";

function turnsOf(platform: string, body: object) {
  const json: unknown = JSON.parse(JSON.stringify(body));
  return isJsonObject(json) ? (findPlatform(platform)?.turns(json) ?? []) : [];
}

function decode(platform: string, body: object) {
  const json: unknown = JSON.parse(JSON.stringify(body));
  const decoded = isJsonObject(json) ? findPlatform(platform)?.decode(json, RECEIVED_AT) : undefined;
  if (decoded === undefined) throw new Error("no object, or no platform");
  return decoded;
}

/** The first event of a body. */
function factsOf(platform: string, body: object) {
  const decoded = decode(platform, body);
  return decoded.kind === "events" ? decoded.events[0] : decoded;
}

const toolsOf = (platform: string, body: object) => turnsOf(platform, body).filter(({ kind }) => kind === "tool");

describe("the tool call of each platform's conversation", () => {
  test("retell: after as much as was said before it; times only where they are stated", () => {
    expect(turnsOf("retell", retell.end())).toEqual([
      {
        kind: "speech",
        role: "agent",
        content: "Hello, how can I help?",
        timestamp: "2025-06-15T15:06:40.620Z",
        ended_at: "2025-06-15T15:06:41.200Z",
      },
      {
        kind: "speech",
        role: "user",
        content: "My dog ate the invoice.",
        timestamp: "2025-06-15T15:06:44.020Z",
        ended_at: "2025-06-15T15:06:44.300Z",
      },
      {
        kind: "tool",
        name: "find_slot",
        arguments: { day: "tue" },
        result: { slot: "platypus" },
        status: "ok",
        timestamp: null,
        duration_ms: null,
      },
      { kind: "speech", role: "agent", content: "Tuesday at ten is free.", timestamp: null, ended_at: null },
    ]);
  });

  test("retell: the duration is the difference of the two seconds it states", () => {
    const timed = [
      { role: "tool_call_invocation", tool_call_id: "t", name: "pay", arguments: "not json", time_sec: 10 },
      { role: "dtmf", digit: "1" },
      { role: "agent", content: "One moment.", words: [] },
      { role: "tool_call_result", tool_call_id: "t", content: "declined", successful: false, time_sec: 11.25 },
    ];
    expect(turnsOf("retell", retell.end({ transcript_object: undefined, transcript_with_tool_calls: timed }))).toEqual([
      {
        kind: "tool",
        name: "pay",
        arguments: "not json",
        result: "declined",
        status: "error",
        timestamp: "2025-06-15T15:06:50.000Z",
        duration_ms: 1250,
      },
      { kind: "speech", role: "agent", content: "One moment.", timestamp: null, ended_at: null },
    ]);
  });

  test("vapi: times and duration are those of its messages, and no status", () => {
    expect(turnsOf("vapi", vapi.report())).toMatchObject([
      { kind: "speech", timestamp: "2024-07-15T14:30:01.120Z", ended_at: "2024-07-15T14:30:04.020Z" },
      { kind: "speech", role: "user" },
      {
        kind: "tool",
        name: "find_invoice",
        arguments: {},
        result: { invoice: "platypus" },
        status: null,
        timestamp: "2024-07-15T14:30:08.000Z",
        duration_ms: 700,
      },
      { kind: "speech", content: "Here is another one." },
    ]);
  });

  test("elevenlabs: the duration is the one it measured, and is_error its status", () => {
    const transcript = [
      {
        role: "agent",
        message: "Let me see.",
        time_in_call_secs: 7,
        tool_calls: [
          { request_id: "a", tool_name: "find_slot", params_as_json: '{"day":"tue"}' },
          { request_id: "b", tool_name: "book", params_as_json: null },
        ],
      },
      {
        role: "agent",
        message: null,
        time_in_call_secs: 9,
        tool_results: [
          { request_id: "b", tool_name: "book", result_value: "no such slot", is_error: true, tool_latency_secs: 0.7 },
          { request_id: "a", tool_name: "find_slot", result_value: "[10]", is_error: false, tool_latency_secs: 0 },
          { request_id: "z", tool_name: "orphan", result_value: "1", is_error: false },
        ],
      },
    ];
    const at = "2025-06-15T15:06:47.000Z";
    expect(turnsOf("elevenlabs", elevenlabs.transcription({ transcript }))).toMatchObject([
      { kind: "speech", content: "Let me see.", ended_at: null },
      { name: "find_slot", arguments: { day: "tue" }, result: [10], status: "ok", timestamp: at, duration_ms: null },
      { name: "book", arguments: null, result: "no such slot", status: "error", timestamp: at, duration_ms: 700 },
      { name: "orphan", arguments: null, result: 1, status: "ok", duration_ms: null },
    ]);
  });

  test.each([documentedCall({ call_id }).end(), atomsCall({ call_id }).end()])("atoms: none is told of", (body) => {
    expect(toolsOf("atoms", body)).toEqual([]);
  });
});

describe("odd tool calls", () => {
  const asRetell = (items: object[]) =>
    toolsOf("retell", retell.end({ transcript_object: [], transcript_with_tool_calls: items }));
  const invocation = { role: "tool_call_invocation", tool_call_id: "t", name: "pay", arguments: "{}" };
  const result = { role: "tool_call_result", tool_call_id: "t", content: "1", successful: true };

  test.each<[string, object[], object[]]>([
    ["without a result", [invocation], [{ name: "pay", result: null, status: null }]],
    ["without a name", [{ ...invocation, name: " " }, result], []],
    ["with two results, of which the last counts", [invocation, result, { ...result, content: "2" }], [{ result: 2 }]],
    ["with an id twice", [invocation, result, invocation, { ...result, content: "2" }], [{ result: 1 }, { result: 2 }]],
    ["with a result before it", [result, invocation], [{ result: null }]],
    [
      "whose result is earlier than itself",
      [
        { ...invocation, time_sec: 9 },
        { ...result, time_sec: 8 },
      ],
      [{ duration_ms: null }],
    ],
  ])("%s", (_what, items, expected) => {
    expect(asRetell(items)).toMatchObject(expected);
    expect(asRetell(items)).toHaveLength(expected.length);
  });

  test("arguments that nest deeper than JSON may, or are too many, stay text", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const wide = `[${"0,".repeat(100_000)}0]`;
    expect(asRetell([{ ...invocation, arguments: deep }])).toMatchObject([{ arguments: deep }]);
    expect(asRetell([{ ...invocation, arguments: wide }])).toMatchObject([{ arguments: wide }]);
  });

  test("the first 500 have a row, with a name of 200 characters at the most", () => {
    const many = Array.from({ length: 501 }, () => ({ ...invocation, name: "n".repeat(300) }));
    const rows = toolCallsOf(asRetell(many));
    expect(rows).toHaveLength(500);
    expect(rows.at(-1)).toEqual({
      number: 500,
      name: "n".repeat(200),
      status: null,
      started_at: null,
      duration_ms: null,
    });
  });

  test("a time that is none is not in the row", () => {
    const body = elevenlabs.transcription({ metadata: callMetadata({ start_time_unix_secs: null }) });
    expect(toolsOf("elevenlabs", body)).toMatchObject([{ timestamp: "7" }]);
    expect(toolCallsOf(turnsOf("elevenlabs", body))).toMatchObject([{ started_at: null }]);
  });
});

describe("version, cost and latency", () => {
  const latencies = (...turnLatencies: number[]) => ({
    artifact: {
      performanceMetrics: {
        turnLatencyAverage: 1180,
        turnLatencies: turnLatencies.map((turnLatency) => ({ turnLatency })),
      },
    },
  });
  const cost = (combined_cost: number) => ({ call_cost: { combined_cost } });

  test.each<[string, object, object]>([
    ["retell", retell.start(), { agent_version: "3" }],
    ["retell", retell.end(), { agent_version: "3", cost_usd: 0.114, latency_ms: 812 }],
    ["retell", retell.analytics(), { agent_version: "3", cost_usd: 0.114, latency_ms: 812 }],
    ["retell", retell.end(cost(1.1)), { cost_usd: 0.011 }],
    ["retell", retell.end(cost(0)), { cost_usd: 0 }],
    ["vapi", vapi.start({ assistantVersion: 4 }), { agent_version: "4" }],
    ["vapi", vapi.report({ assistantVersion: "v-7" }), { agent_version: "v-7", cost_usd: 0.1372, latency_ms: 1180 }],
    ["vapi", vapi.report({ cost: null, call: { ...vapi.call, cost: 2 } }), { cost_usd: 2 }],
    ["vapi", vapi.report(latencies(900, 100, 300)), { latency_ms: 300 }],
    ["vapi", vapi.report(latencies(900, 100, 300, 500, -1)), { latency_ms: 400 }],
    ["elevenlabs", elevenlabs.transcription({ version_id: "agtvrsn_1" }), { agent_version: "agtvrsn_1" }],
  ])("%s states them", (platform, body, facts) => {
    expect(factsOf(platform, body)).toMatchObject(facts);
  });

  test.each<[string, object, string]>([
    ["elevenlabs", elevenlabs.transcription(), "cost_usd"],
    ["elevenlabs", elevenlabs.transcription(), "latency_ms"],
    ["atoms", atomsCall({ call_id }).end(), "cost_usd"],
    ["retell", retell.end({ latency: { e2e: { p90: 3 } } }), "latency_ms"],
  ])("%s states none of what it does not", (platform, body, column) => {
    expect(factsOf(platform, body)).not.toHaveProperty(column);
  });

  test.each<[string, object, string]>([
    ["retell", retell.end(cost(-1)), "call.call_cost.combined_cost"],
    ["retell", retell.end(cost(1e9)), "call.call_cost.combined_cost"],
    ["retell", retell.end({ latency: { e2e: { p50: -1 } } }), "call.latency.e2e.p50"],
    ["retell", retell.end({ latency: { e2e: { p50: 1e9 } } }), "call.latency.e2e.p50"],
    ["retell", retell.end({ agent_version: {} }), "call.agent_version"],
    ["vapi", vapi.report({ cost: -0.1 }), "message.cost"],
    ["vapi", vapi.report({ cost: "1" }), "message.cost"],
    ["elevenlabs", elevenlabs.transcription({ version_id: 1 }), "data.version_id"],
  ])("what is out of all sense of %s is refused by its path", (platform, body, path) => {
    expect(decode(platform, body)).toMatchObject({
      kind: "invalid",
      errors: [{ path: expect.stringContaining(path) }],
    });
  });
});
