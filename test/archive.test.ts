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
