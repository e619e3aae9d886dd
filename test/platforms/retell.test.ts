import { createHmac } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { retell } from "../../src/platforms/retell/index.ts";
import { COUNTS_PATH, counts, noCounts } from "../bench/counts.ts";
import { FAULTS_HEADER, type Faults } from "../chaos/faults.ts";
import { ask } from "../support/ask.ts";
import { bodyDigest } from "../support/body-digest.ts";
import { SYNC_SECRET, startDownstream } from "../support/downstream.ts";
import { documentedCall } from "../support/events.ts";
import "../support/hex.ts";
import { bootLedger } from "../support/ledger.ts";
import { post, readAnswer } from "../support/post.ts";
import {
  postRetell,
  RETELL_SECRET,
  retellCall,
  retellSignature,
  retellWebCall,
  unansweredRetellCall,
} from "../support/retell.ts";

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootLedger({
    main: "test/chaos/faulty-ledger.ts",
    env: {
      RETELL_WEBHOOK_SECRETS: `key_of_last_year, ${RETELL_SECRET}\n key_of_next_year`,
      SYNC_URL: downstream.url,
      SYNC_SECRET,
    },
  });
});
afterAll(async () => {
  await ledger.harness.close();
  await downstream.close();
});

const send = (payload: unknown, headers?: Record<string, string>) => postRetell(ledger.url, payload, headers);
const stored = { status: 200, body: { status: "stored" } };
const duplicate = { status: 200, body: { status: "duplicate" } };

const rowOf = (call_id: string) =>
  ledger.DB.prepare("SELECT * FROM calls WHERE call_id = ?").bind(call_id).first<Record<string, unknown>>();
const eventsOf = async (call_id: string) =>
  (
    await ledger.DB.prepare("SELECT * FROM events WHERE call_id = ? ORDER BY occurred_at")
      .bind(call_id)
      .all<{ event: string; event_id: string; occurred_at: string; payload: string }>()
  ).results;
const deliveriesOf = async (call_id: string) =>
  (await ledger.DB.prepare("SELECT event_id FROM sync_deliveries WHERE call_id = ?").bind(call_id).all()).results;
const keysOf = async (call_id: string) => {
  const { objects } = await ledger.ARCHIVE.list({ prefix: `calls/${encodeURIComponent(call_id)}/` });
  return objects.map(({ key }) => key);
};
const transcriptOf = async (call_id: string) =>
  (await ask(ledger.url, `/api/calls/${encodeURIComponent(call_id)}/transcript`)).body;
const quarantined = async (body: string) => {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
  const object = await ledger.ARCHIVE.get(`quarantine/${day}/${digest(body)}.json`);
  return object === null ? null : { text: await object.text(), metadata: object.customMetadata };
};

describe("what is stored", () => {
  test("the three events of a phone call fill its row", async () => {
    const { start, end, analytics } = retellCall({ call_id: "whole" });
    expect(await send(start())).toMatchObject({ status: 200, body: { status: "stored", call_id: "whole" } });
    expect(await rowOf("whole")).toMatchObject({
      platform: "retell",
      agent_id: "agent_1",
      status: "active",
      call_direction: "inbound",
      caller_phone: "+14155550123",
      agent_phone: "+14155550190",
      started_at: "2025-06-15T15:06:40.000Z",
      ended_at: null,
      // What the call collects comes with its end, and would have to give way to what it began with.
      variables: null,
    });
    expect(await send(end())).toMatchObject(stored);
    expect(await rowOf("whole")).toMatchObject({
      status: "ended",
      ended_at: "2025-06-15T15:07:56.402Z",
      duration_seconds: 76.402,
      disposition: "user_hangup",
      variables: '{"customer_name":"Robin Example","slot":"10:00"}',
      recording_url: "https://recordings.example.com/whole/recording.wav",
      transcript_key: "calls/whole/transcript.json",
      transcript_turns: 3,
    });
    expect(await send(analytics())).toMatchObject(stored);
    expect(await rowOf("whole")).toMatchObject({
      status: "analyzed",
      analyzed_at: "2025-06-15T15:08:01.000Z",
      ended_at: "2025-06-15T15:07:56.402Z",
      summary: "Robin booked Tuesday at ten.",
      metrics:
        '{"call_successful":true,"user_sentiment":"Positive","in_voicemail":false,"reason":"check-up","wants_reminder":true}',
    });
    const events = await eventsOf("whole");
    expect(events).toMatchObject([
      { event: "call.start", format: "retell", occurred_at: "2025-06-15T15:06:40.412Z" },
      { event: "call.end", format: "retell", occurred_at: "2025-06-15T15:07:57.020Z" },
      { event: "analytics.completed", format: "retell", occurred_at: "2025-06-15T15:08:01.000Z" },
    ]);
  });

  test("an analysis goes downstream, under the id that its answer says", async () => {
    const { start, end, analytics } = retellCall({ call_id: "downstream" });
    for (const event of [start(), end()]) await send(event);
    const { body } = await send(analytics());
    await vi.waitFor(() => expect(downstream.deliveriesOf("downstream")).toHaveLength(1));
    const [delivery] = downstream.deliveriesOf("downstream");
    expect(delivery?.payload).toMatchObject({
      type: "analytics.completed",
      data: {
        call: { call_id: "downstream", platform: "retell", metrics: { call_successful: true, reason: "check-up" } },
      },
    });
    expect(body).toMatchObject({ event_id: delivery?.id.split(":")[0] });
  });

  test("the customer of an outbound call is who is called", async () => {
    const { start } = retellCall({ call_id: "outbound" });
    await send(start({ direction: "outbound", from_number: "+14155550190", to_number: "+14155550177" }));
    expect(await rowOf("outbound")).toMatchObject({
      call_direction: "outbound",
      caller_phone: "+14155550177",
      agent_phone: "+14155550190",
    });
  });

  test("a name in place of a number is kept as it is, and is no number that a caller is found by", async () => {
    const { start } = retellCall({ call_id: "sip" });
    await send(start({ from_number: "frontdesk-trunk", to_number: "sip:+14155550190@carrier.example;user=phone" }));
    expect(await rowOf("sip")).toMatchObject({
      caller_phone: "frontdesk-trunk",
      agent_phone: "sip:+14155550190@carrier.example;user=phone",
      ledger_agent_digits: "14155550190",
    });
    expect(await callersOf("sip")).toEqual([]);
  });

  test("a web call has no direction and no numbers", async () => {
    const { start, end, analytics } = retellWebCall("web", "token-of-web");
    for (const event of [start(), end(), analytics()]) expect(await send(event)).toMatchObject(stored);
    expect(await rowOf("web")).toMatchObject({
      status: "analyzed",
      call_direction: null,
      caller_phone: null,
      agent_phone: null,
      transcript_turns: 3,
    });
    expect(await callersOf("web")).toEqual([]);
  });

  test("a call that nobody answered ended when its event says so, and has no start", async () => {
    const { end, analytics } = unansweredRetellCall("unanswered");
    expect(await send(end())).toMatchObject(stored);
    expect(await send(analytics())).toMatchObject(stored);
    expect(await rowOf("unanswered")).toMatchObject({
      status: "analyzed",
      call_direction: "outbound",
      caller_phone: "+14155550177",
      agent_phone: "+14155550190",
      started_at: null,
      ended_at: "2025-06-15T15:07:11.000Z",
      called_at: "2025-06-15T15:07:11.000Z",
      analyzed_at: "2025-06-15T15:07:13.000Z",
      duration_seconds: 0,
      disposition: "dial_no_answer",
      metrics: null,
      summary: null,
      transcript_turns: 0,
    });
    expect(await transcriptOf("unanswered")).toMatchObject({ turns: [] });
  });

  test("an analysis without its end knows no end but the call's own", async () => {
    await send(unansweredRetellCall("only analyzed").analytics());
    expect(await rowOf("only analyzed")).toMatchObject({ status: "analyzed", ended_at: null, transcript_key: null });
    await send(retellCall({ call_id: "analyzed with times" }).analytics());
    expect(await rowOf("analyzed with times")).toMatchObject({
      started_at: "2025-06-15T15:06:40.000Z",
      ended_at: "2025-06-15T15:07:56.402Z",
      caller_phone: "+14155550123",
      disposition: "user_hangup",
      variables: '{"customer_name":"Robin Example","slot":"10:00"}',
    });
  });

  test.each([
    ["its duration", { end_timestamp: undefined }, {}, "2025-06-15T15:07:56.402Z"],
    ["its event", { end_timestamp: null, duration_ms: null }, {}, "2025-06-15T15:07:57.020Z"],
    ["its end, whatever the duration", { duration_ms: 5 }, { event_timestamp: null }, "2025-06-15T15:07:56.402Z"],
  ])("the end of a call is known by %s", async (label, call, body, ended_at) => {
    await send(retellCall({ call_id: label }).end(call, body));
    expect(await rowOf(label)).toMatchObject({ ended_at });
  });

  test("an event that says no time occurred at the call's, else when it came in", async () => {
    const begun = new Date().toISOString();
    const timeless = { event_timestamp: undefined };
    const { start, end, analytics } = retellCall({ call_id: "timeless" });
    for (const event of [start({}, timeless), end({}, timeless), analytics({}, timeless)]) await send(event);
    const [first, second, third] = await eventsOf("timeless");
    expect(first).toMatchObject({ occurred_at: "2025-06-15T15:06:40.000Z" });
    expect(second).toMatchObject({ occurred_at: "2025-06-15T15:07:56.402Z" });
    expect(third).toMatchObject({ event: "analytics.completed" });
    expect((third?.occurred_at ?? "") >= begun).toBe(true);
    expect(await rowOf("timeless")).toMatchObject({ analyzed_at: third?.occurred_at });
  });

  test("events with nothing but what is required are stored", async () => {
    const begun = new Date().toISOString();
    for (const event of ["call_started", "call_ended", "call_analyzed"]) {
      const answer = await send({ event, call: { call_id: "sparse", agent_id: "a" } });
      expect(answer).toMatchObject(stored);
    }
    const row = await rowOf("sparse");
    expect(row).toMatchObject({
      status: "analyzed",
      agent_id: "a",
      started_at: null,
      duration_seconds: null,
      disposition: null,
      variables: null,
      metrics: null,
      summary: null,
      recording_url: null,
      transcript_turns: null,
    });
    expect(String(row?.["ended_at"]) >= begun).toBe(true);
    expect(await transcriptOf("sparse")).toMatchObject({ turns: [] });
  });

  test("null counts as absent, everywhere", async () => {
    const { start, end, analytics } = retellCall({ call_id: "nulls" });
    const withNulls = <T extends { call: object }>({ call, ...body }: T) => ({
      ...body,
      event_timestamp: null,
      call: { ...nulled(call), call_id: "nulls", agent_id: "a" },
    });
    for (const event of [start(), end(), analytics()]) expect(await send(withNulls(event))).toMatchObject(stored);
    const empty = { transcript_object: [{ role: null, content: null, words: null }], recording_url: null };
    expect(await send(end(empty))).toMatchObject(stored);
    const call_analysis = { call_summary: null, call_successful: null, custom_analysis_data: null };
    expect(await send(analytics({ call_analysis, recording_url: null }))).toMatchObject(stored);
    expect(await rowOf("nulls")).toMatchObject({
      metrics: null,
      summary: null,
      recording_url: null,
      transcript_turns: 0,
    });
  });

  test("words that Retell did not have yet are kept", async () => {
    const { end, analytics } = retellCall({ call_id: "novel" });
    const call = { call_status: "teleported", direction: "sideways", disconnection_reason: "agent_fell_asleep" };
    expect(await send(end({ ...call, data_storage_setting: "some", call_type: "fax" }))).toMatchObject(stored);
    const call_analysis = { user_sentiment: "Bemused", novelty: 1 };
    expect(await send(analytics({ ...call, call_analysis }))).toMatchObject(stored);
    expect(await rowOf("novel")).toMatchObject({
      call_direction: null,
      caller_phone: null,
      disposition: "agent_fell_asleep",
      metrics: '{"user_sentiment":"Bemused"}',
    });
    // Whose number is whose is not known, so an erasure finds the call by either.
    expect(await callersOf("novel")).toEqual(["14155550123", "14155550190"]);
  });

  test("the owner's own field wins over a judgement of the same name", async () => {
    const call_analysis = { user_sentiment: "Neutral", custom_analysis_data: { user_sentiment: 7, none: null } };
    await send(retellCall({ call_id: "own field" }).analytics({ call_analysis }));
    expect(await rowOf("own field")).toMatchObject({ metrics: '{"user_sentiment":7,"none":null}' });
  });

  test("without a recording of its own, a call has the one without personal data", async () => {
    const scrubbed_recording_url = "https://recordings.example.com/scrubbed.wav";
    await send(retellCall({ call_id: "scrubbed" }).end({ recording_url: undefined, scrubbed_recording_url }));
    expect(await rowOf("scrubbed")).toMatchObject({ recording_url: scrubbed_recording_url });
  });

  test("the body of the end is archived byte for byte; its payload keeps all but what was said", async () => {
    const { end } = retellCall({ call_id: "bytes" });
    const body = JSON.stringify(end({ scrubbed_transcript_with_tool_calls: [] }), null, 3);
    await send(body);
    const object = await ledger.ARCHIVE.get("calls/bytes/transcript.json");
    expect(await object?.text()).toBe(body);
    expect(object?.customMetadata).toMatchObject({ platform: "retell", call_id: "bytes", agent_id: "agent_1" });
    const [event] = await eventsOf("bytes");
    const { transcript, transcript_object, transcript_with_tool_calls, ...call } = end().call;
    expect(JSON.parse(event?.payload ?? "")).toEqual({ ...end(), call });
    expect(object?.customMetadata?.["event_id"]).toBe(event?.event_id);
  });

  test("the payload of a start is its body as it is", async () => {
    const body = JSON.stringify(retellCall({ call_id: "payloads" }).start({ ticket: 1 }), null, 1);
    const exact = body.replace('"ticket": 1', '"ticket": 9007199254740993');
    await send(exact);
    expect((await eventsOf("payloads")).map(({ payload }) => payload)).toEqual([exact]);
    expect(await keysOf("payloads")).toEqual([]);
  });

  test("numbers beyond ASCII, in bodies of any script, are signed and kept as they are", async () => {
    const call_id = "アレグロ ☕";
    const { end } = retellCall({ call_id });
    const said = [{ role: "user", content: "Ich hätte gern zwei Cafés – 请帮忙 👋🏽", words: [{ start: 1 }] }];
    const body = JSON.stringify(end({ transcript_object: said, from_number: "+١٤١٥" }));
    expect(await send(body)).toMatchObject({ status: 200, body: { status: "stored", call_id } });
    expect(await (await ledger.ARCHIVE.get(`calls/${encodeURIComponent(call_id)}/transcript.json`))?.text()).toBe(body);
    expect(await transcriptOf(call_id)).toMatchObject({ turns: [{ content: said[0]?.content }] });
    const escaped = JSON.stringify(end({ agent_name: "é" }, { event_timestamp: 1_750_000_078_000 })).replace(
      "é",
      "\\u00e9",
    );
    expect(await send(escaped)).toMatchObject(stored);
    expect(await rowOf(call_id)).toMatchObject({ caller_phone: "+14155550123" });
  });
});

describe("the conversation", () => {
  test("is what was spoken, each turn with its time as far as it is known", async () => {
    await send(retellCall({ call_id: "spoken" }).end());
    expect(await transcriptOf("spoken")).toMatchObject({
      turns: [
        { role: "agent", content: "Hello, how can I help?", timestamp: "2025-06-15T15:06:40.620Z" },
        { role: "user", content: "My dog ate the invoice.", timestamp: "2025-06-15T15:06:44.020Z" },
        { role: "agent", content: "Tuesday at ten is free.", timestamp: null },
      ],
    });
  });

  test("needs no seconds of words to be taken in, but has them in the archive, and leaves a variable of that name alone", async () => {
    const call_id = "seconds";
    const words = [{ word: 'Hi "Bo", ', start: 0.5, end: 1 }, ...Array(300).fill({ word: "ho ", start: 1, end: 1.25 })];
    const quoted = { role: "user", content: 'He said "hi".', words: words.slice(1) };
    const said = [{ role: "agent", content: "Hi Bo.", words }, quoted, { ...quoted, content: "Ho." }];
    const retell_llm_dynamic_variables = { said: "Ho.", words: words.slice(1) };
    const spoken = { transcript_object: said, transcript_with_tool_calls: said };
    const body = JSON.stringify(retellCall({ call_id }).end({ ...spoken, retell_llm_dynamic_variables }));
    expect(await send(body)).toMatchObject(stored);
    const row = await rowOf(call_id);
    expect(row).toMatchObject({ transcript_turns: 3 });
    expect(JSON.parse(String(row?.["variables"]))).toMatchObject(retell_llm_dynamic_variables);
    expect(await (await ledger.ARCHIVE.get(`calls/${call_id}/transcript.json`))?.text()).toBe(body);
    expect(await transcriptOf(call_id)).toMatchObject({
      turns: [
        { timestamp: "2025-06-15T15:06:40.500Z" },
        { timestamp: "2025-06-15T15:06:41.000Z" },
        { content: "Ho.", timestamp: "2025-06-15T15:06:41.000Z" },
      ],
    });
  });

  test.each([
    ["a number that begins with naught", '"end":0.98', '"end":00.98'],
    ["a comma too many", '{"word":"how ","start":1.04,"end":1.2}', '{"word":"how ","start":1.04,"end":1.2},'],
    ["a line that ends within a text", '"how "', '"how\n"'],
  ])("whose words have %s is not JSON", async (what, right, wrong) => {
    const body = JSON.stringify(retellCall({ call_id: what }).end()).replaceAll(right, wrong);
    expect(body).toContain(wrong);
    expect(await send(body)).toMatchObject({ status: 400 });
  });

  test("keeps a third speaker, and leaves out turns without words", async () => {
    const transcript_object = [
      { role: "transfer_target", content: "Billing, hello.", words: [{ word: "Billing, ", start: 61.5, end: 62 }] },
      { role: "user", content: " ", words: [] },
      { role: "narrator", content: "Silence.", words: [{}] },
      { role: "user", content: "Bye.", words: [{ start: 1e300 }] },
      { role: "user", content: "Bye again.", words: ["Bye"] },
    ];
    await send(retellCall({ call_id: "third" }).end({ transcript_object }));
    expect(await transcriptOf("third")).toMatchObject({
      turns: [
        { role: "transfer_target", content: "Billing, hello.", timestamp: "2025-06-15T15:07:41.500Z" },
        { role: "narrator", content: "Silence.", timestamp: null },
        { role: "user", content: "Bye.", timestamp: null },
        { role: "user", content: "Bye again.", timestamp: null },
      ],
    });
    expect(await rowOf("third")).toMatchObject({ transcript_turns: 4 });
  });

  test.each(["transcript_with_tool_calls", "scrubbed_transcript_with_tool_calls"])(
    "is read from %s when that is all there is: tool calls, key presses and messages are not spoken",
    async (name) => {
      const { transcript_with_tool_calls } = retellCall({ call_id: name }).end().call;
      const list = [
        ...transcript_with_tool_calls,
        { role: "node_transition", former_node_name: "a", new_node_name: "b" },
        { role: "dtmf", digit: "1" },
        { role: "sms", content: "A text message.", time_sec: 9 },
        { role: "injected", content: "The caller is a platypus.", time_sec: 9 },
      ];
      const none = { transcript: null, transcript_object: null, transcript_with_tool_calls: null };
      await send(retellCall({ call_id: name }).end({ ...none, [name]: list }));
      expect(await transcriptOf(name)).toMatchObject({
        turns: [
          { content: "Hello, how can I help?", timestamp: "2025-06-15T15:06:40.620Z" },
          { content: "My dog ate the invoice." },
          { content: "Tuesday at ten is free." },
        ],
      });
      expect(await rowOf(name)).toMatchObject({ transcript_turns: 3 });
      expect(JSON.stringify(await eventsOf(name))).not.toContain("invoice");
    },
  );

  test("is found by its words, and not by those of a tool", async () => {
    const call_id = "found by words";
    const transcript_object = [{ role: "user", content: "My axolotl is ill.", words: [] }];
    await send(retellCall({ call_id }).end({ transcript_object }));
    expect((await ask(ledger.url, "/api/calls?q=axolotl")).body).toMatchObject({ calls: [{ call_id }] });
    expect((await ask(ledger.url, "/api/calls?q=platypus")).body).toMatchObject({ calls: [] });
  });

  test("has no times when the call has no start", async () => {
    await send(retellCall({ call_id: "no start" }).end({ start_timestamp: null }));
    expect(await transcriptOf("no start")).toMatchObject({
      turns: [{ timestamp: null }, { timestamp: null }, { timestamp: null }],
    });
  });
});

describe("order and repetition", () => {
  const kinds = ["start", "end", "analytics"] as const;

  /** The row of a call without what differs from one run to the next: ids, digests, and times of receipt. */
  const finalRow = async (call_id: string): Promise<unknown> => {
    const row = await rowOf(call_id);
    expect(row).not.toBeNull();
    const { id, updated_at, ledger_first_received_at, ledger_column_versions, ...rest } = row ?? {};
    return JSON.parse(JSON.stringify(rest).replaceAll(call_id, "ID"));
  };
  const inOrder = async (call_id: string, order: readonly (typeof kinds)[number][]) => {
    const call = retellCall({ call_id });
    for (const kind of order) expect(await send(call[kind]())).toMatchObject(stored);
    return finalRow(call_id);
  };

  test.each([
    ["start", "analytics", "end"],
    ["end", "start", "analytics"],
    ["end", "analytics", "start"],
    ["analytics", "start", "end"],
    ["analytics", "end", "start"],
  ] as const)("a call that comes as %s, %s, %s ends in the same row", async (...order) => {
    const row = await inOrder(`order-${order.join("-")}`, order);
    expect(row).toEqual(await inOrder(`straight-${order.join("-")}`, kinds));
    expect(row).toMatchObject({ status: "analyzed", variables: '{"customer_name":"Robin Example","slot":"10:00"}' });
  });

  test("three events at the same moment end in the same row", async () => {
    const raced = retellCall({ call_id: "raced" });
    const answers = await Promise.all(kinds.map((kind) => send(raced[kind]())));
    expect(answers.map(({ body }) => body)).toMatchObject(kinds.map(() => ({ status: "stored" })));
    expect(await finalRow("raced")).toEqual(await inOrder("calm", kinds));
  });

  test("an event that comes again, with another time of sending, is stored and delivered once", async () => {
    const call = retellCall({ call_id: "again" });
    const first = [];
    for (const kind of kinds) first.push((await send(call[kind]())).body);
    const before = { row: await rowOf("again"), keys: await keysOf("again"), events: await eventsOf("again") };
    for (const [index, kind] of kinds.entries()) {
      for (const event_timestamp of [1_750_000_077_020, 1_750_000_099_999, undefined]) {
        const answer = await send(call[kind]({}, { event_timestamp }));
        expect(answer).toMatchObject(duplicate);
        expect(answer.body).toMatchObject({ ...Object(first[index]), status: "duplicate" });
      }
    }
    expect({ row: await rowOf("again"), keys: await keysOf("again"), events: await eventsOf("again") }).toEqual(before);
    expect(await deliveriesOf("again")).toHaveLength(1);
    expect(await quarantined(JSON.stringify(call.end({}, { event_timestamp: 1_750_000_099_999 })))).toBeNull();
  });

  test("the time of sending tells no two deliveries apart, wherever it stands", async () => {
    const { event_timestamp, ...content } = retellCall({ call_id: "anywhere" }).end();
    const bodies = [{ event_timestamp, ...content }, { ...content, event_timestamp: event_timestamp + 1 }, content];
    const statuses = [];
    for (const body of bodies) statuses.push((await send(body)).body);
    expect(statuses).toMatchObject([{ status: "stored" }, { status: "duplicate" }, { status: "duplicate" }]);
  });

  test("a field that happens to be called like the time of sending does", async () => {
    const { end } = retellCall({ call_id: "elsewhere" });
    const variables = (event_timestamp: number) => end({ collected_dynamic_variables: { event_timestamp } });
    expect(await send(variables(1))).toMatchObject(stored);
    expect(await send(variables(2))).toMatchObject(stored);
    expect(await send(end({ event_timestamp: 3 }))).toMatchObject(stored);
    expect(await eventsOf("elsewhere")).toHaveLength(3);
  });

  test("of twenty copies at the same moment one is stored and nineteen are duplicates", async () => {
    const { end } = retellCall({ call_id: "twenty" });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, copy) => send(end({}, { event_timestamp: 1_750_000_077_020 + copy }))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const statuses = answers.map(({ body }) => JSON.stringify(body).includes('"stored"'));
    expect(statuses.filter(Boolean)).toHaveLength(1);
    expect(await eventsOf("twenty")).toHaveLength(1);
    expect(await keysOf("twenty")).toEqual(["calls/twenty/transcript.json"]);
  });

  test.each([
    ["in order", [0, 1]],
    ["backwards", [1, 0]],
  ])("of two analyses with other results, %s, the later one wins", async (label, order) => {
    const call_id = `analyzed twice ${label}`;
    const { analytics } = retellCall({ call_id });
    const analyses = [
      analytics({ call_analysis: { call_summary: "First.", call_successful: false, user_sentiment: "Negative" } }),
      analytics(
        { call_analysis: { call_summary: "Second.", call_successful: true } },
        { event_timestamp: 1_750_000_999_000 },
      ),
    ];
    for (const index of order) expect(await send(analyses[index])).toMatchObject(stored);
    expect(await rowOf(call_id)).toMatchObject({
      summary: "Second.",
      metrics: '{"call_successful":true}',
      analyzed_at: "2025-06-15T15:23:19.000Z",
    });
    expect(await deliveriesOf(call_id)).toHaveLength(2);
  });

  test.each([
    ["in order", [0, 1]],
    ["backwards", [1, 0]],
  ])("a corrected end, %s, wins, and what it leaves out stays", async (label, order) => {
    const call_id = `corrected ${label}`;
    const { end } = retellCall({ call_id });
    const bodies = [
      end({ recording_url: null, disconnection_reason: "error_unknown" }),
      end(
        { collected_dynamic_variables: null, retell_llm_dynamic_variables: null, disconnection_reason: "agent_hangup" },
        { event_timestamp: 1_750_000_080_000 },
      ),
    ].map((body) => JSON.stringify(body));
    for (const index of order) expect(await send(bodies[index])).toMatchObject(stored);
    expect(await rowOf(call_id)).toMatchObject({
      disposition: "agent_hangup",
      recording_url: `https://recordings.example.com/${call_id}/recording.wav`,
      variables: '{"customer_name":"Robin Example","slot":"10:00"}',
    });
    const keys = await keysOf(call_id);
    expect(keys.map((key) => key.replace(/[0-9a-f]{64}/, "…"))).toEqual([
      `calls/${encodeURIComponent(call_id)}/superseded/….json`,
      `calls/${encodeURIComponent(call_id)}/transcript.json`,
    ]);
    expect(await Promise.all(keys.map(async (key) => (await ledger.ARCHIVE.get(key))?.text()))).toEqual(bodies);
  });

  test("an analysis fills what no other event says, and overwrites none of it", async () => {
    const { start, end, analytics } = retellCall({ call_id: "fills" });
    const other = { from_number: "+14155550000", disconnection_reason: "error_unknown", duration_ms: 9_000 };
    for (const event of [analytics(other), start(), end({ duration_ms: null })]) await send(event);
    expect(await rowOf("fills")).toMatchObject({
      caller_phone: "+14155550123",
      disposition: "user_hangup",
      duration_seconds: 9,
    });
  });
});

describe("what does not fit", () => {
  const { start, end, analytics } = retellCall({ call_id: "misfit" });
  test.each([
    ["call", { event: "call_started" }],
    ["call", { event: "call_ended", call: null }],
    ["call", { event: "call_analyzed", call: [] }],
    ["call", { event: "call_ended", chat: { chat_id: "c" } }],
    ["call.call_id", start({ call_id: undefined })],
    ["call.call_id", start({ call_id: "" })],
    ["call.call_id", end({ call_id: 7 })],
    ["call.call_id", end({ call_id: "x".repeat(513) })],
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
    ["call.call_id", end({ call_id: "lone \ud800" })],
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
  ])("a wrong %s: 422 that names it, and the body in quarantine", async (path, event) => {
    const body = JSON.stringify(event);
    const answer = await send(body);
    expect(answer).toMatchObject({ status: 422, type: "application/problem+json" });
    expect(answer.body).toMatchObject({ errors: [{ path, message: expect.any(String) }] });
    expect(await quarantined(body)).toMatchObject({
      text: body,
      metadata: { platform: "retell", reason: "invalid", detail: expect.stringContaining(path) },
    });
    expect(await eventsOf("misfit")).toEqual([]);
  });

  test("several wrong fields are all named", async () => {
    const answer = await send(end({ call_id: null, duration_ms: "1", transcript_object: [{ content: 1 }] }));
    expect(answer.body).toMatchObject({
      errors: [{ path: "call.call_id" }, { path: "call.duration_ms" }, { path: "call.transcript_object.0.content" }],
    });
  });

  test.each([
    ["another event", { event: "call_teleported", call: { call_id: "c", agent_id: "a" } }],
    ["no event", { call: { call_id: "c", agent_id: "a" } }],
    ["an event that is no text", { event: 5 }],
    ["an event of another platform", documentedCall({ call_id: "of another platform" }).start()],
    ["nothing", {}],
  ])("%s: unrecognised, and in quarantine", async (_what, event) => {
    const body = JSON.stringify(event);
    expect(await send(body)).toMatchObject({ status: 200, body: { status: "quarantined" } });
    expect(await quarantined(body)).toMatchObject({
      text: body,
      metadata: { platform: "retell", reason: "unrecognised" },
    });
  });

  test.each([
    ["broken JSON", "{broken"],
    ["an array", "[]"],
    ["nothing", ""],
  ])("%s: 400", async (_what, body) => {
    expect(await send(body)).toMatchObject({ status: 400 });
    expect(await quarantined(body)).toMatchObject({ metadata: { platform: "retell", reason: "not-an-object" } });
  });
});

describe("signatures", () => {
  const body = (call_id: string) => JSON.stringify(retellCall({ call_id }).start());
  const minutes = 60_000;

  test.each(["key_of_last_year", RETELL_SECRET, "key_of_next_year"])("one made with %s is right", async (secret) => {
    const text = body(`signed with ${secret}`);
    expect(await send(text, { "X-Retell-Signature": retellSignature(text, secret) })).toMatchObject(stored);
  });

  test("the case of its letters does not matter", async () => {
    const text = body("upper case");
    const signature = retellSignature(text).toUpperCase();
    expect(await send(text, { "X-Retell-Signature": signature })).toMatchObject(stored);
  });

  test.each([
    ["four minutes old", -4],
    ["of a clock four minutes ahead", 4],
  ])("one that is %s is right", async (what, off) => {
    const text = body(what);
    const signature = retellSignature(text, RETELL_SECRET, Date.now() + off * minutes);
    expect(await send(text, { "X-Retell-Signature": signature })).toMatchObject(stored);
  });

  test.each<[string, (text: string) => string]>([
    ["empty", () => ""],
    ["no signature of Retell's", () => "f".repeat(64)],
    ["made with another secret", (text) => retellSignature(text, "another")],
    ["made over another body", (text) => retellSignature(`${text} `)],
    ["made over the body alone", (text) => retellSignature(text).replace(/d=.*/, `d=${hmac(text, RETELL_SECRET)}`)],
    ["made for another time", (text) => retellSignature(text).replace(/v=\d+/, `v=${Date.now() - 60}`)],
    ["six minutes old", (text) => retellSignature(text, RETELL_SECRET, Date.now() - 6 * minutes)],
    ["of a clock six minutes ahead", (text) => retellSignature(text, RETELL_SECRET, Date.now() + 6 * minutes)],
    ["too short", (text) => retellSignature(text).slice(0, -2)],
    ["enormous", (text) => retellSignature(text).replace("v=", `v=${"0".repeat(10_000)}`)],
  ])("one that is %s is refused, and nothing is kept", async (what, sign) => {
    const text = body(`refused: ${what}`);
    const answer = await send(text, { "X-Retell-Signature": sign(text) });
    expect(answer).toMatchObject({ status: 401, type: "application/problem+json", body: { status: 401 } });
    expect(await rowOf(`refused: ${what}`)).toBeNull();
    expect(await quarantined(text)).toBeNull();
  });

  test.each<[string, (text: string) => Record<string, string>]>([
    ["none", () => ({})],
    ["that of another platform", (text) => ({ "X-Signature": hmac(text, RETELL_SECRET) })],
  ])("with %s, a body is refused", async (what, headers) => {
    const text = body(`signed by ${what}`);
    const url = new URL("/webhooks/retell", ledger.url);
    expect(await readAnswer(await fetch(url, { method: "POST", body: text, headers: headers(text) }))).toMatchObject({
      status: 401,
    });
    expect(await rowOf(`signed by ${what}`)).toBeNull();
  });

  test("a body that Retell signed is not taken by another platform's webhook", async () => {
    const text = body("at the wrong door");
    const headers = { "X-Retell-Signature": retellSignature(text), "X-Signature": hmac(text, RETELL_SECRET) };
    expect(await post(ledger.url, text, headers)).toMatchObject({ status: 401 });
  });

  test("a refusal names no secret and no part of the body", async () => {
    const text = body("discreet");
    const { body: problem } = await send(text, { "X-Retell-Signature": retellSignature(text, "another") });
    expect(JSON.stringify(problem)).not.toMatch(/key_of|discreet|\+1415/);
  });

  // From the tests of Retell's SDK, and two made by hand.
  const sdk = { key: "test-api-key", text: '{"event":"call_ended"}', at: 1_700_000_000_000 };
  const sdkDigest = "07024cabe7dd8f6d1c6e4a8324ca92c812e6ad4a7ee506c04f7e462e3321823e";
  const own = { key: "key_test_0123456789", at: 1_750_000_000_000 };
  const check = async (vector: { key: string; text: string; signature: string }, now: number) => {
    const headers = new Headers({ "x-retell-signature": vector.signature });
    const verifyBody = retell.verify(headers, [vector.key], new Date(now));
    if (typeof verifyBody !== "function") return verifyBody.fault;
    return (await verifyBody(await new Blob([vector.text]).arrayBuffer()))?.fault ?? "right";
  };

  test.each([
    { ...sdk, digest: sdkDigest },
    {
      ...own,
      text: '{"event":"call_started","call":{"call_id":"call_1"}}',
      digest: "5d6cacf00eb276c78dc65d0bbcff7405df940ce3604853bf8a11255d7452f1bc",
    },
    {
      ...own,
      text: '{"event":"call_ended","call":{"call_id":"call_2","agent_id":"agent_1","transcript":"User: café ☕"}}',
      digest: "8049f27099c4e20094272db781b67c47eb7116c8aa80f905395dea8755c7cd9d",
    },
  ])("the vector $digest is right", async ({ digest: hex, at, ...vector }) => {
    expect(await check({ ...vector, signature: `v=${at},d=${hex}` }, at)).toBe("right");
    expect(retellSignature(vector.text, vector.key, at)).toBe(`v=${at},d=${hex}`);
  });

  test.each([
    ["right", `v=${sdk.at},d=${sdkDigest}`, 0],
    ["right", `v=${sdk.at},d=${sdkDigest}`, 5 * minutes],
    ["right", `v=${sdk.at},d=${sdkDigest}`, -5 * minutes],
    ["stale", `v=${sdk.at},d=${sdkDigest}`, 5 * minutes + 1],
    ["stale", `v=${sdk.at},d=${sdkDigest}`, -5 * minutes - 1],
    ["malformed", "", 0],
    ["malformed", `v=${sdk.at}`, 0],
    ["malformed", `d=${sdkDigest},v=${sdk.at}`, 0],
    ["malformed", `prefix-v=${sdk.at},d=${sdkDigest}`, 0],
    ["malformed", `v=${sdk.at},d=${sdkDigest}-suffix`, 0],
    ["malformed", `v=${sdk.at},d=not-hex`, 0],
    ["malformed", `v=${sdk.at},d=${sdkDigest.slice(2)}`, 0],
    ["malformed", `v=${sdk.at},d=${sdkDigest}00`, 0],
    ["malformed", `v=999999999999999999999999,d=${sdkDigest}`, 0],
    ["malformed", `v=-${sdk.at},d=${sdkDigest}`, 0],
    ["malformed", `v=1.7e12,d=${sdkDigest}`, 0],
    ["stale", `v=1700000000,d=${sdkDigest}`, 0],
    ["wrong", `v=${sdk.at + 1},d=${sdkDigest}`, 0],
    ["wrong", `v=${sdk.at},d=${"0".repeat(64)}`, 0],
  ])("%s: %s, %i ms later", async (fault, signature, later) => {
    expect(await check({ ...sdk, signature }, sdk.at + later)).toBe(fault);
  });

  test("a changed body and another key are wrong", async () => {
    const signature = `v=${sdk.at},d=${sdkDigest}`;
    expect(await check({ ...sdk, text: `${sdk.text} `, signature }, sdk.at)).toBe("wrong");
    expect(await check({ ...sdk, key: "wrong-api-key", signature }, sdk.at)).toBe("wrong");
  });
});

describe("what a ledger of calls has no use for", () => {
  let counting: Awaited<ReturnType<typeof bootLedger>>;
  beforeAll(async () => {
    const env = { RETELL_WEBHOOK_SECRETS: RETELL_SECRET, MAX_BODY_BYTES: "3000000" };
    counting = await bootLedger({ main: "test/bench/workers/counting-ledger.ts", env });
  });
  afterAll(() => counting.harness.close());

  const { call } = retellCall({ call_id: "noise" }).end();
  const ofCalls = [
    "transcript_updated",
    "transfer_started",
    "transfer_bridged",
    "transfer_cancelled",
    "transfer_ended",
  ];
  const ofChats = ["chat_started", "chat_ended", "chat_analyzed"];
  const long = (bytes: number) => ({ event: "transcript_updated", call: { ...call, transcript: "x".repeat(bytes) } });
  test.each([
    ...ofCalls.map((event) => ({ size: "short", event, call })),
    { size: "broken", event: "transcript_updated", call: null },
    { size: "short", call, event: "transfer_started" },
    ...ofChats.map((event) => ({ size: "short", event, chat: { chat_id: "noise" } })),
    { size: "short", event: "call_inbound", call_inbound: { from_number: "+14155550123", to_number: "+14155550190" } },
    { size: "long", ...long(2_000_000) },
  ])("a $size $event is ignored wherever its name stands, and no store is asked", async ({ size: _size, ...body }) => {
    await fetch(new URL(COUNTS_PATH, counting.url));
    const answer = await postRetell(counting.url, body);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({ status: "ignored" });
    const asked = counts.parse(await (await fetch(new URL(COUNTS_PATH, counting.url))).json());
    expect(asked).toEqual({ ...noCounts, requests: 1 });
    expect((await counting.ARCHIVE.list()).objects).toEqual([]);
    expect(await counting.DB.prepare("SELECT count(*) AS n FROM calls").first("n")).toBe(0);
  });

  test("one over the limit is refused like anything else", async () => {
    expect(await postRetell(counting.url, long(4_000_000))).toMatchObject({ status: 413 });
  });

  test("an unsigned one is refused like anything else", async () => {
    const answer = await postRetell(counting.url, { event: "chat_ended" }, { "X-Retell-Signature": "none" });
    expect(answer).toMatchObject({ status: 401 });
  });
});

describe("the token of a web call", () => {
  // One for each test, so that what one of them leaves behind fails no other.
  const tokenOf = (test: string) => `hush-eyJhbGciOiJIUzI1NiJ9-${test}-`;
  const faultsOf = (faults: Faults) => ({ [FAULTS_HEADER]: JSON.stringify(faults) });

  test("is in no table, in no object, in no log line, and the rest of its body is", async () => {
    ledger.harness.clearLogs();
    const token = tokenOf("stored");
    const { start, end, analytics } = retellWebCall("token", token);
    for (const event of [start(), end({ metadata: { deep: [{ Access_Token: token }] } }), analytics()]) {
      expect(await send(event)).toMatchObject(stored);
    }
    const archived = await (await ledger.ARCHIVE.get("calls/token/transcript.json"))?.json();
    const { access_token, ...call } = end({ metadata: { deep: [{}] } }).call;
    expect(access_token).toBe(token);
    expect(archived).toEqual(JSON.parse(JSON.stringify({ ...end(), call })));
    await expectNothingOf(token);
  });

  test("does not tell two deliveries apart", async () => {
    const token = tokenOf("deliveries");
    expect(await send(retellWebCall("other token", `${token}-1`).end())).toMatchObject(stored);
    expect(await send(retellWebCall("other token", `${token}-2`).end())).toMatchObject(duplicate);
    await expectNothingOf(token);
  });

  test.each<[string, number, (token: string) => string]>([
    ["does not fit", 422, (token) => JSON.stringify(retellWebCall("token 422", token).end({ agent_id: null }))],
    ["nobody knows", 200, (token) => JSON.stringify({ event: "call_teleported", call: { access_token: token } })],
    ["breaks off", 400, (token) => JSON.stringify(retellWebCall("token 400", token).end()).slice(0, -9)],
    ["breaks off within the token", 400, (token) => `{"event":"call_ended","call":{"access_token":"${token}`],
  ])("is not in quarantine, in a body that %s", async (what, status, bodyWith) => {
    const token = tokenOf(what);
    const inQuarantine = async () => (await ledger.ARCHIVE.list({ prefix: "quarantine/" })).objects.length;
    const before = await inQuarantine();
    expect(await send(bodyWith(token))).toMatchObject({ status });
    expect(await inQuarantine()).toBe(before + 1);
    await expectNothingOf(token);
  });

  test.each<[string, Faults, string]>([
    ["R2, while D1 is down", { D1: "before" }, "parked in R2"],
    ["D1, while R2 is down", { R2: "before" }, "parked in D1"],
  ])("is not in what is parked in %s, and the call comes in when the store is back", async (_what, faults, call_id) => {
    const token = tokenOf(call_id);
    const { end } = retellWebCall(call_id, token);
    expect(await send(end(), faultsOf(faults))).toMatchObject({ status: 200, body: { status: "parked" } });
    const parked = (await parkedBodies()).find((body) => body.includes(call_id));
    expect(parked).toContain("My dog ate the invoice.");
    await expectNothingOf(token);
    // Long after the five minutes in which its signature was good.
    await ledger.worker.scheduled({ cron: "* * * * *", scheduledTime: new Date(Date.now() + 6 * 60_000) });
    await vi.waitFor(async () => {
      expect(await rowOf(call_id)).toMatchObject({ platform: "retell", status: "ended", transcript_turns: 3 });
      expect((await parkedBodies()).some((body) => body.includes(call_id))).toBe(false);
    });
    expect(await send(end())).toMatchObject(duplicate);
    await expectNothingOf(token);
  });

  test("is not in what was parked in the queue", async () => {
    const token = tokenOf("queue");
    const { end } = retellWebCall("parked in the queue", token);
    const answer = await send(end(), faultsOf({ D1: "before", R2: "before" }));
    expect(answer).toMatchObject({ status: 200, body: { status: "parked" } });
    await vi.waitFor(async () => expect(await rowOf("parked in the queue")).toMatchObject({ status: "ended" }));
    await expectNothingOf(token);
  });
});

test("without its secrets the platform is off: 503, nothing is kept, and the health check does not mention it", async () => {
  const off = await bootLedger({ env: { RETELL_WEBHOOK_SECRETS: " , " } });
  const answer = await postRetell(off.url, retellCall({ call_id: "early" }).start());
  expect(answer).toMatchObject({ status: 503, type: "application/problem+json" });
  expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
  expect(await off.DB.prepare("SELECT count(*) AS n FROM calls").first("n")).toBe(0);
  expect((await off.ARCHIVE.list()).objects).toEqual([]);
  const health = await readAnswer(await fetch(new URL("/healthz", off.url)));
  expect(health).toMatchObject({ status: 200 });
  expect(health.body).toEqual({ status: "ok", database_bytes: expect.any(Number) });
  await off.harness.close();
});

test("a ledger with Retell alone is healthy, and takes nothing of Atoms", async () => {
  const alone = await bootLedger({ env: { ATOMS_WEBHOOK_SECRETS: "", RETELL_WEBHOOK_SECRETS: RETELL_SECRET } });
  expect((await fetch(new URL("/healthz", alone.url))).status).toBe(200);
  expect(await postRetell(alone.url, retellCall({ call_id: "alone" }).start())).toMatchObject(stored);
  expect(await post(alone.url, documentedCall({ call_id: "alone" }).start())).toMatchObject({ status: 503 });
  await alone.harness.close();
});

async function callersOf(call_id: string): Promise<unknown[]> {
  const query = ledger.DB.prepare(
    "SELECT digits FROM ledger_caller_numbers JOIN calls USING (id) WHERE call_id = ? ORDER BY digits",
  ).bind(call_id);
  return (await query.all<{ digits: string }>()).results.map(({ digits }) => digits);
}

/** The same members, all null. */
function nulled(object: object): object {
  return Object.fromEntries(Object.keys(object).map((name) => [name, null]));
}

async function parkedBodies(): Promise<string[]> {
  const { objects } = await ledger.ARCHIVE.list({ prefix: "parked/" });
  const inBucket = objects.map(async ({ key }) => (await ledger.ARCHIVE.get(key))?.text());
  const { results } = await ledger.DB.prepare("SELECT body FROM parked_bodies").all<{ body: string }>();
  const inDatabase = results.map(({ body }) => gunzipSync(Buffer.from(body, "base64")).toString());
  return [...(await Promise.all(inBucket)).flatMap((text) => text ?? []), ...inDatabase];
}

/** Looks at every row of every table, unpacked, at every object with its metadata, and at the log. */
async function expectNothingOf(secret: string): Promise<void> {
  const { results: tables } = await ledger.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  ).all<{ name: string }>();
  expect(tables.length).toBeGreaterThan(5);
  for (const { name } of tables) {
    const { results } = await ledger.DB.prepare(`SELECT * FROM "${name}"`).all();
    expect(JSON.stringify(results), name).not.toContain(secret);
  }
  expect((await parkedBodies()).join()).not.toContain(secret);
  const { objects } = await ledger.ARCHIVE.list({ include: ["customMetadata"] });
  for (const { key, customMetadata } of objects) {
    expect(JSON.stringify([key, customMetadata])).not.toContain(secret);
    expect(await (await ledger.ARCHIVE.get(key))?.text(), key).not.toContain(secret);
  }
  expect(
    ledger.harness
      .getLogs()
      .map(({ message }) => message)
      .join(),
  ).not.toContain(secret);
}

function digest(body: string): string {
  return bodyDigest(body, (parsed) => {
    const { event_timestamp: _sentAt, ...content } = Object(parsed);
    return content;
  });
}

function hmac(body: string, secret: string): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}
