import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../support/ask.ts";
import { customCall } from "../support/custom.ts";
import { SYNC_SECRET, startDownstream, webhookId } from "../support/downstream.ts";
import { elevenLabsCall } from "../support/elevenlabs.ts";
import type { PlatformName } from "../support/every-platform.ts";
import { bootEveryPlatform, digestOf, type EveryPlatformLedger } from "../support/platform-ledger.ts";
import { retellCall } from "../support/retell.ts";
import type { Faults } from "../support/stores/faults.ts";
import { presigned, vapiCall } from "../support/vapi.ts";

let ledger: EveryPlatformLedger;
let downstream: Awaited<ReturnType<typeof startDownstream>>;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootEveryPlatform({ SYNC_URL: downstream.url, SYNC_SECRET });
});
afterAll(async () => {
  await ledger.harness.close();
  await downstream.close();
});

/** The bodies of a call that its platform sends, in their order. */
const bodiesOf: Record<Exclude<PlatformName, "atoms">, (call_id: string) => string[]> = {
  retell: (call_id) => {
    const { start, end, analytics } = retellCall({ call_id });
    return [start(), end(), analytics()].map((body) => JSON.stringify(body));
  },
  vapi: (call_id) => {
    const { start, ended, report } = vapiCall({ call_id });
    return [start(), ended(), report()].map((body) => JSON.stringify(body));
  },
  elevenlabs: (call_id) => [JSON.stringify(elevenLabsCall({ call_id }).transcription())],
  custom: (call_id) => {
    const { start, end, analytics } = customCall({ call_id });
    return [start(), end(), analytics()].map((body) => JSON.stringify(body));
  },
};

/** The row of a call without what differs from one run to the next: ids, digests, and times of receipt. */
async function finalRow(call_id: string): Promise<unknown> {
  const { id, updated_at, ledger_first_received_at, ledger_column_versions, ...rest } =
    (await ledger.rowOf(call_id)) ?? {};
  return JSON.parse(JSON.stringify(rest).replaceAll(call_id, "ID").replaceAll(encodeURIComponent(call_id), "ID"));
}

const stateOf = async (call_id: string) => [
  await ledger.rowOf(call_id),
  await ledger.eventsOf(call_id),
  await ledger.objectsOf(call_id),
  await ledger.deliveriesOf(call_id),
];

const callersOf = async (call_id: string): Promise<unknown> => {
  const sql = "SELECT digits FROM ledger_caller_numbers JOIN calls USING (id) WHERE call_id = ?";
  return (await ledger.DB.prepare(sql).bind(call_id).all()).results;
};

const names = ["retell", "vapi", "elevenlabs", "custom"] as const;
describe.each([
  {
    platform: "retell" as const,
    row: {
      ...{ platform: "retell", status: "analyzed", agent_id: "agent_1", caller_phone: "+14155550123" },
      ...{ called_at: "2025-06-15T15:06:40.000Z", summary: "Robin booked Tuesday at ten.", transcript_turns: 3 },
      variables: '{"customer_name":"Robin Example","slot":"10:00"}',
    },
    events: ["call.start", "call.end", "analytics.completed"],
    caller: "14155550123",
    said: "invoice",
    notSaid: "platypus",
  },
  {
    platform: "vapi" as const,
    row: {
      ...{ platform: "vapi", status: "analyzed", agent_id: "agent_1", caller_phone: "+15551234567" },
      ...{ called_at: "2024-07-15T14:30:00.000Z", ended_at: "2024-07-15T14:31:16.402Z", transcript_turns: 3 },
      variables: '{"customer_name":"Robin Example","now":"Jul 15, 2024, 2:30 PM UTC"}',
    },
    events: ["call.start", "call.end", "call.end", "analytics.completed"],
    caller: "15551234567",
    said: "invoice",
    notSaid: "platypus",
  },
  {
    platform: "elevenlabs" as const,
    row: {
      ...{ platform: "elevenlabs", status: "analyzed", agent_id: "agent_01jx7f30b1c2d4" },
      ...{ called_at: "2025-06-15T15:06:40.000Z", caller_phone: "+14155550123", transcript_turns: 3 },
      metrics: '{"call_successful":"success","booked":"success","appointment":"2025-06-17T10:00","email":null}',
    },
    events: ["call.end", "analytics.completed"],
    caller: "14155550123",
    said: "appointment",
    notSaid: "find_slot",
  },
  {
    platform: "custom" as const,
    row: {
      ...{ platform: "custom", status: "analyzed", agent_id: "agent_1", caller_phone: "+15551234567" },
      ...{ started_at: "2024-07-15T14:30:01.000Z", ended_at: "2024-07-15T14:31:16.402Z", transcript_turns: 3 },
      ...{ duration_seconds: 75.4, disposition: "booked", summary: "Robin booked Tuesday at ten." },
      ...{ agent_version: "2024-07-12", cost_usd: 0.0421, latency_ms: 640 },
      variables: '{"customer_name":"Robin Example"}',
      metrics: '{"satisfaction_score":5}',
    },
    events: ["call.start", "call.end", "analytics.completed"],
    caller: "15551234567",
    said: "invoice",
    notSaid: "platypus",
  },
])("a call of $platform", ({ platform, row, events, caller, said, notSaid }) => {
  const call_id = `whole ${platform}`;
  const bodies = bodiesOf[platform](call_id);
  const [last = ""] = bodies.slice(-1);
  const idOf = (body: string) => digestOf(platform, body);

  test("fills its row, is archived byte for byte, and is found by its number", async () => {
    for (const body of bodies) {
      const answer = await ledger.send(platform, body);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ status: "stored", event_id: idOf(body), call_id });
    }
    const transcript_key = `calls/${encodeURIComponent(call_id)}/transcript.json`;
    expect(await ledger.rowOf(call_id)).toMatchObject({ ...row, transcript_key });
    expect((await ledger.eventsOf(call_id)).map(({ event }) => event)).toEqual(events);
    const end = platform === "retell" || platform === "custom" ? (bodies[1] ?? "") : last;
    expect((await ledger.objectsOf(call_id))["transcript.json"]).toBe(end);
    const { customMetadata } = (await ledger.ARCHIVE.head(transcript_key)) ?? {};
    expect(customMetadata).toMatchObject({ platform, call_id, agent_id: row.agent_id, event_id: idOf(end) });
    expect(await callersOf(call_id)).toEqual([{ digits: caller }]);
  });

  test("is found by what was spoken, and not by what a tool said", async () => {
    const found = async (q: string) =>
      JSON.stringify((await ask(ledger.url, `/api/calls?platform=${platform}&q=${q}`)).body);
    expect(await found(said)).toContain(call_id);
    expect(await found(notSaid)).not.toContain(call_id);
    const { body } = await ask(ledger.url, `/api/calls/${encodeURIComponent(call_id)}/transcript`);
    const { turns } = Object(body);
    const speakers = turns.flatMap((turn: { kind: string; role: string }) => (turn.kind === "speech" ? turn.role : []));
    expect(speakers).toEqual(["agent", "user", "agent"]);
  });

  test("has its events of one body in one write, the payload with the first of them", async () => {
    const ofLast = (await ledger.eventsOf(call_id)).filter(({ event_id }) => event_id === idOf(last));
    expect(new Set(ofLast.map(({ ledger_ingest_id }) => ledger_ingest_id)).size).toBe(1);
    expect(ofLast.filter(({ payload }) => payload !== null)).toHaveLength(1);
  });

  test("goes downstream once, when its analysis is there", async () => {
    const id = webhookId(call_id, "analytics.completed", idOf(last));
    await expect
      .poll(() => downstream.deliveriesOf(call_id), { timeout: 100_000 })
      .toMatchObject([{ id, payload: { type: "analytics.completed", data: { call: { call_id, platform } } } }]);
  });

  test("comes again, and nothing is new", async () => {
    const before = await stateOf(call_id);
    for (const body of bodies) {
      expect(await ledger.send(platform, body)).toMatchObject({ status: 200, body: { status: "duplicate", call_id } });
    }
    expect(await stateOf(call_id)).toEqual(before);
  });

  test("ends in the same row when all comes at once, three times", async () => {
    const raced = `raced ${platform}`;
    const sent = bodiesOf[platform](raced);
    const answers = await Promise.all([...sent, ...sent, ...sent].map((body) => ledger.send(platform, body)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.filter(({ body }) => Object(body).status === "stored")).toHaveLength(sent.length);
    expect(await finalRow(raced)).toEqual(await finalRow(call_id));
    expect(await ledger.eventsOf(raced)).toHaveLength(events.length);
  });

  test.each<[string, Faults]>([
    ["D1 commits and loses its connection", { D1: "first-after" }],
    ["R2 writes and loses its connection", { R2: "first-after" }],
    ["D1 and R2 fail every second time", { D1: "every-second", R2: "every-second" }],
  ])("is stored, at the latest by the cron, while %s", async (what, faults) => {
    const faulty = `${platform} ${what}`;
    for (const body of bodiesOf[platform](faulty)) {
      const { body: answer } = await ledger.send(platform, body, faults);
      expect(answer).toMatchObject({ status: expect.toBeOneOf(["stored", "parked"]) });
    }
    await ledger.runCron();
    expect(await finalRow(faulty)).toEqual(await finalRow(call_id));
  });
});

/** Each body is the same one as the first, sent again. */
test.each<[string, PlatformName, (call_id: string) => unknown[]]>([
  [
    "another time of sending, wherever it stands",
    "retell",
    (call_id) => {
      const { event_timestamp, ...content } = retellCall({ call_id }).end();
      return [{ event_timestamp, ...content }, { ...content, event_timestamp: event_timestamp + 1 }, content];
    },
  ],
  [
    "other links",
    "vapi",
    (call_id) =>
      ["first", "second"].map((delivery) =>
        vapiCall({ call_id }).report({
          artifact: presigned(delivery),
          call: { id: call_id, artifact: presigned(delivery) },
        }),
      ),
  ],
])("a body with %s is a duplicate, for %s", async (what, platform, make) => {
  const [first, ...others] = make(what);
  expect(await ledger.send(platform, first)).toMatchObject({ body: { status: "stored" } });
  const before = await stateOf(what);
  for (const other of others)
    expect(await ledger.send(platform, other)).toMatchObject({ body: { status: "duplicate" } });
  expect(await stateOf(what)).toEqual(before);
});

test("a field that is called like the time of sending, elsewhere, makes another event", async () => {
  const { end } = retellCall({ call_id: "elsewhere" });
  const bodies = [1, 2].map((event_timestamp) => end({ collected_dynamic_variables: { event_timestamp } }));
  for (const body of [...bodies, end({ event_timestamp: 3 })]) {
    expect(await ledger.send("retell", body)).toMatchObject({ body: { status: "stored" } });
  }
});

const later = { metadata: null, analysis: { call_successful: "failure", transcript_summary: "It was Wednesday." } };
/** The second corrects the first. */
const corrections: [PlatformName, (call_id: string) => object[], object][] = [
  [
    "retell",
    (call_id) => [
      retellCall({ call_id }).end({ disconnection_reason: "error_unknown" }),
      retellCall({ call_id }).end(
        { disconnection_reason: "agent_hangup", recording_url: null },
        { event_timestamp: 1_750_000_080_000 },
      ),
    ],
    { disposition: "agent_hangup", recording_url: expect.stringContaining("recordings.example.com") },
  ],
  [
    "vapi",
    (call_id) => [
      vapiCall({ call_id }).report(),
      vapiCall({ call_id }).report({ timestamp: Date.UTC(2024, 6, 15, 15), analysis: { summary: "Robin leaves." } }),
    ],
    { summary: "Robin leaves.", metrics: '{"Lead quality":"hot"}', analyzed_at: "2024-07-15T15:00:00.000Z" },
  ],
  [
    "elevenlabs",
    (call_id) => [
      elevenLabsCall({ call_id }).transcription(),
      elevenLabsCall({ call_id }).transcription(later, { event_timestamp: 1_750_000_600 }),
    ],
    { summary: "It was Wednesday.", metrics: '{"call_successful":"failure"}', duration_seconds: 76 },
  ],
  [
    "custom",
    (call_id) => [
      customCall({ call_id }).whole(),
      customCall({ call_id }).whole({ timestamp: "2024-07-15T15:00:00Z", cost_usd: 0.05, recording_url: null }),
    ],
    { cost_usd: 0.05, recording_url: "https://recordings.example.com/1.ogg" },
  ],
];
test.each(
  corrections.flatMap(([platform, make, row]) =>
    [
      [0, 1],
      [1, 0],
      [0, 1, 0],
    ].map((order) => ({ platform, make, row, order })),
  ),
)(
  "of a body of $platform and its correction, in order $order, the correction wins, and what it leaves out stays",
  async ({ platform, make, row, order }) => {
    const call_id = `corrected ${platform} ${order.join()}`;
    const bodies = make(call_id).map((body) => JSON.stringify(body));
    for (const index of order) expect(await ledger.send(platform, bodies[index])).toMatchObject({ status: 200 });
    expect(await ledger.rowOf(call_id)).toMatchObject(row);
    const [first = "", correction] = bodies;
    expect(await ledger.objectsOf(call_id)).toEqual({
      "transcript.json": correction,
      [`superseded/${digestOf(platform, first)}.json`]: first,
    });
  },
);

test("of two analyses the later one wins whole", async () => {
  const { analytics } = retellCall({ call_id: "twice" });
  const second = { call_analysis: { call_summary: "Second.", call_successful: true } };
  await ledger.send("retell", analytics(second, { event_timestamp: 1_750_000_999_000 }));
  await ledger.send("retell", analytics());
  expect(await ledger.rowOf("twice")).toMatchObject({ summary: "Second.", metrics: '{"call_successful":true}' });
});

test("an analysis fills what no other event says, and overwrites none of it", async () => {
  const { start, end, analytics } = retellCall({ call_id: "fills" });
  const other = { from_number: "+14155550000", disconnection_reason: "error_unknown", duration_ms: 9_000 };
  for (const event of [analytics(other), start(), end({ duration_ms: null })]) await ledger.send("retell", event);
  const row = { caller_phone: "+14155550123", disposition: "user_hangup", duration_seconds: 9 };
  expect(await ledger.rowOf("fills")).toMatchObject(row);
});

test.each<[PlatformName, string, (call_id: string, said: string) => object]>([
  [
    "retell",
    "アレグロ ☕",
    (call_id, content) =>
      retellCall({ call_id }).end({ transcript_object: [{ role: "user", content }], transcript_with_tool_calls: null }),
  ],
  [
    "vapi",
    "呼叫-é",
    (call_id, message) => vapiCall({ call_id }).report({ artifact: { messages: [{ role: "user", message }] } }),
  ],
  [
    "elevenlabs",
    "conv_東京/१",
    (call_id, message) => elevenLabsCall({ call_id }).transcription({ transcript: [{ role: "user", message }] }),
  ],
])(
  "a body of %s, of any script, with escapes, spaces and long numbers, is kept byte for byte: %s",
  async (platform, call_id, make) => {
    const said = "Ich hätte gern – 请帮忙, مرحبا 👋🏽 é";
    const body = JSON.stringify({ ...make(call_id, said), ticket: 1 }, null, 3)
      .replace("é", "\\u00e9")
      .replace('"ticket": 1', '"ticket": 9007199254740993');
    expect(await ledger.send(platform, body)).toMatchObject({ status: 200, body: { status: "stored", call_id } });
    expect(await ledger.objectsOf(call_id)).toEqual({ "transcript.json": body });
    const { body: transcript } = await ask(ledger.url, `/api/calls/${encodeURIComponent(call_id)}/transcript`);
    expect(transcript).toMatchObject({ turns: [{ role: "user", content: said }] });
  },
);

test("the payload of a body without a transcript is its bytes as they came", async () => {
  const body = JSON.stringify(retellCall({ call_id: "payload" }).start({ ticket: 1 }), null, 1);
  const exact = body.replace('"ticket": 1', '"ticket": 9007199254740993');
  await ledger.send("retell", exact);
  expect((await ledger.eventsOf("payload")).map(({ payload }) => payload)).toEqual([exact]);
  expect(await ledger.objectsOf("payload")).toEqual({});
});

test("both events of a body are stored in one transaction, or neither is; a body that trips there is in quarantine", async () => {
  const call_id = "transaction";
  await ledger.DB.prepare(
    `CREATE TRIGGER no_analytics BEFORE INSERT ON events WHEN new.call_id = '${call_id}' AND new.event = 'analytics.completed'
     BEGIN SELECT RAISE(ABORT, 'not now'); END`,
  ).run();
  const body = JSON.stringify(elevenLabsCall({ call_id }).transcription());
  const answer = await ledger.send("elevenlabs", body);
  await ledger.DB.prepare("DROP TRIGGER no_analytics").run();
  expect(answer).toMatchObject({ status: 200, body: { status: "quarantined", reason: "faulty", call_id } });
  expect(await ledger.quarantined("elevenlabs", body)).toMatchObject({ reason: "faulty", text: body });
  expect(await ledger.eventsOf(call_id)).toEqual([]);
  expect(await ledger.rowOf(call_id)).toBeUndefined();
  expect(await ledger.objectsOf(call_id)).toEqual({});
});

test.each(names)("the log has one line a body of %s, and nothing that a caller said", async (platform) => {
  ledger.harness.clearLogs();
  const bodies = bodiesOf[platform](`logged ${platform}`);
  for (const body of bodies) await ledger.send(platform, body);
  const lines = ledger.harness.getLogs().flatMap(({ message }) => (message.startsWith("{") ? message : []));
  const entries = lines.map((line) => Object(JSON.parse(line))).filter(({ message }) => message === "event");
  expect(entries).toMatchObject(bodies.map(() => ({ platform, result: "stored", call_id: `logged ${platform}` })));
  expect(lines.join()).not.toMatch(/invoice|appointment|4155550123|5551234567|Robin|Ada/);
});
