import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
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

test("the call.end body is archived byte for byte, with what names it", async () => {
  // Spaces, escapes and the order of keys must survive.
  const body = JSON.stringify(documentedCall({ call_id: "bytes" }).end({ note: "é\u2028" }), null, 3).replace(
    "é",
    "\\u00e9",
  );
  await post(ledger.url, body);
  const object = await ledger.ARCHIVE.get("transcripts/2024/07/15/bytes.json");
  expect(await object?.text()).toBe(body);
  expect(object?.httpMetadata?.contentType).toBe("application/json");
  expect(object?.customMetadata).toMatchObject({
    call_id: "bytes",
    agent_id: "agent_1",
    event_id: digest(body),
    sha256: digest(body),
  });
});

test("the day is that of the end in UTC", async () => {
  await post(ledger.url, documentedCall({ call_id: "midnight" }).end({ timestamp: "2024-07-15T23:30:00-02:00" }));
  expect(await textAt("transcripts/2024/07/16/midnight.json")).toBeDefined();
});

test("nothing else is archived of a call", async () => {
  const { start, analytics } = documentedCall({ call_id: "no-end" });
  await post(ledger.url, start());
  await post(ledger.url, analytics());
  const { objects } = await ledger.ARCHIVE.list();
  expect(objects.filter(({ key }) => key.includes("no-end"))).toEqual([]);
});

test.each([
  ["in order", [0, 1, 2]],
  ["backwards", [2, 1, 0]],
  ["the last in the middle", [0, 2, 1]],
])("of corrections, %s, the last has the key and the others are kept", async (label, order) => {
  const { end } = documentedCall({ call_id: label });
  const bodies = [0, 1, 2].map((second) => JSON.stringify(end({ timestamp: `2024-07-15T14:35:0${second}Z`, label })));
  for (const index of order) expect(await post(ledger.url, bodies[index])).toMatchObject({ status: 200 });
  expect(await textAt(`transcripts/2024/07/15/${encodeURIComponent(label)}.json`)).toBe(bodies[2]);
  for (const body of bodies.slice(0, 2)) {
    expect(await textAt(`superseded/2024/07/15/${digest(body)}.json`)).toBe(body);
  }
});

test("corrections at the same moment end the same", async () => {
  const { end } = documentedCall({ call_id: "rush" });
  const bodies = [0, 1, 2, 3].map((second) => JSON.stringify(end({ timestamp: `2024-07-15T14:35:0${second}Z` })));
  const answers = await Promise.all(bodies.map((body) => post(ledger.url, body)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await textAt("transcripts/2024/07/15/rush.json")).toBe(bodies[3]);
  for (const body of bodies.slice(0, 3)) {
    expect(await textAt(`superseded/2024/07/15/${digest(body)}.json`)).toBe(body);
  }
});

test("a transcript is not displaced by a later body without one", async () => {
  const { end } = documentedCall({ call_id: "kept" });
  const withTranscript = JSON.stringify(end());
  const without = JSON.stringify(end({ timestamp: "2024-07-15T14:40:00Z", transcript: undefined }));
  for (const body of [withTranscript, without]) await post(ledger.url, body);
  expect(await textAt("transcripts/2024/07/15/kept.json")).toBe(withTranscript);
  const row = await ledger.DB.prepare("SELECT * FROM calls WHERE call_id = 'kept'").first();
  expect(row).toMatchObject({ transcript_turns: 1, ended_at: "2024-07-15T14:40:00.000Z" });
});

test("another body under the id of an event that is stored is a duplicate to the archive too", async () => {
  const { end } = atomsCall({ call_id: "same-id" });
  const first = JSON.stringify(end());
  const second = JSON.stringify(end({ callData: { callStatus: "failed", endTime: "2024-07-15T14:59:00Z" } }));
  expect(await post(ledger.url, first)).toMatchObject({ body: { status: "stored" } });
  expect(await post(ledger.url, second)).toMatchObject({ body: { status: "duplicate" } });
  expect(await textAt("transcripts/2024/07/15/same-id.json")).toBe(first);
});

test.each([
  ["another call", "2024/07/15/of-another-call", { callId: "of-another-call" }],
  ["another day", "2024/07/16/reused", { callData: { endTime: "2024-07-16T14:59:00Z" } }],
])("a duplicate of %s leaves no body in the archive", async (label, path, more) => {
  const end = atomsCall({ call_id: "reused" }).end;
  const id = `reused by ${label}`;
  await post(ledger.url, { ...end(), id });
  expect(await post(ledger.url, { ...end(more), id })).toMatchObject({ body: { status: "duplicate" } });
  expect(await textAt(`transcripts/${path}.json`)).toBe("");
  expect(await textAt("transcripts/2024/07/15/reused.json")).toBeDefined();
});

test("the end of a call under the id of its start is a duplicate to the archive too", async () => {
  const { start, end } = atomsCall({ call_id: "one-id" });
  await post(ledger.url, { ...start(), id: "one-id" });
  expect(await post(ledger.url, { ...end(), id: "one-id" })).toMatchObject({ body: { status: "duplicate" } });
  const key = "transcripts/2024/07/15/one-id.json";
  expect(await textAt(key)).toBe("");
  const real = JSON.stringify({ ...end(), id: "another id" });
  await post(ledger.url, real);
  expect(await textAt(key)).toBe(real);
  const { objects } = await ledger.ARCHIVE.list({ prefix: "superseded/" });
  expect(objects.filter(({ size }) => size === 0)).toEqual([]);
});

test("a duplicate does not take the key of a call from the event that has it", async () => {
  const { end } = atomsCall({ call_id: "held" });
  await post(ledger.url, { ...atomsCall({ call_id: "elsewhere" }).end(), id: "known" });
  const held = JSON.stringify(end());
  await post(ledger.url, held);
  const late = { ...end({ callData: { endTime: "2024-07-15T23:00:00Z" } }), id: "known" };
  expect(await post(ledger.url, late)).toMatchObject({ body: { status: "duplicate" } });
  expect(await textAt("transcripts/2024/07/15/held.json")).toBe(held);
});

test("an event without a time of its own that comes again on another day has one body", async () => {
  const event = { ...atomsCall({ call_id: "timeless" }).end({ callData: null }), id: "timeless" };
  await post(ledger.url, event);
  await ledger.DB.prepare(
    "UPDATE events SET occurred_at = '2024-07-15T14:35:00.000Z' WHERE event_id = 'timeless'",
  ).run();
  const today = `transcripts/${new Date().toISOString().slice(0, "2026-11-25".length).replaceAll("-", "/")}/timeless.json`;
  const first = await ledger.ARCHIVE.get(today);
  const known = "transcripts/2024/07/15/timeless.json";
  await ledger.ARCHIVE.put(known, (await first?.text()) ?? "", { customMetadata: first?.customMetadata ?? {} });
  await ledger.ARCHIVE.delete(today);
  expect(await post(ledger.url, event)).toMatchObject({ body: { status: "duplicate" } });
  expect(await textAt(known)).toBe(JSON.stringify(event));
  expect(await textAt(today)).toBe("");
});

test("what the archive has not taken of an event in the ledger it takes when the event comes again", async () => {
  const { end } = documentedCall({ call_id: "half-kept" });
  const [early, late] = ["00", "01"].map((second) => JSON.stringify(end({ timestamp: `2024-07-15T14:35:${second}Z` })));
  const key = "transcripts/2024/07/15/half-kept.json";
  await post(ledger.url, early);
  await ledger.ARCHIVE.delete(key);
  expect(await post(ledger.url, early)).toMatchObject({ body: { status: "duplicate" } });
  expect(await textAt(key)).toBe(early);
  await post(ledger.url, late);
  await ledger.ARCHIVE.put(key, early ?? "", { customMetadata: { event_id: digest(early ?? ""), version: "2 2024" } });
  expect(await post(ledger.url, late)).toMatchObject({ body: { status: "duplicate" } });
  expect(await textAt(key)).toBe(late);
});
