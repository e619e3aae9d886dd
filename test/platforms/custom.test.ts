import { randomBytes } from "node:crypto";
import { Ajv2020 } from "ajv/dist/2020.js";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { custom } from "../../src/platforms/custom/index.ts";
import { customJsonSchema } from "../../src/platforms/custom/json-schema.ts";
import { ask } from "../support/ask.ts";
import { CUSTOM_SECRET, customCall, customHeaders, customTranscript } from "../support/custom.ts";
import { decoded, errorsIn, nulled, payloadOf, turnsIn } from "../support/decoded.ts";
import { postWith } from "../support/every-platform.ts";
import { bootLedger } from "../support/ledger.ts";

const secretOf = (bytes: number) => `whsec_${randomBytes(bytes).toString("base64")}`;
const [old, next] = [secretOf(24), secretOf(64)];
const { start, end, analytics, whole } = customCall({ call_id: "c" });

describe("a ledger with several secrets", () => {
  let ledger: Awaited<ReturnType<typeof bootLedger>>;
  beforeAll(async () => {
    // The same text is Atoms' secret too, whose key is its characters.
    const env = {
      CUSTOM_WEBHOOK_SECRETS: `${old}, ${CUSTOM_SECRET}\n ${next}`,
      ATOMS_WEBHOOK_SECRETS: CUSTOM_SECRET,
    };
    ledger = await bootLedger({ env });
  });
  afterAll(() => ledger.harness.close());

  const send = (body: object, headers = customHeaders(JSON.stringify(body))) =>
    postWith(headers, "custom", ledger.url, JSON.stringify(body));
  const minutes = (count: number) => new Date(Date.now() + count * 60_000);
  const signed = (secret = CUSTOM_SECRET, time = new Date(), body: object = start()) =>
    customHeaders(JSON.stringify(body), secret, time);
  const now = new Date();
  const signature = (change: (signature: string) => string) => {
    const headers = signed();
    return { ...headers, "webhook-signature": change(headers["webhook-signature"] ?? "") };
  };

  test.each([
    [
      "that of the library of the specification",
      {
        ...signed(CUSTOM_SECRET, now),
        "webhook-id": "msg_1",
        "webhook-signature": new Webhook(CUSTOM_SECRET).sign("msg_1", now, JSON.stringify(start())),
      },
    ],
    ["any secret", signed(old)],
    ["any other secret", signed(next)],
    ["a time four minutes ago", signed(CUSTOM_SECRET, minutes(-4))],
    ["a time four minutes ahead", signed(CUSTOM_SECRET, minutes(4))],
    ["several signatures, the last one right", signature((right) => `v1,${"A".repeat(43)}= v1a,what ${right}`)],
    ["several signatures, the first one right", signature((right) => `${right} v1,${"A".repeat(43)}=`)],
  ])("takes %s", async (_what, headers) => {
    expect(await send(start(), headers)).toMatchObject({ status: 200 });
  });

  const { "webhook-id": _id, ...withoutId } = signed();
  const { "webhook-timestamp": _time, ...withoutTime } = signed();
  test.each([
    ["none", {}],
    ["one without an id", withoutId],
    ["one without a time", withoutTime],
    ["one with another secret", signed(secretOf(32))],
    ["one of another body", signed(CUSTOM_SECRET, new Date(), end())],
    ["one of another id", { ...signed(), "webhook-id": "msg_other" }],
    ["one of another time", { ...signed(), "webhook-timestamp": String(Math.floor(Date.now() / 1000) - 9) }],
    ["one six minutes old", signed(CUSTOM_SECRET, minutes(-6))],
    ["one six minutes ahead", signed(CUSTOM_SECRET, minutes(6))],
    ["one of another version", signature((right) => right.replace("v1,", "v2,"))],
    ["one of no form", signature(() => "v1,what")],
    ["one among a hundred", signature((right) => `${`v1,${"A".repeat(43)}= `.repeat(100)}${right}`)],
    ["that of Atoms", { "X-Signature": "0".repeat(64) }],
  ])("refuses %s", async (_what, headers) => {
    expect(await send(start(), headers)).toMatchObject({ status: 401, type: "application/problem+json" });
  });

  test("the id of a body is its event's, and a second body under it is set aside", async () => {
    const body = { ...customCall({ call_id: "own id" }).start(), id: "evt_1" };
    expect(await send(body)).toMatchObject({ body: { status: "stored", event_id: "evt_1" } });
    expect(await send(body)).toMatchObject({ body: { status: "duplicate", event_id: "evt_1" } });
    expect(await send({ ...body, agent_phone: "+1" })).toMatchObject({ body: { reason: "id-reused" } });
  });

  test("one call.end tells all of a call, its tool calls included", async () => {
    const { status, body } = await send(customCall({ call_id: "whole" }).whole());
    expect({ status, body }).toMatchObject({ status: 200, body: { status: "stored", call_id: "whole" } });
    const { body: call } = await ask(ledger.url, "/api/calls/whole");
    expect(call).toMatchObject({
      call: {
        status: "analyzed",
        caller_phone: "+15551234567",
        cost_usd: 0.0421,
        metrics: { satisfaction_score: 5 },
      },
      tool_calls: [
        { name: "find_slot", status: "ok", started_at: "2024-07-15T14:30:12.500Z", duration_ms: 412 },
        { name: "book", status: "error", started_at: null, duration_ms: null },
      ],
    });
    const { body: transcript } = await ask(ledger.url, "/api/calls/whole/transcript");
    expect(transcript).toMatchObject({ turns: turnsIn(custom, whole()) });
  });

  test("the schema is there for anyone, by GET and HEAD alone", async () => {
    const url = new URL("/webhooks/custom/schema.json", ledger.url);
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Content-Type")).toBe("application/schema+json");
    expect(answer.headers.get("Cache-Control")).toBe("public, max-age=3600");
    expect(await answer.json()).toEqual(customJsonSchema());
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    const wrong = await fetch(url, { method: "POST" });
    expect([wrong.status, wrong.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  });
});

test.each([
  ["no whsec_", randomBytes(32).toString("base64")],
  ["no base64", `whsec_${"*".repeat(40)}`],
  ["a key too short", secretOf(16)],
])("a secret with %s turns nothing on, and /healthz names its setting", async (_what, secret) => {
  const ledger = await bootLedger({ env: { CUSTOM_WEBHOOK_SECRETS: secret } });
  try {
    const { status, body } = await ask(ledger.url, "/healthz");
    expect(status).toBe(503);
    expect(Object(body).errors).toEqual([
      { path: "CUSTOM_WEBHOOK_SECRETS", message: expect.stringContaining("whsec_ and base64 of 24 bytes or more") },
    ]);
    expect(JSON.stringify(body)).not.toContain(secret);
    const text = JSON.stringify(start());
    expect(await postWith(customHeaders(text), "custom", ledger.url, text)).toMatchObject({ status: 503 });
  } finally {
    await ledger.harness.close();
  }
});

describe("what a body tells", () => {
  const facts = {
    call_direction: "inbound",
    caller_phone: "+15551234567",
    agent_phone: "+15559876543",
    started_at: "2024-07-15T14:30:01.000Z",
    ended_at: "2024-07-15T14:31:16.402Z",
    analyzed_at: "2024-07-15T14:31:17.000Z",
    duration_seconds: 75.4,
    disposition: "booked",
    variables: { customer_name: "Robin Example" },
    metrics: { satisfaction_score: 5 },
    summary: "Robin booked Tuesday at ten.",
    recording_url: "https://recordings.example.com/1.ogg",
    agent_version: "2024-07-12",
    cost_usd: 0.0421,
    latency_ms: 640,
    transcript_turns: 3,
  };

  test("each fact under the name of its column", () => {
    const events = ["call.end", "analytics.completed"];
    expect(decoded(custom, whole())).toMatchObject({ ...facts, format: "custom", events, customers: ["15551234567"] });
    const { transcript_turns: _, ...others } = facts;
    const analysis = { ...whole(), event: "analytics.completed", transcript: undefined };
    expect(decoded(custom, analysis)).toMatchObject({ ...others, events: ["analytics.completed"] });
  });

  test.each([
    ["metrics", { metrics: {} }],
    ["a summary", { summary: "Fine." }],
  ])("a call.end with %s tells the analysis too", (_what, more) => {
    expect(decoded(custom, end(more))).toMatchObject({ events: ["call.end", "analytics.completed"], ...more });
  });

  test("a call.end without either tells the end alone", () => {
    expect(decoded(custom, end())).toMatchObject({ events: ["call.end"], analyzed_at: null });
  });

  test.each([
    ["call.start", start(), "started_at", "2024-07-15T14:30:00.000Z"],
    ["call.end", end({ ended_at: null }), "ended_at", "2024-07-15T14:31:17.000Z"],
  ] as const)(
    "the timestamp of a %s stands in for its time, and loses to a stated one",
    (_name, body, column, time) => {
      expect(decoded(custom, body)).toMatchObject({ [column]: time, worked_out: [column] });
      expect(decoded(custom, { ...body, [column]: "2024-07-15T16:00:00+02:00" })).toMatchObject({
        [column]: "2024-07-15T14:00:00.000Z",
      });
      expect(decoded(custom, { ...body, [column]: "2024-07-15T16:00:00+02:00" })).not.toHaveProperty("worked_out");
    },
  );

  test("null counts as absent", () => {
    const body = nulled(whole({ summary: null }), "event", "timestamp", "agent_id", "call_id");
    expect(decoded(custom, body)).toMatchObject({ events: ["call.end"], cost_usd: null, transcript_turns: null });
  });

  test("unknown fields stay in the payload, the transcript does not", () => {
    const payload = payloadOf(custom, whole({ room: "r1", transcript: customTranscript }));
    expect(payload).toMatchObject({ room: "r1", cost_usd: 0.0421 });
    expect(payload).not.toHaveProperty("transcript");
  });

  test("its turns, of which those that are spoken need no kind", () => {
    expect(turnsIn(custom, end())).toEqual([
      customTranscript[0],
      { kind: "speech", role: "user", content: customTranscript[1]?.content, timestamp: null, ended_at: null },
      customTranscript[2],
      { ...customTranscript[3], timestamp: null, duration_ms: null },
      { kind: "speech", role: "agent", content: "Tuesday at ten is free.", timestamp: null, ended_at: null },
    ]);
  });

  test("no event of another name", () => {
    expect(decoded(custom, { ...start(), event: "call.ringing" })).toEqual({ kind: "unrecognised" });
  });
});

/** Bodies that do not fit, and the field. */
const unfit: [path: string, body: object][] = [
  ["timestamp", start({ timestamp: "noon" })],
  ["timestamp", start({ timestamp: undefined })],
  ["agent_id", start({ agent_id: "" })],
  ["call_id", end({ call_id: 7 })],
  ["call_direction", end({ call_direction: "sideways" })],
  ["ended_at", end({ ended_at: "2024-07-15 14:30" })],
  ["duration_seconds", end({ duration_seconds: "75" })],
  ["cost_usd", end({ cost_usd: -1 })],
  ["latency_ms", analytics({ latency_ms: 1e9 })],
  ["variables", end({ variables: [] })],
  ["metrics", analytics({ metrics: "good" })],
  ["agent_version", start({ agent_version: {} })],
  ["transcript", end({ transcript: "Hello" })],
  ["transcript", start({ transcript: customTranscript })],
  ["transcript", analytics({ transcript: [] })],
  ["transcript.1", end({ transcript: [{}, "Hello"] })],
  ["transcript.0.content", end({ transcript: [{ content: 1 }] })],
  ["transcript.0.kind", end({ transcript: [{ kind: "noise" }] })],
  ["transcript.0.timestamp", end({ transcript: [{ content: "Hello", timestamp: 12.5 }] })],
  ["transcript.1.name", end({ transcript: [{ content: "Hello" }, { kind: "tool" }] })],
  ["transcript.0.name", end({ transcript: [{ kind: "tool", name: " " }] })],
  ["transcript.0.status", end({ transcript: [{ kind: "tool", name: "pay", status: "failed" }] })],
  ["transcript.0.duration_ms", end({ transcript: [{ kind: "tool", name: "pay", duration_ms: -1 }] })],
];

test.each(unfit)("what does not fit is named by its path: %s", (path, body) => {
  expect(errorsIn(custom, body)).toEqual([{ path, message: expect.any(String) }]);
});

test("a hundred errors of a transcript are enough", () => {
  const transcript = Array.from({ length: 200_000 }, () => ({ kind: "tool" }));
  expect(errorsIn(custom, end({ transcript }))).toHaveLength(100);
});

describe("the JSON Schema", () => {
  const validate = new Ajv2020({ strict: false }).compile(customJsonSchema());
  const fits = (body: object) => validate(JSON.parse(JSON.stringify(body)));

  test.each([
    start(),
    end(),
    analytics(),
    whole(),
    end({ transcript: null, room: "r1" }),
    start({ agent_version: 7 }),
    end({ transcript: [{ kind: "tool", name: "pay" }] }),
  ])("takes what the ledger takes: %#", (body) => {
    expect(fits(body), JSON.stringify(validate.errors)).toBe(true);
    expect(errorsIn(custom, body)).toEqual([]);
  });

  // A schema has no dates that may lack seconds.
  test.each(unfit.filter(([, body]) => !/noon|14:30"/.test(JSON.stringify(body))))(
    "refuses what the ledger refuses: %s",
    (_path, body) => {
      expect(fits(body)).toBe(false);
    },
  );
});
