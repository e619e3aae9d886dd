import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { withoutLinks } from "../../src/platforms/vapi/links.ts";
import { secretNames } from "../../src/platforms/vapi/secrets.ts";
import { FAULTS_HEADER } from "../chaos/faults.ts";
import { ask } from "../support/ask.ts";
import { bodyDigest } from "../support/body-digest.ts";
import { SYNC_SECRET, startDownstream, webhookId } from "../support/downstream.ts";
import { bootLedger } from "../support/ledger.ts";
import {
  postVapi,
  presigned,
  VAPI_SECRET,
  vapiCall,
  vapiNoise,
  vapiSignature,
  vapiSignedHeaders,
} from "../support/vapi.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let downstream: Awaited<ReturnType<typeof startDownstream>>;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootLedger({
    main: "test/chaos/faulty-ledger.ts",
    env: {
      VAPI_WEBHOOK_SECRETS: `old-secret, ${VAPI_SECRET}\n vapi_secret`,
      MAX_BODY_BYTES: "4000000",
      SYNC_URL: downstream.url,
      SYNC_SECRET,
    },
  });
});
afterAll(async () => {
  await ledger.harness.close();
  await downstream.close();
});

const send = (payload: unknown, headers?: Record<string, string>) => postVapi(ledger.url, payload, headers);

const rowOf = (call_id: string) =>
  ledger.DB.prepare("SELECT * FROM calls WHERE call_id = ?").bind(call_id).first<Record<string, unknown>>();

const eventsOf = async (call_id: string) =>
  (await ledger.DB.prepare("SELECT * FROM events WHERE call_id = ? ORDER BY event, occurred_at").bind(call_id).all())
    .results;

/** A body that tells two events has its payload with the first. */
const payloadsOf = async (call_id: string): Promise<unknown[]> =>
  (await eventsOf(call_id)).flatMap(({ payload }): unknown[] =>
    payload === null ? [] : [JSON.parse(String(payload))],
  );

const digest = (text: string) => bodyDigest(text, (parsed) => withoutLinks(Object(parsed)));

/** Every object under a prefix: key to text. */
async function objectsUnder(prefix: string): Promise<Record<string, string>> {
  const { objects } = await ledger.ARCHIVE.list({ prefix });
  const entries = objects.map(
    async ({ key }) => [key.slice(prefix.length), (await (await ledger.ARCHIVE.get(key))?.text()) ?? ""] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

const objectsOf = (call_id: string) => objectsUnder(`calls/${encodeURIComponent(call_id)}/`);

/** The row of a call without the columns that differ from one run to the next: ids, digests, and times of receipt. */
async function finalRow(call_id: string): Promise<unknown> {
  const { id, updated_at, ledger_first_received_at, ledger_column_versions, ...rest } = (await rowOf(call_id)) ?? {};
  return JSON.parse(JSON.stringify(rest).replaceAll(call_id, "ID"));
}

/** Everything that the stores have, as one text: too long for an assertion to print. */
async function allStored(): Promise<string> {
  const tables = ["calls", "events", "sync_deliveries"];
  const rows = await Promise.all(tables.map((table) => ledger.DB.prepare(`SELECT * FROM ${table}`).all()));
  return JSON.stringify([rows.map(({ results }) => results), await objectsUnder("")]);
}

/** How much the stores have: the rows of each table, and the keys of R2. */
async function inventory() {
  const counts = ["calls", "events", "sync_deliveries"].map((table) =>
    ledger.DB.prepare(`SELECT count(*) AS count FROM ${table}`).first<number>("count"),
  );
  const { objects, truncated } = await ledger.ARCHIVE.list();
  return { rows: await Promise.all(counts), keys: objects.map(({ key }) => key), truncated };
}

describe("what is stored", () => {
  test("the status update that a call is connected starts the call", async () => {
    const body = JSON.stringify(vapiCall({ call_id: "started" }).start());
    expect(await send(body)).toMatchObject({
      status: 200,
      body: { status: "stored", event_id: digest(body), call_id: "started" },
    });
    expect(await rowOf("started")).toMatchObject({
      platform: "vapi",
      agent_id: "agent_1",
      status: "active",
      call_direction: "inbound",
      caller_phone: "+15551234567",
      agent_phone: "+15559876543",
      started_at: "2024-07-15T14:30:00.105Z",
      called_at: "2024-07-15T14:30:00.105Z",
    });
    expect(await eventsOf("started")).toMatchObject([
      { event: "call.start", format: "vapi", occurred_at: "2024-07-15T14:30:00.105Z" },
    ]);
    expect(await objectsOf("started")).toEqual({});
  });

  test("a report is the end and the analysis of its call: one answer, one archived body, both events at once", async () => {
    const body = JSON.stringify(vapiCall({ call_id: "reported" }).report());
    const answer = await send(body);
    const { event_id } = z.object({ event_id: z.string() }).parse(answer.body);
    expect(answer).toMatchObject({ status: 200, body: { status: "stored", call_id: "reported" } });
    expect(await rowOf("reported")).toMatchObject({
      platform: "vapi",
      agent_id: "agent_1",
      status: "analyzed",
      call_direction: "inbound",
      caller_phone: "+15551234567",
      agent_phone: "+15559876543",
      started_at: "2024-07-15T14:30:00.000Z",
      ended_at: "2024-07-15T14:31:16.402Z",
      analyzed_at: "2024-07-15T14:31:24.310Z",
      duration_seconds: 76.402,
      disposition: "customer-ended-call",
      variables: '{"customer_name":"Robin Example","now":"Jul 15, 2024, 2:30 PM UTC"}',
      metrics:
        '{"success_evaluation":"true","satisfaction_score":4,"issue_resolved":true,"products":["Widget Pro"],"Lead quality":"hot"}',
      summary: "Robin needs another invoice.",
      recording_url: "https://recordings.example.com/reported.wav",
      transcript_key: "calls/reported/transcript.json",
      transcript_turns: 3,
    });
    const events = await eventsOf("reported");
    expect(events).toMatchObject([
      { event: "analytics.completed", event_id, occurred_at: "2024-07-15T14:31:24.310Z", format: "vapi" },
      { event: "call.end", event_id, occurred_at: "2024-07-15T14:31:24.310Z", format: "vapi" },
    ]);
    const [analysis, end] = events;
    expect(analysis?.["ledger_ingest_id"]).toBe(end?.["ledger_ingest_id"]);
    expect(await objectsOf("reported")).toEqual({ "transcript.json": body });
    const object = await ledger.ARCHIVE.head("calls/reported/transcript.json");
    expect(object?.customMetadata).toMatchObject({ platform: "vapi", call_id: "reported", event_id });
  });

  test("while D1 fails neither of its events is stored, and the body is parked; then both are", async () => {
    const { report } = vapiCall({ call_id: "parked" });
    const answer = await send(report(), {
      "X-Vapi-Secret": VAPI_SECRET,
      [FAULTS_HEADER]: JSON.stringify({ D1: "before" }),
    });
    expect(answer).toMatchObject({ status: 200, body: { status: "parked" } });
    expect(await eventsOf("parked")).toEqual([]);
    await ledger.worker.scheduled({ cron: "* * * * *", scheduledTime: new Date() });
    expect(await eventsOf("parked")).toMatchObject([{ event: "analytics.completed" }, { event: "call.end" }]);
    expect(await send(report())).toMatchObject({ body: { status: "duplicate", call_id: "parked" } });
  });

  test("the payload of both events, kept once, is the report without its conversation, prompts of the assistant included", async () => {
    const { report, call, messages } = vapiCall({ call_id: "payload" });
    const nodes = [{ name: "greeting", messages, variables: { slot: 1 } }];
    const older = { messages, messagesOpenAIFormatted: [], transcript: "AI: Hello!" };
    const body = report({ ...older, call: { ...call, ...older, artifact: older } });
    await send({ message: { ...body.message, artifact: { ...body.message.artifact, nodes } } });

    const { artifact, ...rest } = report({ call: { ...call, artifact: {} } }).message;
    const { messages: _, messagesOpenAIFormatted: __, transcript: ___, ...artifacts } = artifact;
    const payload = {
      message: { ...rest, artifact: { ...artifacts, nodes: [{ name: "greeting", variables: { slot: 1 } }] } },
    };
    expect(await payloadsOf("payload")).toEqual([payload]);
  });

  test("the conversation is what was spoken, each turn with its time: no prompts, no tools, no silence", async () => {
    await send(vapiCall({ call_id: "spoken" }).report());
    const { body } = await ask(ledger.url, "/api/calls/spoken/transcript");
    expect(z.object({ turns: z.unknown() }).parse(body).turns).toEqual([
      { role: "agent", content: "Hello! How can I help?", timestamp: "2024-07-15T14:30:01.120Z" },
      { role: "user", content: "My dog ate the invoice.", timestamp: "2024-07-15T14:30:05.400Z" },
      { role: "agent", content: "Here is another one.", timestamp: "2024-07-15T14:30:09.300Z" },
    ]);
  });

  test("a call is found by what was spoken, and not by what was not", async () => {
    const { report, messages } = vapiCall({ call_id: "searched" });
    const extra = { role: "user", message: "Quagga, please.", time: 1_721_053_812_000 };
    await send(report({ artifact: { messages: [...messages, extra] } }));
    const found = async (words: string) => JSON.stringify((await ask(ledger.url, `/api/calls?q=${words}`)).body);
    expect(await found("quagga")).toContain('"searched"');
    for (const words of ["platypus", "front+desk"]) expect(await found(words)).not.toContain('"searched"');
  });

  test("the analysis of a report is delivered once", async () => {
    await send(vapiCall({ call_id: "delivered" }).start());
    const { event_id } = z
      .object({ event_id: z.string() })
      .parse((await send(vapiCall({ call_id: "delivered" }).report())).body);
    await expect
      .poll(() => downstream.deliveriesOf("delivered"), { timeout: 10_000 })
      .toMatchObject([
        {
          id: webhookId("delivered", "analytics.completed", event_id),
          payload: { data: { call: { platform: "vapi", summary: "Robin needs another invoice." } } },
        },
      ]);
  });

  test("characters of every script survive", async () => {
    const message = { role: "user", message: "您好，مرحبا, ¿qué tal? 🦓", time: 1_721_053_806_000 };
    const variableValues = { name: "Zoë Łukasiewicz-Ñandú" };
    const analysis = { summary: "发票 wurde geprüft ✓" };
    await send(vapiCall({ call_id: "呼叫-é" }).report({ artifact: { messages: [message], variableValues }, analysis }));
    expect(await rowOf("呼叫-é")).toMatchObject({
      variables: JSON.stringify(variableValues),
      summary: analysis.summary,
      transcript_turns: 1,
    });
    const { body } = await ask(ledger.url, `/api/calls/${encodeURIComponent("呼叫-é")}/transcript`);
    expect(body).toMatchObject({ turns: [{ role: "user", content: message.message }] });
  });

  test("a report of 60 KB is stored whole", async () => {
    const { report, messages } = vapiCall({ call_id: "long" });
    const many = Array.from({ length: 60 }, () => messages).flat();
    const prompt = "You are the front desk. ".repeat(300);
    const body = JSON.stringify(
      report({
        artifact: { messages: many },
        assistant: { model: { messages: [{ role: "system", content: prompt }] } },
      }),
    );
    expect(body.length).toBeGreaterThan(60_000);
    expect(await send(body)).toMatchObject({ status: 200, body: { status: "stored" } });
    expect(await rowOf("long")).toMatchObject({ transcript_turns: 180, status: "analyzed" });
    expect(await objectsOf("long")).toEqual({ "transcript.json": body });
  });
});

describe("calls of every kind", () => {
  const stored = async (body: { message: { type: string; call: { id: string } } }) => {
    expect(await send(body)).toMatchObject({ status: 200, body: { status: "stored" } });
    return rowOf(body.message.call.id);
  };

  test("of an outbound call the customer is the customer, too", async () => {
    const { report, call } = vapiCall({ call_id: "outbound" });
    expect(await stored(report({ call: { ...call, type: "outboundPhoneCall" } }))).toMatchObject({
      call_direction: "outbound",
      caller_phone: "+15551234567",
      agent_phone: "+15559876543",
    });
  });

  test("a call in a browser has no direction and no numbers", async () => {
    const { report, call } = vapiCall({ call_id: "web" });
    const web = { ...call, type: "webCall", customer: undefined, phoneNumberId: undefined };
    expect(await stored(report({ call: web, customer: undefined, phoneNumber: undefined }))).toMatchObject({
      call_direction: null,
      caller_phone: null,
      agent_phone: null,
      status: "analyzed",
    });
  });

  test("over SIP an address stands for the number, and erasure finds the call by it", async () => {
    const { start, call } = vapiCall({ call_id: "sip" });
    const sip = { sipUri: "sip:+15557654321@pbx.example.com" };
    const agent = { provider: "vapi", sipUri: "sip:desk@sip.vapi.ai" };
    expect(await stored(start({ call: { ...call, customer: sip }, customer: sip, phoneNumber: agent }))).toMatchObject({
      caller_phone: sip.sipUri,
      agent_phone: agent.sipUri,
    });
    const numbers = ledger.DB.prepare(
      "SELECT digits FROM ledger_caller_numbers JOIN calls USING (id) WHERE call_id = 'sip'",
    );
    expect((await numbers.all()).results).toEqual([{ digits: "15557654321" }]);
  });

  test("every number of the customer leads to the call", async () => {
    const { start } = vapiCall({ call_id: "two numbers" });
    await stored(start({ customer: { number: "+15550000001", sipUri: "sip:15550000002@pbx.example.com" } }));
    const numbers = ledger.DB.prepare(
      "SELECT digits FROM ledger_caller_numbers JOIN calls USING (id) WHERE call_id = 'two numbers' ORDER BY 1",
    );
    expect((await numbers.all()).results.map(({ digits }) => digits)).toEqual([
      "15550000001",
      "15550000002",
      "15551234567",
    ]);
    expect(await rowOf("two numbers")).toMatchObject({ caller_phone: "+15550000001" });
  });

  test("numbers that stand in the call alone are found", async () => {
    const { start, call } = vapiCall({ call_id: "numbers inside" });
    const phoneNumber = { twilioPhoneNumber: "+15550009999" };
    const body = start({ call: { ...call, phoneNumber }, customer: undefined, phoneNumber: undefined });
    expect(await stored(body)).toMatchObject({ caller_phone: "+15551234567", agent_phone: "+15550009999" });
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
  ])("the agent of a call of %s", async (what, callOf, message, agent_id) => {
    const { report, call } = vapiCall({ call_id: what });
    expect(await stored(report({ call: { ...call, assistantId: undefined, ...callOf }, ...message }))).toMatchObject({
      agent_id,
    });
  });

  test("an unanswered call with a report ends without a start, a duration or an analysis", async () => {
    const { report, call } = vapiCall({ call_id: "unanswered" });
    const body = report({
      call: { ...call, type: "outboundPhoneCall" },
      endedReason: "customer-did-not-answer",
      startedAt: undefined,
      endedAt: undefined,
      artifact: { messages: [], messagesOpenAIFormatted: [] },
      analysis: {},
    });
    expect(await stored(body)).toMatchObject({
      status: "ended",
      disposition: "customer-did-not-answer",
      started_at: null,
      ended_at: "2024-07-15T14:31:24.310Z",
      duration_seconds: null,
      transcript_turns: 0,
      metrics: null,
      summary: null,
    });
    expect(await eventsOf("unanswered")).toMatchObject([{ event: "call.end" }]);
    expect(downstream.deliveriesOf("unanswered")).toEqual([]);
  });

  test("an unanswered call without a report is ended by its status update", async () => {
    const { ended } = vapiCall({ call_id: "only ended" });
    expect(await stored(ended({ endedReason: "customer-busy" }))).toMatchObject({
      status: "ended",
      disposition: "customer-busy",
      ended_at: "2024-07-15T14:31:16.410Z",
      started_at: null,
    });
  });

  test("an output without a name is a metric by its id, and what is no output stays in the payload", async () => {
    const structuredOutputs = {
      "output-1": { result: 7 },
      "output-2": { name: "Tone", result: null },
      "output-3": { name: "Skipped" },
      "output-4": "none",
    };
    const body = vapiCall({ call_id: "outputs" }).report({ analysis: null, artifact: { structuredOutputs } });
    expect(await stored(body)).toMatchObject({
      status: "analyzed",
      metrics: '{"output-1":7,"Tone":null}',
      summary: null,
    });
    expect(JSON.stringify(await payloadsOf("outputs"))).toContain('"output-4":"none"');
  });

  test("what older bodies have outside the artifact and the analysis is taken from there", async () => {
    const { report, messages } = vapiCall({ call_id: "older" });
    const older = {
      artifact: undefined,
      analysis: undefined,
      startedAt: undefined,
      messages,
      summary: "Asked for an invoice.",
      durationSeconds: 61.5,
      recordingUrl: "https://recordings.example.com/older.wav",
    };
    expect(await stored(report(older))).toMatchObject({
      status: "analyzed",
      transcript_turns: 3,
      summary: "Asked for an invoice.",
      duration_seconds: 61.5,
      recording_url: "https://recordings.example.com/older.wav",
    });
    expect(await ask(ledger.url, "/api/calls/older/transcript")).toMatchObject({
      body: { turns: [{ content: "Hello! How can I help?" }, {}, {}] },
    });
  });

  test("times and the reason are taken from the call where the message has none", async () => {
    const { report, call } = vapiCall({ call_id: "times inside" });
    const times = { startedAt: "2024-07-15T16:30:00+02:00", endedAt: "2024-07-15T14:30:30Z", endedReason: "voicemail" };
    const body = report({
      call: { ...call, ...times, assistantOverrides: { variableValues: { slot: 3 } } },
      artifact: { recording: { mono: { combinedUrl: "https://recordings.example.com/mono.wav" } } },
      startedAt: undefined,
      endedAt: undefined,
      endedReason: undefined,
    });
    expect(await stored(body)).toMatchObject({
      started_at: "2024-07-15T14:30:00.000Z",
      ended_at: "2024-07-15T14:30:30.000Z",
      duration_seconds: 30,
      disposition: "voicemail",
      variables: '{"slot":3}',
      recording_url: "https://recordings.example.com/mono.wav",
      transcript_turns: null,
    });
  });

  test("assistant is another word for bot, and a role that nobody knows stays as it is", async () => {
    const messages = [
      { role: "assistant", message: "Hello!", time: 1_721_053_801_000 },
      { role: "supervisor", message: "I take over.", time: null },
      { message: "Whose words?", time: 1_721_053_803_000 },
      { role: "tool_call_progress", message: "Searching.", time: 1_721_053_804_000 },
      { role: "user", message: "Beyond all calendars.", time: 1e30 },
    ];
    await send(vapiCall({ call_id: "roles" }).report({ artifact: { messages } }));
    const { body } = await ask(ledger.url, "/api/calls/roles/transcript");
    expect(z.object({ turns: z.unknown() }).parse(body).turns).toEqual([
      { role: "agent", content: "Hello!", timestamp: "2024-07-15T14:30:01.000Z" },
      { role: "supervisor", content: "I take over.", timestamp: null },
      { role: null, content: "Whose words?", timestamp: "2024-07-15T14:30:03.000Z" },
      { role: "user", content: "Beyond all calendars.", timestamp: null },
    ]);
  });

  test("times more than a year apart are no duration", async () => {
    const times = { startedAt: "2023-01-01T00:00:00Z", endedAt: "2024-07-15T14:30:00Z" };
    expect(await stored(vapiCall({ call_id: "years" }).report(times))).toMatchObject({
      started_at: "2023-01-01T00:00:00.000Z",
      duration_seconds: null,
    });
  });

  test("words that an enum does not have yet are no reason to refuse a call", async () => {
    const { report, call } = vapiCall({ call_id: "new words" });
    const body = report({
      endedReason: "call.in-progress.error-of-next-year",
      call: { ...call, type: "constructor", status: "beaming" },
    });
    expect(await stored(body)).toMatchObject({
      call_direction: null,
      disposition: "call.in-progress.error-of-next-year",
    });
  });

  test.each(["start", "ended", "report"] as const)("of a %s nothing but the call's id is needed", async (kind) => {
    const { message } = vapiCall({ call_id: `sparse ${kind}` })[kind]();
    const { type } = message;
    const status = "status" in message ? { status: message.status } : {};
    const before = new Date().toISOString();
    const row = await stored({ message: { type, ...status, call: { id: `sparse ${kind}` } } });
    expect(row).toMatchObject({ status: kind === "start" ? "active" : "ended", agent_id: "transient" });
    expect(String(row?.["called_at"]) >= before).toBe(true);
  });

  test("null counts as absent, in every field that may be left out", async () => {
    const nulls = (object: object, ...required: string[]): object =>
      Object.fromEntries(Object.entries(object).map(([name, value]) => [name, required.includes(name) ? value : null]));
    const { start, ended, report, call } = vapiCall({ call_id: "nulls" });
    for (const { message } of [start(), ended(), report()]) {
      const body = { message: { ...nulls(message, "type", "status"), call: nulls(call, "id") } };
      expect(await send(body)).toMatchObject({ status: 200, body: { status: "stored" } });
    }
    const inner = { artifact: nulls(report().message.artifact), analysis: nulls(report().message.analysis) };
    const parties = {
      customer: { number: null, sipUri: null },
      phoneNumber: { number: null },
      assistant: { id: null },
    };
    expect(
      await send(report({ ...inner, ...parties, call: { ...call, ...parties, assistantOverrides: null } })),
    ).toMatchObject({
      body: { status: "stored" },
    });
    expect(await rowOf("nulls")).toMatchObject({ status: "ended", caller_phone: null, metrics: null });
  });
});

describe("orders", () => {
  const kinds = ["start", "ended", "report"] as const;
  const permutations = <T>(items: readonly T[]): T[][] =>
    items.length === 0
      ? [[]]
      : items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
  const sendAll = async (call_id: string, order: readonly (typeof kinds)[number][]) => {
    const call = vapiCall({ call_id });
    for (const kind of order) expect(await send(call[kind]())).toMatchObject({ status: 200 });
  };
  const expected = {
    agent_id: "agent_1",
    status: "analyzed",
    started_at: "2024-07-15T14:30:00.000Z",
    ended_at: "2024-07-15T14:31:16.402Z",
    duration_seconds: 76.402,
    summary: "Robin needs another invoice.",
    transcript_turns: 3,
  };

  test.each(permutations(kinds))("a call that comes as %s, %s, %s ends the same", async (...order) => {
    const call_id = order.join("-");
    await sendAll(call_id, order);
    expect(await finalRow(call_id)).toMatchObject(expected);
    await sendAll("in-order", kinds);
    expect(await finalRow(call_id)).toEqual(await finalRow("in-order"));
    const { report, ended } = vapiCall({ call_id });
    expect(await objectsOf(call_id)).toEqual({
      "transcript.json": JSON.stringify(report()),
      [`superseded/${digest(JSON.stringify(ended()))}.json`]: JSON.stringify(ended()),
    });
  });

  test("all at the same moment, and each of them three times", async () => {
    const call = vapiCall({ call_id: "crowded" });
    const bodies = kinds.flatMap((kind) => Array.from({ length: 3 }, () => call[kind]()));
    const answers = await Promise.all(bodies.map((body) => send(body)));
    expect(answers.map(({ status }) => status)).toEqual(Array(9).fill(200));
    await sendAll("in-order", kinds);
    expect(await finalRow("crowded")).toEqual(await finalRow("in-order"));
    expect(await eventsOf("crowded")).toHaveLength(4);
  });
});

describe("repetitions", () => {
  const linked = (call_id: string, delivery: string) => {
    const { report } = vapiCall({ call_id });
    const { artifact } = report().message;
    return JSON.stringify(
      report({
        artifact: { ...artifact, ...presigned(delivery) },
        call: { id: call_id, artifact: presigned(delivery) },
      }),
    );
  };
  const stateOf = async (call_id: string) => ({
    row: await rowOf(call_id),
    events: await eventsOf(call_id),
    objects: await objectsOf(call_id),
    deliveries: (
      await ledger.DB.prepare("SELECT event, event_id, destination FROM sync_deliveries WHERE call_id = ?")
        .bind(call_id)
        .all()
    ).results,
  });

  test.each(["start", "ended", "report"] as const)("a %s that comes again is a duplicate", async (kind) => {
    const call_id = `again ${kind}`;
    const body = vapiCall({ call_id })[kind]();
    expect(await send(body)).toMatchObject({ body: { status: "stored" } });
    const before = await stateOf(call_id);
    expect(await send(body)).toMatchObject({ status: 200, body: { status: "duplicate", call_id } });
    expect(await stateOf(call_id)).toEqual(before);
  });

  test("a report that comes again with other links is a duplicate, and leaves nothing new behind", async () => {
    const first = await send(linked("links", "first"));
    expect(first).toMatchObject({ status: 200, body: { status: "stored" } });
    const before = await stateOf("links");
    const again = await send(linked("links", "second"));
    expect(again).toMatchObject({ status: 200, body: { ...Object(first.body), status: "duplicate" } });
    expect(await stateOf("links")).toEqual(before);
    expect(before.objects).toEqual({ "transcript.json": linked("links", "first") });
  });

  test.each([
    ["first", (links: object) => ({ ...links, recordingUrl: "r" })],
    ["last", (links: object) => ({ recordingUrl: "r", ...links })],
    ["alone", (links: object) => ({ ...links })],
  ])(
    "links that stand %s in their object do not tell two deliveries apart, nor does having none",
    async (where, artifact) => {
      const { report } = vapiCall({ call_id: `links ${where}` });
      const links = { ...presigned("first"), presignedLogUrl: null };
      expect(await send(report({ artifact: artifact(links) }))).toMatchObject({ body: { status: "stored" } });
      for (const other of [presigned('second, with "quotes"'), {}]) {
        expect(await send(report({ artifact: artifact(other) }))).toMatchObject({ body: { status: "duplicate" } });
      }
      const others = report({ artifact: { ...artifact(links), variableValues: { moved: true } } });
      expect(await send(others)).toMatchObject({ body: { status: "stored" } });
    },
  );

  test("a field that happens to be called like a link does", async () => {
    const call_id = "links elsewhere";
    const { report, call } = vapiCall({ call_id });
    const { artifact } = report().message;
    const named = (value: string) => ({ presignedMonoUrl: value, presignedUrlsExpiresAt: value });
    const bodies = ["first", "second"].flatMap((value) => [
      report({ artifact: { ...artifact, variableValues: named(value) } }),
      report({ artifact: { ...artifact, presignedBy: value } }),
      report({ ...named(value), call }),
      report({ call: { ...call, metadata: { artifact: named(value) } } }),
    ]);
    for (const body of bodies) expect(await send(body)).toMatchObject({ body: { status: "stored" } });
    expect(await eventsOf(call_id)).toHaveLength(2 * bodies.length);
  });

  test("of twenty copies at the same moment, each with other links, one is stored", async () => {
    const bodies = Array.from({ length: 20 }, (_, index) => linked("raced", `delivery ${index}`));
    const answers = await Promise.all(bodies.map((body) => send(body)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const statuses = answers.map(({ body }) => z.object({ status: z.string() }).parse(body).status);
    expect(statuses.toSorted()).toEqual([...Array(19).fill("duplicate"), "stored"]);
    expect(await eventsOf("raced")).toHaveLength(2);
    expect(Object.keys(await objectsOf("raced"))).toEqual(["transcript.json"]);
  });

  test("a report that comes again after its correction leaves nothing new behind", async () => {
    await send(linked("late links", "first"));
    await send(vapiCall({ call_id: "late links" }).report({ timestamp: Date.UTC(2024, 6, 15, 15) }));
    const before = await stateOf("late links");
    expect(Object.keys(before.objects)).toHaveLength(2);
    expect(await send(linked("late links", "second"))).toMatchObject({ body: { status: "duplicate" } });
    const { objects, ...rows } = await stateOf("late links");
    expect(Object.keys(objects)).toEqual(Object.keys(before.objects));
    expect(rows).toEqual({ row: before.row, events: before.events, deliveries: before.deliveries });
  });

  test.each([
    ["after", [0, 1]],
    ["before", [1, 0]],
  ])("a second analysis with other results, %s the first, wins", async (when, order) => {
    const call_id = `corrected ${when}`;
    const { report } = vapiCall({ call_id });
    const bodies = [
      report(),
      report({
        timestamp: Date.UTC(2024, 6, 15, 15),
        analysis: { summary: "Robin wants to leave.", structuredData: { satisfaction_score: 1 } },
      }),
    ].map((body) => JSON.stringify(body));
    for (const index of order) expect(await send(bodies[index])).toMatchObject({ body: { status: "stored" } });
    expect(await rowOf(call_id)).toMatchObject({
      summary: "Robin wants to leave.",
      metrics: '{"satisfaction_score":1,"Lead quality":"hot"}',
      analyzed_at: "2024-07-15T15:00:00.000Z",
    });
    expect(await eventsOf(call_id)).toHaveLength(4);
    const { "transcript.json": transcript, ...superseded } = await objectsOf(call_id);
    expect(transcript).toBe(bodies[1]);
    expect(Object.values(superseded)).toEqual([bodies[0]]);
  });
});

describe("what does not fit", () => {
  const quarantined = async (body: string) => {
    const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
    const object = await ledger.ARCHIVE.get(`quarantine/${day}/${digest(body)}.json`);
    return object === null ? null : { text: await object.text(), metadata: object.customMetadata };
  };

  const { start, ended, report, call } = vapiCall({ call_id: "invalid" });
  const { artifact, analysis } = report().message;
  test.each([
    ["message.call", start({ call: undefined })],
    ["message.call", ended({ call: "call_1" })],
    ["message.call.id", report({ call: { ...call, id: undefined } })],
    ["message.call.id", start({ call: { ...call, id: "" } })],
    ["message.call.id", start({ call: { ...call, id: 5 } })],
    ["message.call.id", start({ call: { ...call, id: "x".repeat(513) } })],
    ["message.call.assistantId", start({ call: { ...call, assistantId: "x".repeat(513) } })],
    ["message.call.squadId", start({ call: { ...call, squadId: 5 } })],
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
    ["message.call.id", start({ call: { ...call, id: "lone \ud800" } })],
    ["message.call.squadId", start({ call: { ...call, squadId: "\udc00" } })],
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
  ])("a wrong %s: 422 that names it, and quarantine", async (path, event) => {
    const body = JSON.stringify(event);
    const answer = await send(body);
    expect(answer).toMatchObject({ status: 422, type: "application/problem+json", body: { status: 422 } });
    expect(answer.body).toMatchObject({ errors: [{ path, message: expect.any(String) }] });
    expect(await quarantined(body)).toMatchObject({
      text: body,
      metadata: { platform: "vapi", reason: "invalid", detail: expect.stringContaining(path) },
    });
    expect(await eventsOf("invalid")).toEqual([]);
  });

  test("all that does not fit is named", async () => {
    const answer = await send(report({ timestamp: "noon", artifact: { messages: [1, { role: 2 }] } }));
    expect(answer.body).toMatchObject({
      errors: [
        { path: "message.timestamp" },
        { path: "message.artifact.messages.0" },
        { path: "message.artifact.messages.1.role" },
      ],
    });
  });

  test.each([
    ["a type that nobody knows", { message: { type: "call.started", call } }],
    ["no type", { message: { call } }],
    ["a type that is no text", { message: { type: 5, call } }],
    ["a message that is no object", { message: "status-update" }],
    ["no message", { type: "end-of-call-report", call }],
    ["another platform's event", { event: "call.start", call_id: "c" }],
    ["nothing", {}],
  ])("%s: unrecognised, and in quarantine", async (_what, event) => {
    const body = JSON.stringify(event);
    expect(await send(body)).toMatchObject({ status: 200, body: { status: "quarantined" } });
    expect((await quarantined(body))?.metadata).toMatchObject({ platform: "vapi", reason: "unrecognised" });
  });

  test.each(["[]", "{broken", "", '"status-update"'])("%s is no JSON object: 400, and in quarantine", async (body) => {
    expect(await send(body)).toMatchObject({ status: 400 });
    expect((await quarantined(body))?.metadata).toMatchObject({ platform: "vapi", reason: "not-an-object" });
  });
});

describe("noise", () => {
  const { status } = vapiCall({ call_id: "noisy" });
  const statuses = ["scheduled", "queued", "ringing", "forwarding", "not-found", "deletion-failed", "beaming"];
  const noise = [
    ...vapiNoise("noisy").map((body) => [body.message.type, body] as const),
    ...statuses.map((name) => [`status-update ${name}`, status(name)] as const),
  ];

  test.each(noise)("%s is ignored, wherever its type stands, and nothing is kept", async (_type, body) => {
    const { type, ...rest } = body.message;
    const before = await inventory();
    for (const message of [
      { type, ...rest },
      { ...rest, type },
    ]) {
      expect(await send({ message })).toMatchObject({ status: 200, body: { status: "ignored" } });
    }
    expect(await inventory()).toEqual(before);
  });

  test("is ignored while every store is down, since none is asked", async () => {
    const faults = { [FAULTS_HEADER]: JSON.stringify({ D1: "before", R2: "before", queue: "before" }) };
    for (const [, { message }] of noise) {
      const { type, ...rest } = message;
      const answer = await send({ message: { ...rest, type } }, { "X-Vapi-Secret": VAPI_SECRET, ...faults });
      expect(answer).toMatchObject({ status: 200, body: { status: "ignored" } });
    }
  });
});

describe("large bodies", () => {
  const MEGABYTE = 1_000_000;
  const prompt = (bytes: number) => ({ artifact: { messages: [{ role: "system", message: "x".repeat(bytes) }] } });
  const noise = (bytes: number) => ({
    message: { timestamp: 1_721_053_806_000, type: "conversation-update", ...prompt(bytes) },
  });

  test("noise within the limit is ignored, and over it refused like anything else", async () => {
    const before = await inventory();
    expect(await send(noise(2 * MEGABYTE))).toMatchObject({ status: 200, body: { status: "ignored" } });
    expect(await send(noise(5 * MEGABYTE))).toMatchObject({ status: 413 });
    expect(await inventory()).toEqual(before);
  });

  test("a large report is parked while it is parsed, and stored", async () => {
    const body = vapiCall({ call_id: "large" }).report(prompt(2 * MEGABYTE));
    expect(await send(body)).toMatchObject({ status: 200, body: { status: "stored" } });
    expect(await rowOf("large")).toMatchObject({ status: "analyzed", transcript_turns: 0 });
    expect((await ledger.ARCHIVE.list({ prefix: "parked/" })).objects).toEqual([]);
  });
});

describe("authentication", () => {
  const seconds =
    (offset = 0) =>
    () =>
      String(Math.floor(Date.now() / 1000) + offset);
  const milliseconds =
    (offset = 0) =>
    () =>
      String(Date.now() + offset);
  const MINUTE = 60_000;
  let calls = 0;
  const nextBody = () => JSON.stringify(vapiCall({ call_id: `signed-${++calls}` }).start());

  type Headers = (body: string) => Record<string, string>;
  const signed =
    (signatureName: string, timestampName: string, now: () => string, secret = VAPI_SECRET): Headers =>
    (body) => {
      const timestamp = now();
      return { [signatureName]: vapiSignature(body, { secret, timestamp }), [timestampName]: timestamp };
    };

  test.each<[string, Headers]>([
    ["the secret in X-Vapi-Secret", () => ({ "X-Vapi-Secret": VAPI_SECRET })],
    ["the secret as a bearer token", () => ({ Authorization: `Bearer ${VAPI_SECRET}` })],
    ["the secret as a bearer token, however it is written", () => ({ Authorization: `bearer  ${VAPI_SECRET}` })],
    ["the secret in X-Vapi-Signature", () => ({ "X-Vapi-Signature": VAPI_SECRET })],
    ["a secret that is about to go", () => ({ "X-Vapi-Secret": "old-secret" })],
    [
      "a secret that is about to go, as a signature",
      signed("X-Signature", "X-Timestamp", milliseconds(), "old-secret"),
    ],
    ["an HMAC with milliseconds", (body) => vapiSignedHeaders(body)],
    ["an HMAC with seconds", signed("X-Signature", "X-Timestamp", seconds())],
    ["an HMAC under the other names", signed("X-Vapi-Signature", "X-Vapi-Timestamp", milliseconds())],
    ["an HMAC of the body alone", (body) => ({ "X-Signature": vapiSignature(body) })],
    [
      "an HMAC of the body alone, with a time beside it",
      (body) => ({ "X-Signature": vapiSignature(body), "X-Timestamp": seconds()() }),
    ],
    ["an HMAC in capitals", (body) => ({ "X-Signature": vapiSignature(body).toUpperCase() })],
    ["an HMAC with a prefix", (body) => ({ "X-Signature": `sha256=${vapiSignature(body)}` })],
    ["an HMAC in base64", (body) => ({ "X-Signature": vapiSignature(body, { encoding: "base64" }) })],
    ["an HMAC four minutes old", signed("X-Signature", "X-Timestamp", milliseconds(-4 * MINUTE))],
    ["an HMAC four minutes ahead", signed("X-Signature", "X-Timestamp", seconds(4 * 60))],
    [
      "a right HMAC beside another header's wrong secret",
      (body) => ({ ...vapiSignedHeaders(body), Authorization: "Bearer of news" }),
    ],
  ])("%s is right", async (_what, headers) => {
    const body = nextBody();
    expect(await send(body, headers(body))).toMatchObject({ status: 200, body: { status: "stored" } });
  });

  test.each<[string, Headers]>([
    ["nothing", () => ({})],
    ["an empty secret", () => ({ "X-Vapi-Secret": "" })],
    ["another secret", () => ({ "X-Vapi-Secret": "another-secret-of-the-test" })],
    ["a part of the secret", () => ({ "X-Vapi-Secret": VAPI_SECRET.slice(1) })],
    ["the whole setting", () => ({ "X-Vapi-Secret": `old-secret, ${VAPI_SECRET}` })],
    ["the secret in other letters", () => ({ "X-Vapi-Secret": VAPI_SECRET.toUpperCase() })],
    ["another bearer token", () => ({ Authorization: "Bearer another" })],
    ["the secret by another scheme", () => ({ Authorization: `Basic ${VAPI_SECRET}` })],
    ["the secret in the header of signatures", () => ({ "X-Signature": VAPI_SECRET })],
    ["a signature that is no signature", () => ({ "X-Signature": "z".repeat(64) })],
    ["a signature that is too short", (body) => ({ "X-Signature": vapiSignature(body).slice(2) })],
    ["a signature that is far too long", (body) => ({ "X-Signature": vapiSignature(body).repeat(1000) })],
    ["a signature made with another secret", (body) => ({ "X-Signature": vapiSignature(body, { secret: "another" }) })],
    ["a signature of another body", (body) => ({ "X-Signature": vapiSignature(`${body} `) })],
    ["a signature with another time", (body) => ({ ...vapiSignedHeaders(body), "X-Timestamp": milliseconds(-1000)() })],
    [
      "a signature with its time taken off",
      (body) => ({ "X-Signature": vapiSignature(body, { timestamp: milliseconds()() }) }),
    ],
    ["a signature six minutes old", signed("X-Signature", "X-Timestamp", milliseconds(-6 * MINUTE))],
    ["a signature six minutes old, in seconds", signed("X-Signature", "X-Timestamp", seconds(-6 * 60))],
    ["a signature six minutes ahead", signed("X-Signature", "X-Timestamp", milliseconds(6 * MINUTE))],
    ["a signature with a time in microseconds", signed("X-Signature", "X-Timestamp", () => `${Date.now()}000`)],
    ["a signature with a time that is none", signed("X-Signature", "X-Timestamp", () => "soon")],
    [
      "a signature six minutes old under the other names",
      signed("X-Vapi-Signature", "X-Vapi-Timestamp", seconds(-6 * 60)),
    ],
    [
      "a signature of the body alone, with an old time beside it",
      (body) => ({ "X-Signature": vapiSignature(body), "X-Timestamp": seconds(-6 * 60)() }),
    ],
  ])("%s is refused, and nothing is kept", async (_what, headers) => {
    const body = nextBody();
    const before = await inventory();
    expect(await send(body, headers(body))).toMatchObject({
      status: 401,
      type: "application/problem+json",
      body: { status: 401 },
    });
    expect(await inventory()).toEqual(before);
  });

  test.each([
    ["f8b80960b232885eafe00f2a4aac64e246708218a47d98e6104b7f57d7b8dbdb", undefined, "hex"],
    ["069338d045d8d480fff80877fe360429f4ab83c51d38ebc6b420c992c3b0473a", "1750000000000", "hex"],
    ["269386457b1ecb7b6023ae0382108f9894520f8e94226280e2e20d22018ec661", "1750000000", "hex"],
    ["BpM40EXY1ID/+Ah3/jYEKfSrg8UdOOvGtCDJksOwRzo=", "1750000000000", "base64"],
  ] as const)("%s is what the reference has for the time %s", (digestOfReference, timestamp, encoding) => {
    const body = '{"message":{"type":"status-update","status":"in-progress","call":{"id":"call_1"}}}';
    const options = { secret: "vapi_secret", encoding, ...(timestamp !== undefined && { timestamp }) };
    expect(vapiSignature(body, options)).toBe(digestOfReference);
  });

  test("the reference's signature of a body is taken as it stands there", async () => {
    const body = '{"message":{"type":"status-update","status":"in-progress","call":{"id":"call_1"}}}';
    const signature = "f8b80960b232885eafe00f2a4aac64e246708218a47d98e6104b7f57d7b8dbdb";
    expect(await send(body, { "X-Signature": signature })).toMatchObject({
      body: { status: "stored", call_id: "call_1" },
    });
  });

  test("a refusal says what is wrong, and none of the secrets", async () => {
    const body = nextBody();
    const details = await Promise.all(
      [{}, { "X-Signature": "x" }, { "X-Vapi-Secret": "x" }, signed("X-Signature", "X-Timestamp", () => "5")(body)].map(
        async (headers) => z.object({ detail: z.string() }).parse((await send(body, headers)).body).detail,
      ),
    );
    expect(new Set(details).size).toBe(4);
    expect(details.join()).not.toMatch(/old-secret|server-secret|vapi_secret/);
  });
});

describe("secrets in bodies", () => {
  const HUSH = "hush-secret-of-the-owner";
  /** Everywhere that a body can carry one. */
  const withSecrets = {
    phoneNumber: {
      provider: "twilio",
      number: "+15559876543",
      twilioAccountSid: "AC1",
      twilioAuthToken: HUSH,
      twilioApiKey: HUSH,
      twilioApiSecret: HUSH,
      server: {
        url: "https://hooks.example.com",
        secret: HUSH,
        headers: { Authorization: `Bearer ${HUSH}`, "X-Key": HUSH },
      },
      authentication: { realm: "sip.vapi.ai", username: "desk", password: HUSH },
      key: HUSH,
      auth: { user: HUSH },
      credential: HUSH,
    },
    assistant: {
      name: "Front desk",
      serverUrlSecret: HUSH,
      credentialIds: ["credential_1"],
      credentials: [{ provider: "openai", apiKey: HUSH, note: HUSH }],
      model: { provider: "custom-llm", headers: { "api-key": HUSH }, tools: [{ server: { secret: HUSH } }] },
      voice: { provider: "azure", subscription: { apiKey: HUSH } },
    },
  };

  test("reach neither the ledger nor the archive, the quarantine or what is parked", async () => {
    const { start, ended, report, call } = vapiCall({ call_id: "hush" });
    expect(await send(start(withSecrets))).toMatchObject({ body: { status: "stored" } });
    expect(await send(ended(withSecrets))).toMatchObject({ body: { status: "stored" } });
    expect(await send(report({ ...withSecrets, call: { ...call, ...withSecrets } }))).toMatchObject({
      body: { status: "stored" },
    });
    expect(await send(start({ ...withSecrets, timestamp: "noon" }))).toMatchObject({ status: 422 });
    expect(await send({ message: { type: "new", ...withSecrets } })).toMatchObject({
      body: { status: "quarantined" },
    });
    const { server: _, auth: __, ...twilio } = withSecrets.phoneNumber;
    expect(await send(JSON.stringify(start({ phoneNumber: twilio })).slice(0, -1))).toMatchObject({ status: 400 });
    for (const store of ["D1", "R2"]) {
      const faults = { "X-Vapi-Secret": VAPI_SECRET, [FAULTS_HEADER]: JSON.stringify({ [store]: "before" }) };
      const body = vapiCall({ call_id: `hush without ${store}` }).report(withSecrets);
      expect(await send(body, faults)).toMatchObject({ body: { status: "parked" } });
    }
    const everything = await allStored();
    expect(everything.includes("hush without D1")).toBe(true);
    expect(everything.includes(HUSH)).toBe(false);
    const parked = await ledger.DB.prepare("SELECT body FROM parked_bodies ORDER BY part").all<{ body: string }>();
    for (const { body } of parked.results) {
      expect(gunzipSync(Buffer.from(body, "base64")).toString()).not.toContain(HUSH);
    }
    expect(parked.results).toHaveLength(1);
    await ledger.worker.scheduled({ cron: "* * * * *", scheduledTime: new Date() });
    expect(await rowOf("hush without R2")).toMatchObject({ status: "analyzed" });
    expect((await allStored()).includes(HUSH)).toBe(false);
  });

  test("are taken out, and all that stands around them stays", async () => {
    await send(vapiCall({ call_id: "around" }).start(withSecrets));
    const [event] = await eventsOf("around");
    expect(JSON.parse(String(event?.["payload"]))).toMatchObject({
      message: {
        phoneNumber: {
          provider: "twilio",
          number: "+15559876543",
          twilioAccountSid: "AC1",
          server: { url: "https://hooks.example.com" },
          authentication: { realm: "sip.vapi.ai", username: "desk" },
        },
        assistant: { name: "Front desk", credentialIds: ["credential_1"], model: { provider: "custom-llm" } },
      },
    });
  });

  test("a body without any is archived byte for byte", async () => {
    // Spaces, escapes and numbers must survive.
    const body = JSON.stringify(vapiCall({ call_id: "bytes" }).report({ cost: 1 }), null, 2)
      .replace("invoice", "\\u0069nvoice")
      .replace('"cost": 1', '"cost": 1.000000000000000000001');
    await send(body);
    expect(await objectsOf("bytes")).toEqual({ "transcript.json": body });
  });

  test.each([
    ...["credential", "credentials", "key", "auth", "Bearer", "token", "headers", "Authorization", "passphrase"],
    ...["secret", "twilioApiSecret", "twilioAuthToken", "authPassword", "openAIKey", "gcpKey", "vonagePrivateKey"],
    ...["awsSecretAccessKey", "azureSubscriptionKey", "x-api-key", "crm_auth", "proxy-authorization", "sipCredential"],
  ])("a member called %s is one", (name) => {
    expect(secretNames.test(name)).toBe(true);
  });

  test.each([
    ...["monkey", "keyboard", "author", "authorized", "keypad", "turkey", "bearing", "sort_key", "publicKey"],
    ...["pageToken", "maxTokens", "promptTokens", "credentialId", "credentialIds", "secretary", "prior_authorization"],
  ])("a member called %s is none", (name) => {
    expect(secretNames.test(name)).toBe(false);
  });

  test("costs of tokens are none of them", async () => {
    const costs = [{ type: "model", promptTokens: 2100, completionTokens: 96, cost: 0.0062 }];
    await send(vapiCall({ call_id: "tokens" }).report({ costs }));
    expect(await payloadsOf("tokens")).toMatchObject([{ message: { cost: 0.1372, costs } }]);
  });
});

test("without its setting Vapi is off: its webhook answers 503, and the ledger is healthy", async () => {
  const other = await bootLedger();
  const answer = await postVapi(other.url, vapiCall({ call_id: "off" }).start());
  expect(answer).toMatchObject({ status: 503, type: "application/problem+json" });
  expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
  expect(JSON.stringify(answer.body)).toContain("VAPI_WEBHOOK_SECRETS");
  const health = await fetch(new URL("/healthz", other.url));
  expect({ status: health.status, body: await health.json() }).toMatchObject({ status: 200, body: { status: "ok" } });
  await other.harness.close();
});

test("with Vapi alone the ledger is healthy, and takes its calls", async () => {
  const other = await bootLedger({ env: { ATOMS_WEBHOOK_SECRETS: "", VAPI_WEBHOOK_SECRETS: VAPI_SECRET } });
  expect(await postVapi(other.url, vapiCall({ call_id: "alone" }).start())).toMatchObject({ status: 200 });
  expect((await fetch(new URL("/healthz", other.url))).status).toBe(200);
  await other.harness.close();
});

test("of an erased call nothing comes back, and a body that does not fit leaves nothing in quarantine", async () => {
  const { start, report } = vapiCall({ call_id: "erased" });
  await send(start());
  const { body } = await ask(ledger.url, "/api/calls/erased", { method: "DELETE" });
  const { job } = z.object({ job: z.string() }).parse(body);
  await expect
    .poll(async () => (await ask(ledger.url, `/api/jobs/${job}`)).body, { timeout: 15_000 })
    .toMatchObject({ status: "complete" });
  const before = await inventory();
  for (const late of [report(), report({ durationSeconds: "76" }), start({ type: "status-changed" })]) {
    expect(await send(late)).toMatchObject({ status: 200, body: { status: "erased", call_id: "erased" } });
  }
  expect(await inventory()).toEqual(before);
});

test("the log has one line a body and nothing that a caller said", async () => {
  ledger.harness.clearLogs();
  const { start, report } = vapiCall({ call_id: "logged" });
  const hush = { customer: { number: "+15550001111", name: "hush-name" }, analysis: { summary: "hush-summary" } };
  await send(start(hush));
  await send(report({ ...hush, artifact: { messages: [{ role: "user", message: "hush-turn" }] } }));
  const [noise] = vapiNoise("logged");
  await send(noise);
  const lines = ledger.harness
    .getLogs()
    .flatMap(({ message }) => (message.includes('"message":"event"') ? message : []));
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { message: "event", platform: "vapi", result: "stored", call_id: "logged", event: "call.start" },
    { message: "event", platform: "vapi", result: "stored", call_id: "logged", event: "call.end" },
    { message: "event", platform: "vapi", result: "ignored" },
  ]);
  expect(lines.join()).not.toMatch(/hush|0001111/);
});
