import { createHash, createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { atomsCall, documentedCall, pageExamples } from "./support/events.ts";
import { bootLedger, SECRET } from "./support/ledger.ts";
import { post, postChunked, readAnswer } from "./support/post.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger({
    env: { ATOMS_WEBHOOK_SECRETS: `old-secret, ${SECRET}\n third-secret`, MAX_BODY_BYTES: "4000000" },
  });
});
afterAll(() => ledger.harness.close());

const call = (call_id: string) =>
  ledger.DB.prepare("SELECT * FROM calls WHERE call_id = ?").bind(call_id).first<Record<string, unknown>>();
const count = async (table: string, where: string, ...values: string[]) =>
  ledger.DB.prepare(`SELECT count(*) AS count FROM ${table} WHERE ${where}`)
    .bind(...values)
    .first<number>("count");

describe("what is stored", () => {
  test("the examples of the payload page are accepted exactly as they stand", async () => {
    for (const body of [pageExamples.start, pageExamples.end, pageExamples.analytics]) {
      const event_id = digest(body);
      const answer = await post(ledger.url, body);
      expect(answer).toMatchObject({ status: 200, body: { status: "stored", event_id, call_id: "call_xyz789" } });
    }
    expect(await call("call_xyz789")).toMatchObject({
      agent_id: "agent_abc123",
      status: "analyzed",
      call_direction: "inbound",
      caller_phone: "+15551234567",
      agent_phone: "+15559876543",
      started_at: "2024-07-15T14:30:00.000Z",
      ended_at: "2024-07-15T14:35:00.000Z",
      analyzed_at: "2024-07-15T14:36:00.000Z",
      duration_seconds: 300,
      disposition: "successful",
      variables: '{"customer_name":"Jane Smith","issue_type":"billing"}',
      metrics:
        '{"satisfaction_score":4,"issue_resolved":true,"follow_up_needed":false,"product_discussed":"Widget Pro"}',
      platform: "atoms",
      called_at: "2024-07-15T14:30:00.000Z",
      transcript_key: "calls/call_xyz789/transcript.json",
      transcript_turns: 2,
    });
  });

  test("the platform's vocabulary fills the same columns", async () => {
    const call_id = "CALL-1721053800000-a1b2c3";
    const { start, end, analytics } = atomsCall({ call_id });
    for (const event of [start(), end(), analytics()]) {
      expect(await post(ledger.url, event)).toMatchObject({
        status: 200,
        body: { status: "stored", event_id: event.id },
      });
    }
    expect(await call(call_id)).toMatchObject({
      agent_id: "agent_1",
      status: "analyzed",
      call_direction: "outbound",
      caller_phone: "+15551234567",
      agent_phone: "+15559876543",
      started_at: "2024-07-15T14:30:00.000Z",
      ended_at: "2024-07-15T14:31:03.350Z",
      duration_seconds: 61.25,
      disposition: "completed",
      variables: '{"timezone":"America/New_York","customer_name":"Robin Example"}',
      metrics: '{"satisfaction_score":4,"issue_resolved":true}',
      summary: "Asked for Spanish.",
      recording_url: `https://recordings.example.com/${call_id}.wav`,
      transcript_turns: 1,
    });
  });

  test("a call that was never answered needs nothing but its ids", async () => {
    const call_id = "CALL-1721053800000-dddddd";
    const metadata = { agentId: "a", eventType: "post-conversation", callId: call_id, recordingUrl: null };
    const callData = { callStatus: "no-answer", callDuration: 0, answerTime: null, endTime: "2024-07-15T14:30:30Z" };
    expect(await post(ledger.url, { metadata: { ...metadata, callData, transcript: [] } })).toMatchObject({
      status: 200,
    });
    expect(await call(call_id)).toMatchObject({
      status: "ended",
      disposition: "no_answer",
      duration_seconds: 0,
      transcript_turns: 0,
      started_at: null,
      recording_url: null,
    });
  });

  test("the event keeps the body without the transcript, fields that nobody named yet included", async () => {
    const { end } = documentedCall({ call_id: "extra-fields" });
    const answer = await post(ledger.url, end({ sentiment: { overall: "calm" } }));
    const row = await ledger.DB.prepare("SELECT * FROM events WHERE call_id = 'extra-fields'").first<{
      payload: string;
    }>();
    expect(row).toMatchObject({ event: "call.end", format: "documented", occurred_at: "2024-07-15T14:35:00.000Z" });
    const { transcript: _said, ...rest } = end({ sentiment: { overall: "calm" } });
    expect(JSON.parse(row?.payload ?? "")).toEqual(rest);
    expect(answer.body).toMatchObject({ status: "stored" });
  });

  test.each([
    ["2024-07-15T16:30:00.250+02:00", "2024-07-15T14:30:00.250Z"],
    ["2024-07-15T16:30:00+02", "2024-07-15T14:30:00.000Z"],
    ["2024-07-15T20:00:00+0530", "2024-07-15T14:30:00.000Z"],
    ["2024-07-15T07:00-0730", "2024-07-15T14:30:00.000Z"],
  ])("%s is a time, whichever way its offset is written", async (timestamp, utc) => {
    const call_id = `at ${timestamp}`;
    expect(await post(ledger.url, documentedCall({ call_id }).start({ timestamp }))).toMatchObject({ status: 200 });
    expect(await call(call_id)).toMatchObject({ started_at: utc });
  });

  test("numbers too large for JavaScript stay exact in the payload", async () => {
    const body = JSON.stringify(documentedCall({ call_id: "big" }).start()).replace("}", ',"ticket":9007199254740993}');
    await post(ledger.url, body);
    const row = await ledger.DB.prepare("SELECT payload FROM events WHERE call_id = 'big'").first<{
      payload: string;
    }>();
    expect(row?.payload).toContain('"ticket":9007199254740993');
  });

  test("a redelivered event is stored once and changes nothing", async () => {
    const { start } = atomsCall({ call_id: "redelivered" });
    expect(await post(ledger.url, start())).toMatchObject({ status: 200, body: { status: "stored" } });
    const before = await call("redelivered");
    const again = await post(ledger.url, start());
    expect(again).toMatchObject({ status: 200, body: { status: "duplicate", event_id: "redelivered-start" } });
    expect(await call("redelivered")).toEqual(before);
    expect(await count("events", "call_id = ?", "redelivered")).toBe(1);
  });

  test("of twenty copies at the same moment one is stored and nineteen are duplicates", async () => {
    const event = documentedCall({ call_id: "raced" }).end();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(ledger.url, event)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200));
    const statuses = answers.map(({ body }) => JSON.stringify(body).includes('"stored"'));
    expect(statuses.filter(Boolean)).toHaveLength(1);
    expect(await count("events", "call_id = ?", "raced")).toBe(1);
    expect((await ledger.ARCHIVE.list({ prefix: "calls/raced/" })).objects.map(({ key }) => key)).toEqual([
      "calls/raced/transcript.json",
    ]);
  });
});

describe("signatures", () => {
  const body = (call_id: string) => JSON.stringify(documentedCall({ call_id }).start());
  const send = async (text: string, headers: Record<string, string>) =>
    readAnswer(await fetch(`${ledger.url}webhooks/atoms`, { method: "POST", body: text, headers }));
  const hex = (text: string, secret: string) => createHmac("sha256", secret).update(text).digest("hex");

  test.each([
    ["X-Signature", "old-secret", (signature: string) => signature],
    ["X-Signature", "third-secret", (signature: string) => signature.toUpperCase()],
    ["X-Atoms-Signature", SECRET, (signature: string) => `sha256=${signature}`],
  ])("%s made with the secret %s is right", async (header, secret, write) => {
    const text = body(`signed-${header}-${secret}`);
    expect(await send(text, { [header]: write(hex(text, secret)) })).toMatchObject({ status: 200 });
  });

  test.each([
    ["missing", () => ({})],
    ["empty", () => ({ "X-Signature": "" })],
    ["not hex", () => ({ "X-Signature": "z".repeat(64) })],
    ["too short", (text: string) => ({ "X-Signature": hex(text, SECRET).slice(2) })],
    ["made with another secret", (text: string) => ({ "X-Signature": hex(text, "another") })],
    ["made over another body", (text: string) => ({ "X-Signature": hex(`${text} `, SECRET) })],
  ])("one that is %s is refused, and nothing is kept", async (what, headers) => {
    const text = body(`unsigned ${what}`);
    const answer = await send(text, headers(text));
    expect(answer).toMatchObject({ status: 401, type: "application/problem+json", body: { status: 401 } });
    expect(await count("events", "call_id = ?", `unsigned ${what}`)).toBe(0);
    expect((await ledger.ARCHIVE.list({ prefix: "quarantine/" })).objects.map((o) => o.key)).not.toContain(
      expect.stringContaining(digest(text)),
    );
  });

  test("the signature is checked before the body is parsed", async () => {
    expect(await send("{broken", { "X-Signature": hex("other", SECRET) })).toMatchObject({ status: 401 });
  });
});

describe("what does not fit is refused with a reason and kept in quarantine", () => {
  const quarantined = async (body: string | Uint8Array) => {
    const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
    const object = await ledger.ARCHIVE.get(`quarantine/${day}/${digest(body)}.json`);
    return object === null ? null : { bytes: Buffer.from(await object.arrayBuffer()), metadata: object.customMetadata };
  };

  test.each([
    ["broken JSON", "{broken"],
    ["an array", "[]"],
    ["null", "null"],
    ["nothing", ""],
    ["bytes that are not UTF-8", new Uint8Array([0x7b, 0xff, 0x7d])],
  ])("%s: 400", async (_what, body) => {
    expect(await post(ledger.url, body)).toMatchObject({ status: 400, type: "application/problem+json" });
    const kept = await quarantined(body);
    expect(kept?.bytes).toEqual(Buffer.from(body));
    expect(kept?.metadata).toMatchObject({ reason: "not-an-object" });
  });

  test("what breaks off within a character leaves nothing behind in the next body", async () => {
    const { start } = documentedCall({ call_id: "after a broken one" });
    const body = Buffer.from(JSON.stringify(start({ note: "€48.20" })));
    const broken = body.subarray(0, body.indexOf("€") + 2);
    expect(await post(ledger.url, broken)).toMatchObject({ status: 400 });
    expect(await post(ledger.url, body)).toMatchObject({ status: 200, body: { status: "stored" } });
    const stored = ledger.DB.prepare("SELECT payload FROM events WHERE call_id = 'after a broken one'");
    expect(await stored.first<string>("payload")).toBe(body.toString());
  });

  const { start, end, analytics } = documentedCall({ call_id: "invalid" });
  const atoms = atomsCall({ call_id: "invalid" });
  test.each([
    ["timestamp", start({ timestamp: undefined })],
    ["timestamp", start({ timestamp: "yesterday" })],
    ["timestamp", start({ timestamp: "2024-07-15T14:30:00" })],
    ["timestamp", start({ timestamp: "2024-07-15" })],
    ["timestamp", start({ timestamp: "2024-07-15T14:30:00+053" })],
    ["timestamp", start({ timestamp: "2024-07-15T14:30:00+25" })],
    ["timestamp", start({ timestamp: "2024-02-30T14:30:00Z" })],
    ["timestamp", start({ timestamp: "9999-12-31T23:59:59-14:00" })],
    ["agent_id", start({ agent_id: 7 })],
    ["agent_id", start({ agent_id: null })],
    ["call_id", start({ call_id: "" })],
    ["call_direction", start({ call_direction: "sideways" })],
    ["caller_phone", start({ caller_phone: 15551234567 })],
    ["duration_seconds", end({ duration_seconds: "300" })],
    ["duration_seconds", end({ duration_seconds: 366 * 86_400 + 1 })],
    ["transcript", end({ transcript: "Hello" })],
    ["transcript.0", end({ transcript: ["Hello"] })],
    ["transcript.0.content", end({ transcript: [{ role: "agent", content: 1 }] })],
    ["variables", end({ variables: [] })],
    ["metrics", analytics({ metrics: "good" })],
    ["metadata.callId", atoms.start({ callId: undefined })],
    ["metadata.agentId", atoms.end({ agentId: "" })],
    ["metadata.eventType", { ...atoms.end(), metadata: { agentId: "a", callId: "c" } }],
    ["metadata.analytics.successMetrics.0", atoms.analytics({ analytics: { successMetrics: [1] } })],
    ["metadata.callData.endTime", atoms.end({ callData: { endTime: "noon" } })],
    ["metadata.callData.callDuration", atoms.end({ callData: { callDuration: "61" } })],
    ["metadata.callData.callDuration", atoms.end({ callData: { callDuration: 61_000_000 } })],
    [
      "metadata.analytics.dispositionMetrics.0.value",
      atoms.analytics({ analytics: { dispositionMetrics: [{ value: {} }] } }),
    ],
  ])("a wrong %s: 422 that names it", async (path, event) => {
    const answer = await post(ledger.url, event);
    expect(answer).toMatchObject({ status: 422, type: "application/problem+json", body: { status: 422 } });
    expect(answer.body).toMatchObject({ errors: [{ path, message: expect.any(String) }] });
    const kept = await quarantined(JSON.stringify(event));
    expect(kept?.metadata).toMatchObject({
      reason: "invalid",
      platform: "atoms",
      detail: expect.stringContaining(path),
    });
    expect(await count("events", "call_id = ?", "invalid")).toBe(0);
  });

  test.each([
    ["null counts as absent", start({ call_id: "null", caller_phone: null })],
    ["an offset other than Z", start({ call_id: "offset", timestamp: "2024-07-15T16:30+02:00" })],
  ])("%s", async (_what, event) => {
    expect(await post(ledger.url, event)).toMatchObject({ status: 200 });
    expect(await call(event.call_id)).toMatchObject({ started_at: "2024-07-15T14:30:00.000Z" });
  });

  test.each([
    ["another event", { event: "call.transferred", call_id: "x" }],
    ["no event", {}],
    ["an event that is no text", { event: 5, metadata: "no" }],
  ])("%s: unrecognised, and in quarantine", async (_what, event) => {
    const body = JSON.stringify(event);
    const answer = await post(ledger.url, body);
    expect(answer).toMatchObject({ status: 200, body: { status: "quarantined", event_id: digest(body) } });
    expect((await quarantined(body))?.metadata).toMatchObject({ reason: "unrecognised" });
  });
});

describe("what is refused before it is read", () => {
  test("another method: 405 with Allow", async () => {
    const answer = await readAnswer(await fetch(`${ledger.url}webhooks/atoms`));
    expect(answer).toMatchObject({ status: 405, type: "application/problem+json" });
    expect(answer.headers.get("Allow")).toBe("POST");
  });

  test("a platform that this Worker does not know: 404", async () => {
    const body = JSON.stringify(documentedCall({ call_id: "elsewhere" }).start());
    const headers = { "X-Signature": createHmac("sha256", SECRET).update(body).digest("hex") };
    const answer = await readAnswer(
      await fetch(`${ledger.url}webhooks/unknown-platform`, { method: "POST", body, headers }),
    );
    expect(answer).toMatchObject({ status: 404, type: "application/problem+json" });
    expect(await count("events", "call_id = ?", "elsewhere")).toBe(0);
  });

  test("another address: 404", async () => {
    expect(await readAnswer(await fetch(`${ledger.url}nowhere`))).toMatchObject({ status: 404, body: { status: 404 } });
  });

  const tooLarge = `{"event":"${"x".repeat(4_000_000)}"}`;

  test("a body over the limit by its Content-Length: 413", async () => {
    expect(await post(ledger.url, tooLarge)).toMatchObject({ status: 413, type: "application/problem+json" });
  });

  test("a body over the limit without a Content-Length: 413 while it is being read", async () => {
    expect(await postChunked(ledger.url, tooLarge)).toMatchObject({ status: 413 });
  });

  test("a body without a Content-Length that fits is stored", async () => {
    const body = JSON.stringify(documentedCall({ call_id: "chunked" }).start());
    expect(await postChunked(ledger.url, body)).toMatchObject({ status: 200 });
    expect(await call("chunked")).toMatchObject({ status: "active" });
  });
});

test("the log has one line an event and nothing that a caller said", async () => {
  ledger.harness.clearLogs();
  const secrets = {
    caller_phone: "+15550001111",
    variables: { pin: "hush-variable" },
    transcript: [{ content: "hush-turn" }],
  };
  const { start, end, analytics } = documentedCall({ call_id: "logged" });
  await post(ledger.url, start(secrets));
  await post(ledger.url, end({ ...secrets, disposition: "hush-disposition" }));
  await post(ledger.url, analytics({ metrics: { note: "hush-metric" } }));
  await post(ledger.url, end({ ...secrets, duration_seconds: "hush-duration" }));
  await post(ledger.url, `{"hush-json`);
  const lines = ledger.harness.getLogs().map((line) => line.message);
  expect(lines).toHaveLength(5);
  const parsed: unknown[] = lines.map((line) => JSON.parse(line));
  expect(parsed[0]).toEqual({
    message: "event",
    platform: "atoms",
    result: "stored",
    event_id: digest(JSON.stringify(start(secrets))),
    call_id: "logged",
    event: "call.start",
    duration_ms: expect.any(Number),
  });
  expect(parsed[3]).toMatchObject({ result: "invalid", event_id: expect.any(String) });
  expect(lines.join()).not.toMatch(/hush|0001111/);
});

function digest(body: string | Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}
