import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { atomsCall, documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger();
});
afterAll(() => ledger.harness.close());

const digest = (body: string) => createHash("sha256").update(body).digest("hex");
const textAt = async (key: string) => (await ledger.ARCHIVE.get(key))?.text();
/** Every object of a call: key to text. */
async function objectsOf(call_id: string): Promise<Record<string, string>> {
  const prefix = `calls/${encodeURIComponent(call_id)}/`;
  const { objects } = await ledger.ARCHIVE.list({ prefix });
  const entries = objects.map(async ({ key }) => [key.slice(prefix.length), (await textAt(key)) ?? ""] as const);
  return Object.fromEntries(await Promise.all(entries));
}

test("the call.end body is archived byte for byte, with its identity in the metadata", async () => {
  // Spaces, escapes and the order of keys must survive.
  const body = JSON.stringify(documentedCall({ call_id: "bytes" }).end({ note: "é\u2028" }), null, 3).replace(
    "é",
    "\\u00e9",
  );
  await post(ledger.url, body);
  const object = await ledger.ARCHIVE.get("calls/bytes/transcript.json");
  expect(await object?.text()).toBe(body);
  expect(object?.httpMetadata?.contentType).toBe("application/json");
  expect(object?.customMetadata).toMatchObject({
    platform: "atoms",
    call_id: "bytes",
    agent_id: "agent_1",
    event_id: digest(body),
    sha256: digest(body),
  });
});

test("nothing else is archived of a call", async () => {
  const { start, analytics } = documentedCall({ call_id: "no-end" });
  await post(ledger.url, start());
  await post(ledger.url, analytics());
  expect(await objectsOf("no-end")).toEqual({});
});

test.each([
  ["in order", [0, 1, 2]],
  ["backwards", [2, 1, 0]],
  ["the last in the middle", [0, 2, 1]],
])("of corrections, %s, the last is the transcript and the others are superseded", async (label, order) => {
  const { end } = documentedCall({ call_id: label });
  const bodies = [0, 1, 2].map((second) => JSON.stringify(end({ timestamp: `2024-07-15T14:35:0${second}Z`, label })));
  const [first = "", second = "", third = ""] = bodies;
  for (const index of order) expect(await post(ledger.url, bodies[index])).toMatchObject({ status: 200 });
  expect(await objectsOf(label)).toEqual({
    "transcript.json": third,
    [`superseded/${digest(first)}.json`]: first,
    [`superseded/${digest(second)}.json`]: second,
  });
});

test("corrections at the same moment end the same", async () => {
  const { end } = documentedCall({ call_id: "rush" });
  const bodies = [0, 1, 2, 3].map((second) => JSON.stringify(end({ timestamp: `2024-07-15T14:35:0${second}Z` })));
  const answers = await Promise.all(bodies.map((body) => post(ledger.url, body)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await objectsOf("rush")).toEqual({
    "transcript.json": bodies[3],
    ...Object.fromEntries(bodies.slice(0, 3).map((body) => [`superseded/${digest(body)}.json`, body])),
  });
});

test("a transcript is not displaced by a later body without one", async () => {
  const { end } = documentedCall({ call_id: "displaced" });
  const withTranscript = JSON.stringify(end());
  const without = JSON.stringify(end({ timestamp: "2024-07-15T14:40:00Z", transcript: undefined }));
  for (const body of [withTranscript, without]) await post(ledger.url, body);
  expect(await textAt("calls/displaced/transcript.json")).toBe(withTranscript);
  const row = await ledger.DB.prepare("SELECT * FROM calls WHERE call_id = 'displaced'").first();
  expect(row).toMatchObject({ transcript_turns: 1, ended_at: "2024-07-15T14:40:00.000Z" });
});

describe("an id that comes again", () => {
  const rowsOf = async (call_id: string) =>
    (await ledger.DB.prepare("SELECT event, event_id FROM events WHERE call_id = ? ORDER BY event").bind(call_id).all())
      .results;
  const quarantined = async (body: string) => {
    const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
    return ledger.ARCHIVE.get(`quarantine/${day}/${digest(body)}.json`);
  };

  test("with another body of the same event is kept in quarantine and changes nothing of the call", async () => {
    const { end } = atomsCall({ call_id: "same-id" });
    const first = JSON.stringify(end());
    const second = JSON.stringify(end({ callData: { callStatus: "failed", endTime: "2024-07-15T14:59:00Z" } }));
    expect(await post(ledger.url, first)).toMatchObject({ body: { status: "stored" } });
    const before = await ledger.DB.prepare("SELECT * FROM calls WHERE call_id = 'same-id'").first();
    expect(await post(ledger.url, second)).toMatchObject({
      status: 200,
      body: { status: "quarantined", reason: "id-reused", event_id: "same-id-end", call_id: "same-id" },
    });
    expect(await objectsOf("same-id")).toEqual({ "transcript.json": first });
    expect(await ledger.DB.prepare("SELECT * FROM calls WHERE call_id = 'same-id'").first()).toEqual(before);
    const object = await quarantined(second);
    expect(await object?.text()).toBe(second);
    expect(object?.customMetadata).toMatchObject({ reason: "id-reused", platform: "atoms" });
  });

  test("leaves nothing in the archive, though the archive had nothing of the call", async () => {
    const { end } = atomsCall({ call_id: "reused-unarchived" });
    await post(ledger.url, end());
    await ledger.ARCHIVE.delete("calls/reused-unarchived/transcript.json");
    const large = { notes: "x".repeat(2_000_000) };
    expect(await post(ledger.url, end({ variables: large }))).toMatchObject({ body: { status: "quarantined" } });
    expect(await objectsOf("reused-unarchived")).toEqual({});
  });

  test("for another call is another event", async () => {
    await post(ledger.url, { ...atomsCall({ call_id: "one-call" }).end(), id: "shared" });
    const other = JSON.stringify({ ...atomsCall({ call_id: "other-call" }).end(), id: "shared" });
    expect(await post(ledger.url, other)).toMatchObject({ body: { status: "stored", event_id: "shared" } });
    expect(await rowsOf("other-call")).toEqual([{ event: "call.end", event_id: "shared" }]);
    expect(await objectsOf("other-call")).toEqual({ "transcript.json": other });
  });

  test("for another event of the call is another event", async () => {
    const { start, end } = atomsCall({ call_id: "one-id" });
    for (const event of [start(), end()]) {
      expect(await post(ledger.url, { ...event, id: "one-id" })).toMatchObject({ body: { status: "stored" } });
    }
    expect(await rowsOf("one-id")).toEqual([
      { event: "call.end", event_id: "one-id" },
      { event: "call.start", event_id: "one-id" },
    ]);
  });
});

test("an event without a time of its own that comes again on another day has one body", async () => {
  const event = { ...atomsCall({ call_id: "timeless" }).end({ callData: null }), id: "timeless" };
  await post(ledger.url, event);
  await ledger.DB.prepare(
    "UPDATE events SET occurred_at = '2024-07-15T14:35:00.000Z' WHERE event_id = 'timeless'",
  ).run();
  expect(await post(ledger.url, event)).toMatchObject({ body: { status: "duplicate" } });
  expect(await objectsOf("timeless")).toEqual({ "transcript.json": JSON.stringify(event) });
});

test("a body that the archive lost of an event in the ledger is archived when the event comes again", async () => {
  const { end } = documentedCall({ call_id: "half-archived" });
  const [early = "", late = ""] = ["00", "01"].map((second) =>
    JSON.stringify(end({ timestamp: `2024-07-15T14:35:${second}Z` })),
  );
  const key = "calls/half-archived/transcript.json";
  await post(ledger.url, early);
  await ledger.ARCHIVE.delete(key);
  expect(await post(ledger.url, early)).toMatchObject({ body: { status: "duplicate" } });
  expect(await textAt(key)).toBe(early);
  await post(ledger.url, late);
  await ledger.ARCHIVE.put(key, early, { customMetadata: { sha256: digest(early), version: "2 2024" } });
  expect(await post(ledger.url, late)).toMatchObject({ body: { status: "duplicate" } });
  expect(await textAt(key)).toBe(late);
});
