import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import "../support/hex.ts";
import { elevenlabs } from "../../src/platforms/elevenlabs/index.ts";
import { COUNTS_PATH, counts } from "../bench/counts.ts";
import { FAULTS_HEADER, type Faults } from "../chaos/faults.ts";
import { runCron } from "../chaos/relay.ts";
import { ask } from "../support/ask.ts";
import { SYNC_SECRET, startDownstream, webhookId } from "../support/downstream.ts";
import {
  callMetadata,
  ELEVENLABS_SECRET,
  elevenLabsCall,
  elevenLabsDigest,
  elevenLabsHeaders,
  postElevenLabs,
  postElevenLabsInChunks,
  secondsNow,
} from "../support/elevenlabs.ts";
import { bootLedger } from "../support/ledger.ts";
import { bootOnNetwork } from "../support/network-ledger.ts";
import { readAnswer } from "../support/post.ts";

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootLedger({
    main: "test/chaos/faulty-ledger.ts",
    env: {
      ELEVENLABS_WEBHOOK_SECRETS: `wsec_last_year, ${ELEVENLABS_SECRET}\n wsec_next_year`,
      SYNC_URL: downstream.url,
      SYNC_SECRET,
    },
  });
});
afterAll(async () => {
  await ledger.harness.close();
  await downstream.close();
});

const send = (payload: unknown, headers?: Record<string, string>) => postElevenLabs(ledger.url, payload, headers);
const sendWhile = (faults: Faults, payload: unknown) => send(payload, { [FAULTS_HEADER]: JSON.stringify(faults) });
const stored = { status: 200, body: { status: "stored" } };

const rowOf = (call_id: string) =>
  ledger.DB.prepare("SELECT * FROM calls WHERE call_id = ?").bind(call_id).first<Record<string, unknown>>();
const eventsOf = async (call_id: string) =>
  (
    await ledger.DB.prepare("SELECT * FROM events WHERE call_id = ? ORDER BY event DESC")
      .bind(call_id)
      .all<{ event: string; event_id: string; payload: string; ledger_ingest_id: string }>()
  ).results;
const deliveriesOf = async (call_id: string) =>
  (await ledger.DB.prepare("SELECT event FROM sync_deliveries WHERE call_id = ?").bind(call_id).all()).results;
/** Every object below a prefix: key without the prefix, to text. */
const objectsBelow = async (prefix: string): Promise<Record<string, string>> => {
  const { objects } = await ledger.ARCHIVE.list({ prefix });
  const entries = objects.map(
    async ({ key }) => [key.slice(prefix.length), (await (await ledger.ARCHIVE.get(key))?.text()) ?? ""] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
};
const objectsOf = (call_id: string) => objectsBelow(`calls/${encodeURIComponent(call_id)}/`);
const quarantined = async (body: string) => {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
  const object = await ledger.ARCHIVE.get(`quarantine/${day}/${digest(body)}.json`);
  return object === null ? null : { text: await object.text(), metadata: object.customMetadata };
};
const turns = z.object({
  turns: z.array(z.object({ role: z.string().nullable(), content: z.string(), timestamp: z.string().nullable() })),
});
const turnsOf = async (call_id: string) =>
  turns.parse((await ask(ledger.url, `/api/calls/${encodeURIComponent(call_id)}/transcript`)).body).turns;

function digest(body: string): string {
  return createHash("sha256").update(body).digest("hex");
}

describe("a transcription", () => {
  test("is the end of its call and its analytics at once", async () => {
    const body = JSON.stringify(elevenLabsCall({ call_id: "conv_whole" }).transcription());
    const event_id = digest(body);
    const answer = await send(body);
    expect(answer).toMatchObject({ status: 200, body: { status: "stored", event_id, call_id: "conv_whole" } });

    expect(await rowOf("conv_whole")).toMatchObject({
      platform: "elevenlabs",
      agent_id: "agent_01jx7f30b1c2d4",
      status: "analyzed",
      call_direction: "inbound",
      caller_phone: "+14155550123",
      agent_phone: "+14155550190",
      called_at: "2025-06-15T15:06:40.000Z",
      started_at: "2025-06-15T15:06:40.000Z",
      ended_at: "2025-06-15T15:07:56.000Z",
      analyzed_at: "2025-06-15T15:08:05.000Z",
      duration_seconds: 76,
      disposition: "Call ended by remote party",
      variables: JSON.stringify({
        customer_name: "Ada",
        system__agent_id: "agent_01jx7f30b1c2d4",
        system__caller_id: "+14155550123",
        system__called_number: "+14155550190",
        system__call_duration_secs: 76,
        system__conversation_id: "conv_whole",
        system__time_utc: "2025-06-15T15:07:56.400000+00:00",
      }),
      metrics: '{"call_successful":"success","booked":"success","appointment":"2025-06-17T10:00","email":null}',
      summary: "The caller booked Tuesday at ten.",
      recording_url: null,
      transcript_key: "calls/conv_whole/transcript.json",
      transcript_turns: 3,
    });
    const { data, ...rest } = elevenLabsCall({ call_id: "conv_whole" }).transcription();
    const { transcript: _spoken, ...withoutTranscript } = data;
    const events = await eventsOf("conv_whole");
    expect(events).toMatchObject([
      { event: "call.end", event_id, format: "elevenlabs", occurred_at: "2025-06-15T15:08:05.000Z" },
      { event: "analytics.completed", event_id, format: "elevenlabs", occurred_at: "2025-06-15T15:08:05.000Z" },
    ]);
    expect(JSON.parse(events[0]?.payload ?? "")).toEqual({ ...rest, data: withoutTranscript });
    expect(await objectsOf("conv_whole")).toEqual({ "transcript.json": body });
    const archived = await ledger.ARCHIVE.head("calls/conv_whole/transcript.json");
    expect(archived?.customMetadata).toMatchObject({ platform: "elevenlabs", call_id: "conv_whole", event_id });
  });

  test("goes downstream once, with all that is known of the call", async () => {
    const { body } = await send(elevenLabsCall({ call_id: "conv_downstream" }).transcription());
    const { event_id } = z.object({ event_id: z.string() }).parse(body);
    await vi.waitFor(() => expect(downstream.deliveriesOf("conv_downstream")).toHaveLength(1));
    expect(downstream.deliveriesOf("conv_downstream")).toMatchObject([
      {
        id: webhookId("conv_downstream", "analytics.completed", event_id),
        payload: {
          type: "analytics.completed",
          data: { call: { platform: "elevenlabs", duration_seconds: 76, metrics: { booked: "success" } } },
        },
      },
    ]);
    expect(await deliveriesOf("conv_downstream")).toEqual([{ event: "analytics.completed" }]);
  });

  test("its conversation is what was spoken, each turn at its second of the call", async () => {
    await send(elevenLabsCall({ call_id: "conv_spoken" }).transcription());
    expect(await turnsOf("conv_spoken")).toEqual([
      { role: "agent", content: "Hello, how can I help?", timestamp: "2025-06-15T15:06:40.000Z" },
      { role: "user", content: "I need an appointment.", timestamp: "2025-06-15T15:06:44.000Z" },
      { role: "agent", content: "Tuesday at ten is free.", timestamp: "2025-06-15T15:06:49.000Z" },
    ]);
    const { body } = await ask(ledger.url, "/api/calls?q=appointment");
    expect(JSON.stringify(body)).toContain("conv_spoken");
  });

  test("turns of one second keep their order, blank ones are none, and other roles stay as they are", async () => {
    const transcript = [
      { role: "user", message: "One.", time_in_call_secs: 3 },
      { role: "agent", message: "  ", time_in_call_secs: 3 },
      { role: "agent", message: "Two.", time_in_call_secs: 3 },
      { role: "supervisor", message: "Three.", time_in_call_secs: null },
      { message: "Four." },
    ];
    await send(elevenLabsCall({ call_id: "conv_turns" }).transcription({ transcript }));
    const timestamp = "2025-06-15T15:06:43.000Z";
    expect(await turnsOf("conv_turns")).toEqual([
      { role: "user", content: "One.", timestamp },
      { role: "agent", content: "Two.", timestamp },
      { role: "supervisor", content: "Three.", timestamp: null },
      { role: null, content: "Four.", timestamp: null },
    ]);
    expect(await rowOf("conv_turns")).toMatchObject({ transcript_turns: 4 });
  });

  test("of a call whose start is not known, turns have the seconds into the call", async () => {
    const metadata = callMetadata({ start_time_unix_secs: null });
    await send(elevenLabsCall({ call_id: "conv_startless" }).transcription({ metadata }));
    expect((await turnsOf("conv_startless")).map(({ timestamp }) => timestamp)).toEqual(["0", "4", "9"]);
    // With a duration and no start, the body's own time is the nearest to its end.
    expect(await rowOf("conv_startless")).toMatchObject({
      started_at: null,
      ended_at: "2025-06-15T15:08:05.000Z",
      duration_seconds: 76,
    });
  });

  test("of a language beyond ASCII is archived byte for byte and found by its words", async () => {
    const call_id = "conv_東京/१";
    const body = JSON.stringify(
      elevenLabsCall({ call_id, agent_id: "агент" }).transcription({
        transcript: [{ role: "user", message: "予約をお願いします 🦷", time_in_call_secs: 1 }],
        metadata: callMetadata({ termination_reason: "通話が終了しました" }),
      }),
      null,
      2,
    );
    expect(await send(body)).toMatchObject({ status: 200, body: { call_id } });
    expect(await rowOf(call_id)).toMatchObject({ agent_id: "агент", disposition: "通話が終了しました" });
    expect(await objectsOf(call_id)).toEqual({ "transcript.json": body });
    expect(await turnsOf(call_id)).toMatchObject([{ content: "予約をお願いします 🦷" }]);
    const { body: found } = await ask(ledger.url, `/api/calls?q=${encodeURIComponent("予約")}`);
    expect(JSON.stringify(found)).toContain(call_id);
  });
});

describe("who called whom", () => {
  const numbers = (direction: string | null, more: object = {}) =>
    callMetadata({ phone_call: { type: "sip_trunking", direction, ...more } });
  const variables = (caller: unknown, called: unknown) => ({
    conversation_initiation_client_data: {
      dynamic_variables: { system__caller_id: caller, system__called_number: called },
    },
  });
  const customer = "+14155550123";
  const agent = "+14155550190";
  const external = { external_number: customer, agent_number: agent };

  test.each<[string, object, object]>([
    ["an inbound call", { metadata: numbers("inbound", external) }, { call_direction: "inbound" }],
    ["an outbound call", { metadata: numbers("outbound", external) }, { call_direction: "outbound" }],
    [
      "an inbound call by its variables",
      { metadata: numbers("inbound"), ...variables(customer, agent) },
      { call_direction: "inbound" },
    ],
    [
      "an outbound call by its variables",
      { metadata: numbers("outbound"), ...variables(agent, customer) },
      { call_direction: "outbound" },
    ],
    [
      "an outbound call whose variables are turned round, by the agent's number",
      { metadata: numbers("outbound", { agent_number: agent }), ...variables(customer, "1 415 555 0190") },
      { call_direction: "outbound" },
    ],
    [
      "a call by way of a server of the customer's own, which has no direction",
      {
        metadata: callMetadata({ phone_call: { type: "twilio", stream_sid: "MZ1", call_sid: "CA1" } }),
        ...variables(customer, agent),
      },
      { call_direction: null },
    ],
    [
      "an outbound call without a direction, by the agent's number",
      { metadata: numbers(null, { agent_number: agent }), ...variables(agent, customer) },
      { call_direction: null },
    ],
    [
      "a call in a direction that nobody knows yet",
      { metadata: numbers("sideways", external) },
      { call_direction: null },
    ],
  ])("of %s", async (what, data, more) => {
    expect(await send(elevenLabsCall({ call_id: what }).transcription(data))).toMatchObject(stored);
    const row = await rowOf(what);
    expect(row).toMatchObject(more);
    const digits = (text: unknown) => String(text).replaceAll(/\D/g, "");
    expect([digits(row?.["caller_phone"]), digits(row?.["agent_phone"])]).toEqual(["14155550123", "14155550190"]);
  });

  test("SIP addresses are numbers too, and searches and erasures find every one that is the customer's", async () => {
    const call_id = "conv_sip";
    const phone_call = {
      type: "sip_trunking",
      direction: "inbound",
      agent_number: "sip:+14155550190@pbx.example",
      external_number: "sip:+493012345678@carrier.example;user=phone",
    };
    const data = { metadata: callMetadata({ phone_call }), ...variables("+49 30 999888777", agent) };
    expect(await send(elevenLabsCall({ call_id }).transcription(data))).toMatchObject(stored);
    expect(await rowOf(call_id)).toMatchObject({
      caller_phone: phone_call.external_number,
      agent_phone: phone_call.agent_number,
    });
    const { results } = await ledger.DB.prepare(
      "SELECT digits FROM ledger_caller_numbers JOIN calls USING (id) WHERE call_id = ? ORDER BY digits",
    )
      .bind(call_id)
      .all();
    expect(results).toEqual([{ digits: "493012345678" }, { digits: "4930999888777" }]);
  });

  test("a call whose direction nothing says is found by either number", async () => {
    const call_id = "conv_either";
    const data = { metadata: callMetadata({ phone_call: null }), ...variables(customer, agent) };
    expect(await send(elevenLabsCall({ call_id }).transcription(data))).toMatchObject(stored);
    const { results } = await ledger.DB.prepare(
      "SELECT digits FROM ledger_caller_numbers JOIN calls USING (id) WHERE call_id = ? ORDER BY digits",
    )
      .bind(call_id)
      .all();
    expect(results).toEqual([{ digits: "14155550123" }, { digits: "14155550190" }]);
  });

  test.each([
    ["null", {}],
    ["empty", { system__caller_id: "", system__called_number: " " }],
    ["no texts", { system__caller_id: null, system__called_number: 7 }],
  ])("a conversation in a widget has neither direction nor numbers, with variables that are %s", async (what, all) => {
    const call_id = `conv_widget ${what}`;
    const data = {
      metadata: callMetadata({ phone_call: null, conversation_initiation_source: "widget" }),
      conversation_initiation_client_data: { dynamic_variables: all },
    };
    expect(await send(elevenLabsCall({ call_id }).transcription(data))).toMatchObject(stored);
    expect(await rowOf(call_id)).toMatchObject({
      call_direction: null,
      caller_phone: null,
      agent_phone: null,
      status: "analyzed",
      transcript_turns: 3,
    });
  });
});

describe("what a transcription may lack", () => {
  test("everything but its two ids", async () => {
    const call_id = "conv_bare";
    const before = new Date().toISOString();
    const body = { type: "post_call_transcription", data: { agent_id: "agent_1", conversation_id: call_id } };
    expect(await send(body)).toMatchObject({ status: 200, body: { status: "stored", call_id } });
    const row = await rowOf(call_id);
    expect(row).toMatchObject({
      status: "analyzed",
      started_at: null,
      duration_seconds: null,
      disposition: null,
      variables: null,
      metrics: null,
      summary: null,
      transcript_turns: null,
      transcript_key: `calls/${call_id}/transcript.json`,
    });
    // Only the time of its receipt is known.
    expect(String(row?.["ended_at"]) >= before).toBe(true);
    expect(row?.["analyzed_at"]).toBe(row?.["ended_at"]);
    expect(await turnsOf(call_id)).toEqual([]);
  });

  test("null is the same as absent, wherever it stands", async () => {
    const call_id = "conv_nulls";
    const nothing = Object.fromEntries(
      Object.keys(elevenLabsCall({ call_id }).transcription().data).map((name) => [name, null]),
    );
    const data = { ...nothing, agent_id: "agent_1", conversation_id: call_id };
    const body = elevenLabsCall({ call_id }).transcription(data, { event_timestamp: null });
    expect(await send(body)).toMatchObject(stored);
    expect(await rowOf(call_id)).toMatchObject({ status: "analyzed", metrics: null, transcript_turns: null });

    const inner = {
      transcript: [{ role: null, message: null, tool_calls: null, tool_results: null, time_in_call_secs: null }],
      metadata: Object.fromEntries(Object.keys(callMetadata()).map((name) => [name, null])),
      analysis: {
        call_successful: null,
        transcript_summary: null,
        evaluation_criteria_results: { booked: null, polite: { result: null } },
        data_collection_results: { email: null, name: { value: null }, age: {} },
      },
      conversation_initiation_client_data: { dynamic_variables: null },
    };
    expect(await send(elevenLabsCall({ call_id: "conv_inner_nulls" }).transcription(inner))).toMatchObject(stored);
    expect(await rowOf("conv_inner_nulls")).toMatchObject({
      started_at: null,
      ended_at: "2025-06-15T15:08:05.000Z",
      metrics: '{"booked":null,"polite":null,"email":null,"name":null,"age":null}',
      summary: null,
      transcript_turns: 0,
    });
  });

  test.each<[string, object, object]>([
    ["no analysis", { analysis: null }, { metrics: null, summary: null }],
    ["an empty analysis", { analysis: {} }, { metrics: "{}", summary: null }],
    [
      "an analysis of the two maps alone",
      { analysis: { evaluation_criteria_results: {}, data_collection_results: { age: { value: 41 } } } },
      { metrics: '{"age":41}', summary: null },
    ],
    [
      "collected values of any kind",
      { analysis: { data_collection_results: { list: { value: [1] }, flag: { value: false }, map: { value: {} } } } },
      { metrics: '{"list":[1],"flag":false,"map":{}}' },
    ],
  ])("a call with %s is analyzed all the same", async (what, data, columns) => {
    expect(await send(elevenLabsCall({ call_id: what }).transcription(data))).toMatchObject(stored);
    expect(await rowOf(what)).toMatchObject({
      status: "analyzed",
      analyzed_at: "2025-06-15T15:08:05.000Z",
      ...columns,
    });
  });

  test.each<[string, object, string | null]>([
    ["failed", { status: "failed" }, "failed"],
    [
      "ended by a tool",
      { metadata: callMetadata({ termination_reason: "end_call tool was called." }) },
      "end_call tool was called.",
    ],
    ["ended for a blank reason", { metadata: callMetadata({ termination_reason: "" }) }, null],
    ["in a status that nobody knows yet", { status: "hibernating" }, "Call ended by remote party"],
  ])("a call that %s has its disposition", async (what, data, disposition) => {
    expect(await send(elevenLabsCall({ call_id: what }).transcription(data))).toMatchObject(stored);
    expect(await rowOf(what)).toMatchObject({ disposition });
  });

  test("enumerations may grow, and fields that nobody knows yet are kept", async () => {
    const call_id = "conv_new";
    const body = elevenLabsCall({ call_id }).transcription(
      {
        metadata: callMetadata({
          conversation_initiation_source: "telepathy",
          phone_call: { type: "telepathy", direction: "inward", external_number: "+14155550123" },
        }),
        analysis: { call_successful: "partly", evaluation_criteria_results: { booked: { result: "maybe" } } },
        sentiment: { overall: "calm" },
      },
      { version: 2 },
    );
    expect(await send(body)).toMatchObject(stored);
    expect(await rowOf(call_id)).toMatchObject({ metrics: '{"call_successful":"partly","booked":"maybe"}' });
    const [end] = await eventsOf(call_id);
    expect(JSON.parse(end?.payload ?? "")).toMatchObject({ version: 2, data: { sentiment: { overall: "calm" } } });
  });

  test("times may have fractions, and an end beyond all calendars is none", async () => {
    const fractions = callMetadata({ start_time_unix_secs: 1_750_000_000.25, call_duration_secs: 0.5 });
    await send(elevenLabsCall({ call_id: "conv_fractions" }).transcription({ metadata: fractions }));
    expect(await rowOf("conv_fractions")).toMatchObject({
      started_at: "2025-06-15T15:06:40.250Z",
      ended_at: "2025-06-15T15:06:40.750Z",
      duration_seconds: 0.5,
    });
    const endless = callMetadata({ start_time_unix_secs: 253_402_300_799, call_duration_secs: 76 });
    expect(await send(elevenLabsCall({ call_id: "conv_endless" }).transcription({ metadata: endless }))).toMatchObject(
      stored,
    );
    expect(await rowOf("conv_endless")).toMatchObject({ ended_at: "2025-06-15T15:08:05.000Z" });
  });

  test("ids of criteria and values named __proto__ are metrics like any other", async () => {
    const body = JSON.stringify(elevenLabsCall({ call_id: "conv_proto" }).transcription());
    const odd = body.replace('"booked":', '"__proto__":').replace('"email":', '"constructor":');
    expect(await send(odd)).toMatchObject(stored);
    expect(await rowOf("conv_proto")).toMatchObject({
      metrics:
        '{"call_successful":"success","__proto__":"success","appointment":"2025-06-17T10:00","constructor":null}',
    });
  });
});

describe("a call that could not be initiated", () => {
  test("has ended, outbound, with the reason for its disposition", async () => {
    const call_id = "conv_unanswered";
    const body = JSON.stringify(elevenLabsCall({ call_id }).initiationFailure());
    expect(await send(body)).toMatchObject({
      status: 200,
      body: { status: "stored", event_id: digest(body), call_id },
    });
    expect(await rowOf(call_id)).toMatchObject({
      platform: "elevenlabs",
      status: "ended",
      call_direction: "outbound",
      caller_phone: "+14155550177",
      agent_phone: "+14155550190",
      started_at: null,
      ended_at: "2025-06-15T15:07:11.000Z",
      duration_seconds: null,
      disposition: "no_answer",
      transcript_turns: null,
    });
    expect(await eventsOf(call_id)).toMatchObject([{ event: "call.end", payload: body }]);
    expect(await objectsOf(call_id)).toEqual({ "transcript.json": body });
    expect(await turnsOf(call_id)).toEqual([]);
  });

  test.each([
    ["busy", "busy"],
    ["canceled", "cancelled"],
    ["carrier-on-strike", "carrier_on_strike"],
    ["", null],
    [null, null],
  ])("its reason %j becomes %j", async (failure_reason, disposition) => {
    const call_id = `conv_failed ${failure_reason}`;
    const body = elevenLabsCall({ call_id }).initiationFailure({ failure_reason });
    expect(await send(body)).toMatchObject(stored);
    expect(await rowOf(call_id)).toMatchObject({ disposition });
  });

  test("over SIP it has the numbers of its variables, if any", async () => {
    const metadata = { type: "sip", body: { sip_status_code: 486, sip_status: "Busy Here", call_sid: "SCL_1" } };
    const { initiationFailure } = elevenLabsCall({ call_id: "conv_sip_failure" });
    const conversation_initiation_client_data = {
      dynamic_variables: { system__caller_id: "sip:+14155550190@pbx", system__called_number: "sip:+14155550177@pbx" },
    };
    expect(await send(initiationFailure({ metadata, conversation_initiation_client_data }))).toMatchObject(stored);
    expect(await rowOf("conv_sip_failure")).toMatchObject({
      caller_phone: "sip:+14155550177@pbx",
      agent_phone: "sip:+14155550190@pbx",
      variables: JSON.stringify(conversation_initiation_client_data.dynamic_variables),
    });
    expect(await send(elevenLabsCall({ call_id: "conv_numberless" }).initiationFailure({ metadata }))).toMatchObject(
      stored,
    );
    expect(await rowOf("conv_numberless")).toMatchObject({ caller_phone: null, agent_phone: null });
  });

  test("nothing but its ids is needed", async () => {
    const data = { agent_id: "agent_1", conversation_id: "conv_bare_failure", failure_reason: null, metadata: null };
    expect(await send({ type: "call_initiation_failure", event_timestamp: null, data })).toMatchObject(stored);
    expect(await rowOf("conv_bare_failure")).toMatchObject({ status: "ended", disposition: null });
  });
});

describe("the same conversation more than once", () => {
  test("a repeated body is stored once, and leaves nothing besides", async () => {
    const call_id = "conv_repeated";
    const body = JSON.stringify(elevenLabsCall({ call_id }).transcription());
    expect(await send(body)).toMatchObject(stored);
    const state = async () => [
      await rowOf(call_id),
      await eventsOf(call_id),
      await objectsOf(call_id),
      await deliveriesOf(call_id),
    ];
    await vi.waitFor(() => expect(downstream.deliveriesOf(call_id)).toHaveLength(1));
    const before = await state();
    // Each try is signed anew.
    const headers = elevenLabsHeaders(body, ELEVENLABS_SECRET, secondsNow() - 60);
    expect(await send(body, headers)).toMatchObject({
      status: 200,
      body: { status: "duplicate", event_id: digest(body), call_id },
    });
    expect(await state()).toEqual(before);
    expect(downstream.deliveriesOf(call_id)).toHaveLength(1);
  });

  test("of twenty copies at the same moment one is stored and nineteen are duplicates", async () => {
    const call_id = "conv_raced";
    const body = JSON.stringify(elevenLabsCall({ call_id }).transcription());
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(body)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const results = answers.map((answer) => z.object({ status: z.string() }).parse(answer.body).status).sort();
    expect(results).toEqual([...Array(19).fill("duplicate"), "stored"]);
    expect(await eventsOf(call_id)).toHaveLength(2);
    expect(await objectsOf(call_id)).toEqual({ "transcript.json": body });
    expect(await deliveriesOf(call_id)).toHaveLength(1);
  });

  const corrected = (call_id: string) => {
    const { transcription } = elevenLabsCall({ call_id });
    const first = JSON.stringify(transcription());
    const metadata = callMetadata({ call_duration_secs: 90, termination_reason: "Corrected." });
    const analysis = { call_successful: "failure", transcript_summary: "It was Wednesday." };
    const later = JSON.stringify(transcription({ metadata, analysis }, { event_timestamp: 1_750_000_600 }));
    return { first, later };
  };

  test.each([
    ["in order", false],
    ["backwards", true],
  ])("of a transcription and its correction, %s, the later one counts", async (label, isBackwards) => {
    const call_id = `conv_corrected ${label}`;
    const { first, later } = corrected(call_id);
    for (const body of isBackwards ? [later, first] : [first, later]) expect(await send(body)).toMatchObject(stored);
    expect(await rowOf(call_id)).toMatchObject({
      ended_at: "2025-06-15T15:08:10.000Z",
      duration_seconds: 90,
      disposition: "Corrected.",
      metrics: '{"call_successful":"failure"}',
      summary: "It was Wednesday.",
      analyzed_at: "2025-06-15T15:16:40.000Z",
    });
    expect(await objectsOf(call_id)).toEqual({
      "transcript.json": later,
      [`superseded/${digest(first)}.json`]: first,
    });
    expect(await eventsOf(call_id)).toHaveLength(4);
  });

  test("corrections at the same moment end the same", async () => {
    const { first, later } = corrected("conv_rush");
    await Promise.all([first, later, first, later].map((body) => send(body)));
    expect(await rowOf("conv_rush")).toMatchObject({ disposition: "Corrected.", summary: "It was Wednesday." });
    expect(await objectsOf("conv_rush")).toEqual({
      "transcript.json": later,
      [`superseded/${digest(first)}.json`]: first,
    });
  });

  test("the recording of a conversation changes nothing about it", async () => {
    const { transcription, audio } = elevenLabsCall({ call_id: "conv_recorded" });
    await send(transcription());
    const before = await rowOf("conv_recorded");
    expect(await send(audio())).toMatchObject({ status: 200, body: { status: "ignored" } });
    expect(await rowOf("conv_recorded")).toEqual(before);
  });
});

test("both events of a body are stored in one transaction, or neither is", async () => {
  const call_id = "conv_transaction";
  await ledger.DB.prepare(
    `CREATE TRIGGER no_analytics BEFORE INSERT ON events WHEN new.call_id = '${call_id}' AND new.event = 'analytics.completed'
     BEGIN SELECT RAISE(ABORT, 'not now'); END`,
  ).run();
  const body = JSON.stringify(elevenLabsCall({ call_id }).transcription());
  expect(await send(body)).toMatchObject({ status: 200, body: { status: "parked", call_id } });
  expect(await eventsOf(call_id)).toEqual([]);
  expect(await rowOf(call_id)).toBeNull();
  expect(await objectsOf(call_id)).toEqual({});

  await ledger.DB.prepare("DROP TRIGGER no_analytics").run();
  await runCron(ledger.url, new Date());
  const events = await eventsOf(call_id);
  expect(events.map(({ event }) => event)).toEqual(["call.end", "analytics.completed"]);
  expect(new Set(events.map(({ ledger_ingest_id }) => ledger_ingest_id)).size).toBe(1);
  expect(await objectsOf(call_id)).toEqual({ "transcript.json": body });
  expect(await objectsBelow("parked/")).toEqual({});
});

test.each<[string, Faults]>([
  ["D1 commits and loses its connection", { D1: "first-after" }],
  ["R2 writes and loses its connection", { R2: "first-after" }],
  ["D1 and R2 fail every second time", { D1: "every-second", R2: "every-second" }],
])("a body is stored, with both of its events, while %s", async (what, faults) => {
  const body = JSON.stringify(elevenLabsCall({ call_id: what }).transcription());
  expect(await sendWhile(faults, body)).toMatchObject({ status: 200, body: { status: "stored" } });
  expect(await eventsOf(what)).toHaveLength(2);
  expect(await objectsOf(what)).toEqual({ "transcript.json": body });
});

describe("signatures", () => {
  const signedBy = (text: string, secret: string, time: number | string = secondsNow()) =>
    `t=${time},v0=${elevenLabsDigest(text, secret, time)}`;
  const bodyOf = (call_id: string) => JSON.stringify(elevenLabsCall({ call_id }).transcription());
  const sendSigned = (text: string, signature: string) => send(text, { "ElevenLabs-Signature": signature });

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
  ])("the known signature made with %s is right at its time", async (secret, time, text, hex) => {
    const headers = new Headers({ "elevenlabs-signature": `t=${time},v0=${hex}` });
    const body = await new Blob([text]).arrayBuffer();
    const check = async (secrets: string[], now: number, bytes = body) => {
      const verify = elevenlabs.verify(headers, secrets, new Date(now * 1000));
      return typeof verify === "function" ? verify(bytes) : verify;
    };
    expect(await check([secret], time)).toBeUndefined();
    expect(await check(["another", secret], time)).toBeUndefined();
    expect(await check(["another"], time)).toMatchObject({ fault: "wrong" });
    expect(await check([secret], time, await new Blob([text, " "]).arrayBuffer())).toMatchObject({ fault: "wrong" });
    expect(await check([secret], time + 30 * 60)).toBeUndefined();
    expect(await check([secret], time - 30 * 60)).toBeUndefined();
    expect(await check([secret], time + 30 * 60 + 1)).toMatchObject({ fault: "stale" });
    expect(await check([secret], time - 30 * 60 - 1)).toMatchObject({ fault: "stale" });
  });

  test.each(["wsec_last_year", ELEVENLABS_SECRET, "wsec_next_year"])("one made with %s is right", async (secret) => {
    const text = bodyOf(`conv_signed ${secret}`);
    expect(await sendSigned(text, signedBy(text, secret))).toMatchObject(stored);
  });

  const zeros = "0".repeat(64);
  test.each([
    ["upper case", (t: number, hex: string) => `t=${t},v0=${hex.toUpperCase()}`],
    ["white space", (t: number, hex: string) => ` t=${t} , v0=${hex} `],
    ["another order", (t: number, hex: string) => `v0=${hex},t=${t}`],
    ["several signatures, the last one right", (t: number, hex: string) => `t=${t},v0=${zeros},v0=${hex}`],
    ["several signatures, the first one right", (t: number, hex: string) => `t=${t},v0=${hex},v0=${zeros}`],
    ["other schemes besides", (t: number, hex: string) => `t=${t},v1=${zeros},v0=${hex},v2=what`],
    ["six signatures", (t: number, hex: string) => `t=${t},${`v0=${zeros},`.repeat(5)}v0=${hex}`],
  ])("a header with %s is read", async (what, write) => {
    const text = bodyOf(`conv_header ${what}`);
    const time = secondsNow();
    const header = write(time, elevenLabsDigest(text, ELEVENLABS_SECRET, time));
    expect(await sendSigned(text, header)).toMatchObject(stored);
  });

  test.each([
    ["29 minutes old", -29 * 60],
    ["29 minutes ahead", 29 * 60],
  ])("a time %s is taken", async (what, seconds) => {
    const text = bodyOf(`conv_time ${what}`);
    expect(await sendSigned(text, signedBy(text, ELEVENLABS_SECRET, secondsNow() + seconds))).toMatchObject(stored);
  });

  const at = (seconds: number) => (text: string) => signedBy(text, ELEVENLABS_SECRET, secondsNow() + seconds);
  test.each<[string, (text: string) => string]>([
    ["empty", () => ""],
    ["no signature at all", () => "invalid_format"],
    ["a time alone", () => `t=${secondsNow()}`],
    ["without a time", (text) => `v0=${elevenLabsDigest(text, ELEVENLABS_SECRET, secondsNow())}`],
    ["too short", (text) => at(0)(text).slice(0, -2)],
    ["not hex", () => `t=${secondsNow()},v0=${"z".repeat(64)}`],
    ["of another scheme", (text) => at(0)(text).replace("v0=", "v1=")],
    ["made with another secret", (text) => signedBy(text, "wsec_of_somebody_else")],
    ["made with an empty secret", (text) => signedBy(text, "")],
    [
      "made with every secret as one",
      (text) => signedBy(text, `wsec_last_year, ${ELEVENLABS_SECRET}\n wsec_next_year`),
    ],
    ["made over another body", (text) => at(0)(`${text} `)],
    [
      "made over the body alone",
      (text) => `t=${secondsNow()},v0=${elevenLabsDigest(text, ELEVENLABS_SECRET, "").replace(/^./, "0")}`,
    ],
    [
      "of another time than it says",
      (text) => `t=${secondsNow()},v0=${elevenLabsDigest(text, ELEVENLABS_SECRET, secondsNow() - 60)}`,
    ],
    ["31 minutes old", at(-31 * 60)],
    ["31 minutes ahead", at(31 * 60)],
    ["a year old", at(-365 * 86_400)],
    ["in milliseconds", (text) => signedBy(text, ELEVENLABS_SECRET, Date.now())],
    ["at no time", (text) => signedBy(text, ELEVENLABS_SECRET, "now")],
    ["at a negative time", (text) => signedBy(text, ELEVENLABS_SECRET, `-${secondsNow()}`)],
    ["among a hundred others", (text) => `${at(0)(text)}${`,v0=${zeros}`.repeat(100)}`],
    ["right for the first of two times alone", (text) => `t=${secondsNow() - 3600},${at(0)(text)}`],
  ])("one that is %s is refused, and nothing is kept", async (what, write) => {
    const call_id = `conv_unsigned ${what}`;
    const text = bodyOf(call_id);
    const answer = await sendSigned(text, write(text));
    expect(answer).toMatchObject({ status: 401, type: "application/problem+json" });
    expect(JSON.stringify(answer.body)).not.toContain("wsec_");
    expect(await rowOf(call_id)).toBeNull();
    expect(await objectsOf(call_id)).toEqual({});
    expect(await quarantined(text)).toBeNull();
  });

  test("without the header, or with another platform's, there is none", async () => {
    const text = bodyOf("conv_headerless");
    for (const headers of [{}, { "X-Signature": elevenLabsDigest(text, ELEVENLABS_SECRET, "") }]) {
      const answer = await fetch(new URL("/webhooks/elevenlabs", ledger.url), { method: "POST", body: text, headers });
      expect(answer.status).toBe(401);
    }
    // Nor does this platform's signature open another's door.
    const headers = elevenLabsHeaders(text);
    expect((await fetch(new URL("/webhooks/atoms", ledger.url), { method: "POST", body: text, headers })).status).toBe(
      401,
    );
  });

  test("the signature is checked before the body is parsed", async () => {
    const signature = signedBy("other", ELEVENLABS_SECRET);
    for (const text of ["{broken", JSON.stringify(elevenLabsCall({ call_id: "conv_forged" }).audio())]) {
      expect(await sendSigned(text, signature)).toMatchObject({ status: 401 });
    }
  });
});

describe("what does not fit", () => {
  const { transcription, initiationFailure } = elevenLabsCall({ call_id: "conv_invalid" });
  const metadata = (more: object) => transcription({ metadata: callMetadata(more) });
  test.each<[string, object]>([
    ["data", { type: "post_call_transcription" }],
    ["data", { type: "post_call_transcription", data: "all of it" }],
    ["data", { type: "call_initiation_failure", data: [] }],
    ["data.conversation_id", transcription({ conversation_id: undefined })],
    ["data.conversation_id", transcription({ conversation_id: null })],
    ["data.conversation_id", transcription({ conversation_id: "" })],
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
    ["data.conversation_id", transcription({ conversation_id: "lone \ud800" })],
    ["data.metadata.termination_reason", metadata({ termination_reason: {} })],
    ["data.metadata.phone_call", metadata({ phone_call: "+14155550123" })],
    ["data.metadata.phone_call.direction", metadata({ phone_call: { direction: 1 } })],
    ["data.metadata.phone_call.external_number", metadata({ phone_call: { external_number: 14_155_550_123 } })],
    ["data.metadata.phone_call.agent_number", metadata({ phone_call: { agent_number: [] } })],
    ["data.analysis", transcription({ analysis: "good" })],
    ["data.analysis.call_successful", transcription({ analysis: { call_successful: true } })],
    ["data.analysis.transcript_summary", transcription({ analysis: { transcript_summary: 5 } })],
    [
      "data.analysis.evaluation_criteria_results",
      transcription({ analysis: { evaluation_criteria_results: ["booked"] } }),
    ],
    [
      "data.analysis.evaluation_criteria_results.booked",
      transcription({ analysis: { evaluation_criteria_results: { booked: "success" } } }),
    ],
    [
      "data.analysis.evaluation_criteria_results.booked.result",
      transcription({ analysis: { evaluation_criteria_results: { booked: { result: 1 } } } }),
    ],
    [
      "data.analysis.data_collection_results.email",
      transcription({ analysis: { data_collection_results: { email: "a@example.com" } } }),
    ],
    [
      "data.conversation_initiation_client_data.dynamic_variables",
      transcription({ conversation_initiation_client_data: { dynamic_variables: [] } }),
    ],
    ["data.failure_reason", initiationFailure({ failure_reason: 486 })],
    ["data.metadata.body", initiationFailure({ metadata: { body: "busy" } })],
    ["data.metadata.body.To", initiationFailure({ metadata: { body: { To: 14_155_550_177 } } })],
  ])("a wrong %s: 422 that names it, and the body in quarantine", async (path, event) => {
    const body = JSON.stringify(event);
    const answer = await send(body);
    expect(answer).toMatchObject({
      status: 422,
      type: "application/problem+json",
      body: { errors: [{ path, message: expect.any(String) }] },
    });
    expect(await quarantined(body)).toMatchObject({
      text: body,
      metadata: { platform: "elevenlabs", reason: "invalid", detail: expect.stringContaining(path) },
    });
    expect(await rowOf("conv_invalid")).toBeNull();
  });

  test.each([
    ["an event of another name", { type: "post_call_seance", data: { conversation_id: "c" } }],
    // The only account of its call, and none that this code can read: it must not be lost.
    ["a transcription as OpenTelemetry", { type: "post_call_transcription_otel", data: { otlp_traces: {} } }],
    ["a body that a relay took the type from", { data: { agent_id: "a", conversation_id: "c", transcript: [] } }],
    ["a type that is no text", { type: 5 }],
    ["an event of another platform", { event: "call.end", call_id: "c" }],
  ])("%s: 200 unrecognised, and in quarantine", async (_what, event) => {
    const body = JSON.stringify(event);
    expect(await send(body)).toMatchObject({
      status: 200,
      body: { status: "quarantined", event_id: digest(body) },
    });
    expect((await quarantined(body))?.metadata).toMatchObject({ platform: "elevenlabs", reason: "unrecognised" });
  });

  test.each(["{broken", "[]", "null", ""])("%j is no JSON object: 400, and in quarantine", async (body) => {
    expect(await send(body)).toMatchObject({ status: 400, type: "application/problem+json" });
    expect((await quarantined(body))?.metadata).toMatchObject({ platform: "elevenlabs", reason: "not-an-object" });
  });
});

describe("what a ledger of calls has no use for", () => {
  let counting: Awaited<ReturnType<typeof bootLedger>>;
  beforeAll(async () => {
    counting = await bootLedger({
      main: "test/bench/workers/counting-ledger.ts",
      env: { ELEVENLABS_WEBHOOK_SECRETS: ELEVENLABS_SECRET },
    });
  });
  afterAll(() => counting.harness.close());
  const storeCalls = async () => counts.parse(await (await fetch(new URL(COUNTS_PATH, counting.url))).json());
  beforeEach(storeCalls);

  const { audio } = elevenLabsCall({ call_id: "conv_noise" });
  test.each<[string, unknown]>([
    ["a recording", audio()],
    ["a recording of two megabytes", audio("SUQz".repeat(500_000))],
    [
      "a recording whose type comes last",
      { data: { agent_id: "a", conversation_id: "c", full_audio: "SUQz" }, type: "post_call_audio" },
    ],
    ["a recording that only shows itself when it is parsed", { via: { relay: "r" }, ...audio() }],
    ["a transcribed file", { type: "speech_to_text_transcription", data: { request_id: "r", transcription: {} } }],
    ["news of a voice", { type: "voice_removal_notice", data: { voice_id: "v" } }],
  ])("%s is ignored before anything is asked of a store", async (_what, body) => {
    const answer = await postElevenLabs(counting.url, body);
    expect(answer).toMatchObject({ status: 200, body: { status: "ignored" } });
    expect(answer.body).toEqual({ status: "ignored" });
    expect(await storeCalls()).toMatchObject({ requests: 1, d1RoundTrips: 0, r2Writes: 0, r2Reads: 0, queueSends: 0 });
  });

  test("a caller who says that something is a recording is heard all the same", async () => {
    const { transcription } = elevenLabsCall({ call_id: "conv_quoting" });
    const message = '{"type":"post_call_audio","data":{"full_audio":"';
    const body = transcription({ agent_name: message, transcript: [{ role: "user", message, time_in_call_secs: 1 }] });
    expect(await postElevenLabs(counting.url, body)).toMatchObject({ status: 200, body: { status: "stored" } });
  });
});

describe("what is too large to take", () => {
  const LIMIT = 100_000;
  let network: Awaited<ReturnType<typeof bootOnNetwork>>;
  beforeAll(async () => {
    network = await bootOnNetwork({
      env: { ELEVENLABS_WEBHOOK_SECRETS: ELEVENLABS_SECRET, MAX_BODY_BYTES: String(LIMIT) },
    });
  });
  afterAll(() => network.close());

  const { audio, transcription } = elevenLabsCall({ call_id: "conv_large" });

  test.each<[string, object]>([
    ["a transcription", transcription({ transcript: [{ role: "user", message: "x".repeat(LIMIT) }] })],
    ["a recording", audio("SUQz".repeat(30_000))],
  ])("%s is refused, by its Content-Length or while it comes in", async (_what, body) => {
    // The smallest that makes the sender see its answer before the connection is closed.
    const short = JSON.stringify(body).slice(0, LIMIT + 1);
    expect(await postElevenLabs(network.url, short)).toMatchObject({ status: 413 });
    expect(await postElevenLabsInChunks(network.url, short, 50_000)).toMatchObject({ status: 413 });
  });

  test("a recording within the limit is ignored, and refused with a wrong signature", async () => {
    const text = JSON.stringify(audio("SUQz".repeat(20_000)));
    const post = async (headers: Record<string, string>) =>
      readAnswer(await fetch(new URL("/webhooks/elevenlabs", network.url), { method: "POST", body: text, headers }));
    expect(await post(elevenLabsHeaders(text, "another"))).toMatchObject({ status: 401 });
    expect(await post(elevenLabsHeaders(text))).toMatchObject({ status: 200, body: { status: "ignored" } });
  });
});

describe("secrets", () => {
  const HUSH = "hush-hush-hush";
  const dynamic_variables = {
    customer_name: "Ada",
    secret__token: HUSH,
    SECRET__upper: HUSH,
    secret__list: [HUSH, { inner: HUSH }],
    crm_api_key: HUSH,
    access_token: HUSH,
  };
  const secretive = (call_id: string, data: object = {}) =>
    elevenLabsCall({ call_id }).transcription({
      conversation_initiation_client_data: {
        custom_llm_extra_body: { "api-key": HUSH, temperature: 0 },
        dynamic_variables,
      },
      transcript: [
        {
          role: "agent",
          message: "One moment.",
          time_in_call_secs: 1,
          tool_calls: [
            { tool_name: "find", tool_details: { url: "https://crm.example", headers: { "X-Crm": HUSH }, body: "{}" } },
          ],
        },
      ],
      ...data,
    });
  /** Everything that D1 and R2 hold, bodies that are parked in D1 unpacked. */
  const everything = async () => {
    const tables = ["calls", "events", "ledger_caller_numbers", "sync_deliveries"];
    const rows = await ledger.DB.batch(tables.map((table) => ledger.DB.prepare(`SELECT * FROM ${table}`)));
    const { results } = await ledger.DB.prepare(
      "SELECT sha256, group_concat(body, '' ORDER BY part) AS body FROM parked_bodies GROUP BY sha256",
    ).all<{ body: string }>();
    const parked = results.map(({ body }) => gunzipSync(Buffer.from(body, "base64")).toString());
    const { objects } = await ledger.ARCHIVE.list({ include: ["customMetadata"] });
    const texts = objects.map(async ({ key, customMetadata }) => [
      key,
      customMetadata,
      await (await ledger.ARCHIVE.get(key))?.text(),
    ]);
    return JSON.stringify([rows.map(({ results }) => results), parked, await Promise.all(texts)]);
  };

  test("reach neither the ledger nor the archive, and nothing else is taken out", async () => {
    const call_id = "conv_secretive";
    const body = JSON.stringify(secretive(call_id));
    const answer = await send(body);
    expect(answer).toMatchObject(stored);
    expect(await rowOf(call_id)).toMatchObject({ variables: '{"customer_name":"Ada"}' });
    const archived = (await objectsOf(call_id))["transcript.json"] ?? "";
    expect(answer.body).toMatchObject({ event_id: digest(archived) });
    const { data } = secretive(call_id);
    expect(JSON.parse(archived)).toMatchObject({
      data: {
        metadata: data.metadata,
        analysis: data.analysis,
        conversation_initiation_client_data: { custom_llm_extra_body: { temperature: 0 } },
        transcript: [{ tool_calls: [{ tool_details: { url: "https://crm.example", body: "{}" } }] }],
      },
    });
    expect(await everything()).not.toContain(HUSH);
    // The digest is that of what is kept, so a repetition is one.
    expect(await send(body)).toMatchObject({ status: 200, body: { status: "duplicate" } });
  });

  test("reach neither the quarantine", async () => {
    expect(await send(secretive("conv_q1", { status: 1 }))).toMatchObject({ status: 422 });
    expect(await send({ ...secretive("conv_q2"), type: "post_call_seance" })).toMatchObject({
      body: { status: "quarantined" },
    });
    const broken = JSON.stringify(secretive("conv_q3", { transcript: [] })).replace(/"secret__list":.*?\],/, "");
    expect(await send(broken.slice(0, -1))).toMatchObject({ status: 400 });
    expect(await everything()).not.toContain(HUSH);
    expect(Object.values(await objectsBelow("quarantine/")).join()).toContain("conv_q3");
  });

  test("nor a body that breaks off in a secret, however long", async () => {
    const broken = `{"conversation_id":"conv_q4","secret__token":"${HUSH}\\"${"x".repeat(10_000_000)}`;
    expect(await send(broken)).toMatchObject({ status: 400 });
    const kept = Object.values(await objectsBelow("quarantine/")).find((text) => text.includes("conv_q4"));
    expect(kept).toBe('{"conversation_id":"conv_q4","secret__token":null');
  });

  test.each<[string, Faults]>([
    ["in R2 while D1 is down", { D1: "before" }],
    ["in D1 while R2 is down", { R2: "before" }],
  ])("nor what is parked %s, and it is recovered whole", async (what, faults) => {
    const call_id = `conv_parked ${what}`;
    expect(await sendWhile(faults, secretive(call_id))).toMatchObject({ status: 200, body: { status: "parked" } });
    const waiting = await everything();
    expect(waiting).toContain(call_id);
    expect(waiting).not.toContain(HUSH);
    await runCron(ledger.url, new Date());
    expect(await rowOf(call_id)).toMatchObject({ status: "analyzed", variables: '{"customer_name":"Ada"}' });
    expect(Object.keys(await objectsOf(call_id))).toEqual(["transcript.json"]);
    expect(await everything()).not.toContain(HUSH);
  });

  test("a body without any is kept byte for byte", async () => {
    const body = JSON.stringify(elevenLabsCall({ call_id: "conv_bytes" }).transcription(), null, 3).replace(
      "Ada",
      "\\u0041da",
    );
    await send(body);
    expect(await objectsOf("conv_bytes")).toEqual({ "transcript.json": body });
  });
});

test("the log has one line a body and nothing that a caller said", async () => {
  ledger.harness.clearLogs();
  const { transcription, audio } = elevenLabsCall({ call_id: "conv_logged" });
  await send(transcription());
  await send(audio());
  const lines = ledger.harness.getLogs().map(({ message }) => message);
  const event = z.object({ message: z.literal("event") });
  const received = lines.map((line): unknown => JSON.parse(line)).filter((line) => event.safeParse(line).success);
  expect(received).toMatchObject([
    { message: "event", platform: "elevenlabs", result: "stored", call_id: "conv_logged", event: "call.end" },
    { message: "event", platform: "elevenlabs", result: "ignored" },
  ]);
  expect(lines.join()).not.toMatch(/appointment|4155550123|Ada/);
});

test("without its secret the platform is off, and the Worker healthy", async () => {
  const off = await bootLedger();
  const { transcription, audio } = elevenLabsCall({ call_id: "conv_off" });
  for (const body of [transcription(), audio()]) {
    const answer = await postElevenLabs(off.url, body);
    expect(answer).toMatchObject({ status: 503, type: "application/problem+json" });
    expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
    expect(JSON.stringify(answer.body)).toContain("ELEVENLABS_WEBHOOK_SECRETS");
  }
  const health = await readAnswer(await fetch(new URL("/healthz", off.url)));
  expect(health).toMatchObject({ status: 200, body: { status: "ok" } });
  expect(JSON.stringify(health.body)).not.toContain("ELEVENLABS");
  expect(await off.DB.prepare("SELECT count(*) AS n FROM events").first("n")).toBe(0);
  await off.harness.close();
});
