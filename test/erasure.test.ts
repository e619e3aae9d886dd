import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FAULTS_HEADER } from "./chaos/faults.ts";
import { ask } from "./support/ask.ts";
import { atomsCall, documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";

const PHONE = "+15550142001";
const OTHER_PHONE = "+15550142002";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger({ main: "test/chaos/faulty-ledger.ts", env: { SYNC_URL: "http://127.0.0.1:1/" } });
});
afterAll(() => ledger.harness.close());

/** Everything D1 and R2 have, as text, so that nothing that was erased can hide in a place that nobody thought of. */
async function everything(): Promise<string> {
  const tables = ["calls", "events", "sync_deliveries", "parked_bodies", "conversations"];
  const rows = await ledger.DB.batch(tables.map((table) => ledger.DB.prepare(`SELECT * FROM ${table}`)));
  const texts = [JSON.stringify(rows.map(({ results }) => results))];
  const { objects } = await ledger.ARCHIVE.list({ include: ["customMetadata"] });
  for (const { key, customMetadata } of objects) {
    texts.push(key, JSON.stringify(customMetadata), (await (await ledger.ARCHIVE.get(key))?.text()) ?? "");
  }
  return texts.join("\n");
}

beforeEach(async () => {
  const tables = ["calls", "events", "sync_deliveries", "parked_bodies", "conversations"];
  await ledger.DB.batch(tables.map((table) => ledger.DB.prepare(`DELETE FROM ${table}`)));
  const { objects } = await ledger.ARCHIVE.list();
  await ledger.ARCHIVE.delete(objects.map(({ key }) => key));
});

const spoken = (content: string) => [{ role: "user", content, timestamp: "..." }];

/** A call with all that can be kept of one: corrections, more than a row holds, parked and quarantined bodies. */
async function sendEverythingOf(call_id: string, caller_phone: string) {
  const call = documentedCall({ call_id });
  const send = (body: unknown, headers: Record<string, string> = {}) => post(ledger.url, body, headers);
  await send(call.start({ caller_phone }));
  await send(call.end({ transcript: spoken(`First words of ${call_id}.`) }));
  await send(call.end({ transcript: spoken(`Better words of ${call_id}.`), timestamp: "2024-07-15T14:36:00Z" }));
  await send(call.end({ variables: { notes: `${call_id} `.repeat(200_000) }, timestamp: "2024-07-16T00:10:00Z" }));
  await send(call.analytics());
  expect(await send({ ...call.start({ caller_phone }), timestamp: "yesterday" })).toMatchObject({ status: 422 });
  expect(await send({ event: "call.transferred", call_id, from: caller_phone })).toMatchObject({ status: 202 });
  expect(await send(`{"event":"call.end","call_id":"${call_id}","caller_phone":"${caller_phone}"`)).toMatchObject({
    status: 400,
  });
  const late = (more: object) => call.end({ timestamp: "2024-07-15T14:37:00Z", ...more });
  expect(await send(late({ disposition: "d1" }), { [FAULTS_HEADER]: JSON.stringify({ D1: "before" }) })).toMatchObject({
    status: 202,
  });
  expect(await send(late({ disposition: "r2" }), { [FAULTS_HEADER]: JSON.stringify({ R2: "before" }) })).toMatchObject({
    status: 202,
  });
}

async function eraseAll(path: string) {
  const answers = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const glue = path.includes("?") ? "&" : "?";
    const { status, body } = await ask(ledger.url, `${path}${glue}cursor=${encodeURIComponent(cursor)}`, {
      method: "DELETE",
    });
    expect(status).toBe(200);
    answers.push(Object(body).erased);
    cursor = Object(body).next_cursor;
  }
  return answers;
}

describe("DELETE /api/calls/{call_id}", () => {
  test("nothing of the call is left anywhere, and nothing of others is touched", async () => {
    await sendEverythingOf("call-gone", PHONE);
    await sendEverythingOf("call-kept", OTHER_PHONE);
    expect(await everything()).toContain("call-gone");
    const before = (await everything()).match(/call-kept/g)?.length;
    await eraseAll("/api/calls/call-gone");
    const after = await everything();
    expect(after).not.toContain("call-gone");
    expect(after.match(/call-kept/g)?.length).toBe(before);
    expect((await ask(ledger.url, "/api/calls?q=dog")).body).toMatchObject({ calls: [{ call_id: "call-kept" }] });
    expect(await ask(ledger.url, "/api/calls/call-gone")).toMatchObject({ status: 404 });
    expect(await ask(ledger.url, "/api/calls/call-gone", { method: "DELETE" })).toMatchObject({ status: 404 });
  });

  test("its words leave the pages of the index too", async () => {
    const call = documentedCall({ call_id: "spoken" });
    await post(ledger.url, call.end({ transcript: spoken("Zyzzyva.") }));
    await post(ledger.url, documentedCall({ call_id: "other" }).end({ transcript: spoken("Anteater.") }));
    const pages = async (word: string) =>
      ledger.DB.prepare("SELECT count(*) AS n FROM conversations_data WHERE instr(block, CAST(? AS BLOB)) > 0")
        .bind(word)
        .first("n");
    expect(await pages("zyzzyva")).not.toBe(0);
    await eraseAll("/api/calls/spoken");
    expect(await pages("zyzzyva")).toBe(0);
    expect(await pages("anteater")).not.toBe(0);
  });

  test("a parked body that cannot be unpacked keeps nobody from being erased", async () => {
    await post(ledger.url, documentedCall({ call_id: "beside" }).start());
    await ledger.DB.prepare(
      "INSERT INTO parked_bodies VALUES ('00', 0, '2024-07-15T14:30:00.000Z', 'test', CAST('no gzip' AS BLOB))",
    ).run();
    await eraseAll("/api/calls/beside");
    expect(await everything()).not.toContain("beside");
  });

  test("says how much went", async () => {
    const call = documentedCall({ call_id: "counted" });
    for (const event of [call.start(), call.end(), call.analytics()]) await post(ledger.url, event);
    expect(await eraseAll("/api/calls/counted")).toEqual([
      { calls: 1, events: 3, deliveries: 1, objects: 1, parked: 0, quarantined: 0 },
    ]);
  });

  test("a crowd of other bodies is looked through in several requests", async () => {
    for (let nth = 0; nth < 40; nth++) await post(ledger.url, { event: "call.transferred", call_id: `other-${nth}` });
    await post(ledger.url, { event: "call.transferred", details: [{ deep: { id: "hidden" } }] });
    await post(ledger.url, documentedCall({ call_id: "hidden" }).start());
    const answers = await eraseAll("/api/calls/hidden");
    expect(answers.length).toBeGreaterThan(1);
    expect(await everything()).not.toContain("hidden");
    expect((await ledger.ARCHIVE.list({ prefix: "quarantine/" })).objects).toHaveLength(40);
  });

  test("a body is found whose call id is no text, a name in it, or escaped", async () => {
    const bodies = [
      { ...documentedCall({ call_id: "" }).end(), call_id: 20240715 },
      { event: "calls.transferred", calls: { "20240715": { from: "agent_1" } } },
      `{"event":"call.end","call_id":"2024\\u0030715","transcript":[`,
    ];
    for (const body of bodies) await post(ledger.url, body);
    expect((await ledger.ARCHIVE.list({ prefix: "quarantine/" })).objects).toHaveLength(3);
    await eraseAll("/api/calls/20240715");
    expect((await ledger.ARCHIVE.list({ prefix: "quarantine/" })).objects).toEqual([]);
  });

  test.each(["1", "call-1", "300"])("the id %s takes no body away that is about another call", async (call_id) => {
    await post(ledger.url, documentedCall({ call_id }).start());
    await post(ledger.url, documentedCall({ call_id: "call-12" }).end({ timestamp: "yesterday", attempt: 1 }));
    await post(ledger.url, `{"event":"call.end","call_id":"call-12","note":"see x-call-1`);
    await eraseAll(`/api/calls/${call_id}`);
    expect((await ledger.ARCHIVE.list({ prefix: "quarantine/" })).objects).toHaveLength(2);
  });

  test("what the archive took while D1 failed goes with the body that waits", async () => {
    const failing = { [FAULTS_HEADER]: JSON.stringify({ D1: "before" }) };
    const call = documentedCall({ call_id: "only-archived" });
    await post(ledger.url, call.end({ timestamp: "2024-07-15T14:36:00Z" }), failing);
    await post(ledger.url, call.end({ variables: { notes: "only-archived ".repeat(150_000) } }), failing);
    await post(ledger.url, documentedCall({ call_id: "only-archived-2" }).end(), failing);
    expect((await ledger.ARCHIVE.list()).objects).toHaveLength(6);
    await eraseAll("/api/calls/only-archived");
    const { objects } = await ledger.ARCHIVE.list();
    expect(objects.map(({ key }) => key)).toEqual([
      expect.stringMatching(/^parked/),
      "transcripts/2024/07/15/only-archived-2.json",
    ]);
  });

  test.each([
    ["the digest for an id", undefined],
    ["an id of its own", "ü".repeat(512)],
  ])("with %s, what was too large for the row goes also when a correction took its place", async (_, id) => {
    const call = documentedCall({ call_id: "corrected" });
    const notes = "corrected ".repeat(100_000);
    await post(ledger.url, call.analytics({ id, metrics: { notes } }));
    await post(ledger.url, call.end({ id: id?.replace("ü", "u"), variables: { notes } }));
    await post(ledger.url, call.analytics({ metrics: { csat: 4 }, timestamp: "2024-07-15T14:50:00Z" }));
    await post(ledger.url, call.end({ variables: { few: 1 }, timestamp: "2024-07-15T14:49:00Z" }));
    expect((await ledger.ARCHIVE.list({ prefix: "overflow/" })).objects).toHaveLength(2);
    await eraseAll("/api/calls/corrected");
    expect(await everything()).not.toContain("corrected");
  });

  test("an id with every sort of character names that call only", async () => {
    const call_id = "../a b/%2F?#ä🙂\u0001";
    for (const id of [call_id, "../a b/"]) {
      await post(ledger.url, documentedCall({ call_id: id }).start());
      await post(ledger.url, documentedCall({ call_id: id }).end());
    }
    await eraseAll(`/api/calls/${encodeURIComponent(call_id)}`);
    const { results } = await ledger.DB.prepare("SELECT call_id FROM calls").all();
    expect(results).toEqual([{ call_id: "../a b/" }]);
    expect((await ledger.ARCHIVE.list({ prefix: "transcripts/" })).objects).toHaveLength(1);
  });

  test("what a caller says about another call's object does not delete it", async () => {
    await post(ledger.url, documentedCall({ call_id: "large" }).end({ variables: { notes: "x".repeat(2_000_000) } }));
    const [overflow] = (await ledger.ARCHIVE.list({ prefix: "overflow/" })).objects;
    await post(ledger.url, documentedCall({ call_id: "liar" }).end({ variables: { said: overflow?.key } }));
    await eraseAll("/api/calls/liar");
    expect((await ledger.ARCHIVE.list({ prefix: "overflow/" })).objects).toHaveLength(1);
  });

  test("the same event, delivered again days later without a time of its own, leaves no second object", async () => {
    const call = atomsCall({ call_id: "CALL-1721053800000-a1b2c3" });
    await post(ledger.url, call.end({ callData: null }));
    const [object] = (await ledger.ARCHIVE.list({ prefix: "transcripts/" })).objects;
    const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString().slice(0, 10).replaceAll("-", "/");
    await ledger.ARCHIVE.put(`transcripts/${tomorrow}/CALL-1721053800000-a1b2c3.json`, "{}");
    expect(object).toBeDefined();
    await eraseAll("/api/calls/CALL-1721053800000-a1b2c3");
    expect((await ledger.ARCHIVE.list({ prefix: "transcripts/" })).objects).toEqual([]);
  });
});

describe("DELETE /api/calls?caller_phone=", () => {
  test("nothing of any call with the caller is left anywhere, and nothing of others is touched", async () => {
    for (let nth = 0; nth < 6; nth++)
      await post(ledger.url, documentedCall({ call_id: `gone-${nth}` }).start({ caller_phone: PHONE }));
    await sendEverythingOf("gone-large", PHONE);
    await sendEverythingOf("call-kept", OTHER_PHONE);
    await post(ledger.url, documentedCall({ call_id: "formatted" }).start({ caller_phone: "+1 (555) 014-2001" }));
    await post(
      ledger.url,
      documentedCall({ call_id: "agents" }).start({ caller_phone: OTHER_PHONE, agent_phone: PHONE }),
    );
    const before = (await everything()).match(/call-kept/g)?.length;
    await eraseAll(`/api/calls?caller_phone=${encodeURIComponent(PHONE)}`);
    const after = await everything();
    expect(after).not.toMatch(/gone-|formatted|014-2001/);
    expect(after.match(/call-kept/g)?.length).toBe(before);
    expect(after).toContain("agents");
  });

  test("bodies that do not fit go by the number too when all they name is a call of the caller", async () => {
    const call = documentedCall({ call_id: "gone-partly" });
    await post(ledger.url, call.start({ caller_phone: PHONE }));
    await post(ledger.url, call.end({ timestamp: "yesterday", transcript: spoken("Words of gone-partly.") }));
    await post(ledger.url, { event: "call.transferred", data: [{ callId: "gone-partly" }] });
    await post(ledger.url, `{"event":"call.end","call_id":"gone-partly","transcript":[{"content":"Hello`);
    await post(ledger.url, { ...call.start({ caller_phone: Number(PHONE) }), call_id: "gone-number" });
    await post(ledger.url, `from=${PHONE} and +15550142009`);
    await post(ledger.url, `{"event":"call.end","call_id":"kept","from":"${PHONE}9"`);
    await post(ledger.url, documentedCall({ call_id: "kept".repeat(600_000) }).end());
    await eraseAll(`/api/calls?caller_phone=${encodeURIComponent(PHONE)}`);
    expect(await everything()).not.toContain("gone-");
    expect((await ledger.ARCHIVE.list({ prefix: "quarantine/" })).objects).toHaveLength(2);
  });

  test("events that wait go by the number too when it waits with them", async () => {
    const failing = { [FAULTS_HEADER]: JSON.stringify({ D1: "before" }) };
    const call = documentedCall({ call_id: "gone-waiting" });
    await post(ledger.url, call.start({ caller_phone: PHONE }), failing);
    await post(ledger.url, call.end({ transcript: spoken("Words of gone-waiting.") }), failing);
    await eraseAll(`/api/calls?caller_phone=${encodeURIComponent(PHONE)}`);
    expect(await everything()).not.toContain("gone-");
  });

  test("events that wait go by the number too when it waits far from them, or in quarantine", async () => {
    const failing = { [FAULTS_HEADER]: JSON.stringify({ D1: "before" }) };
    const others = async () => {
      for (let nth = 0; nth < 12; nth++) {
        await post(ledger.url, documentedCall({ call_id: `kept-${nth}-${Math.random()}` }).start(), failing);
      }
    };
    const parked = documentedCall({ call_id: "gone-parked" });
    await post(ledger.url, parked.start({ caller_phone: PHONE }), failing);
    await others();
    await post(ledger.url, parked.end({ transcript: spoken("Words of gone-parked.") }), failing);
    const misfit = documentedCall({ call_id: "gone-misfit" });
    await post(ledger.url, { ...misfit.start({ caller_phone: PHONE }), timestamp: "yesterday" });
    await others();
    await post(ledger.url, { event: "call.transferred", call_id: "gone-misfit" });
    await eraseAll(`/api/calls?caller_phone=${encodeURIComponent(PHONE)}`);
    expect(await everything()).not.toContain("gone-");
    expect((await ledger.ARCHIVE.list({ prefix: "parked/" })).objects).toHaveLength(24);
  });

  test("more of a caller's calls wait than one request can name, and all go", async () => {
    const failing = { [FAULTS_HEADER]: JSON.stringify({ D1: "before" }) };
    const calls = Array.from({ length: 12 }, (_, nth) => documentedCall({ call_id: `gone-${nth}-${"x".repeat(400)}` }));
    for (const call of calls) await post(ledger.url, call.start({ caller_phone: PHONE }), failing);
    for (const call of calls.slice(0, 6)) await post(ledger.url, call.end(), failing);
    for (const call of calls.slice(6)) await post(ledger.url, call.end());
    await eraseAll(`/api/calls?caller_phone=${encodeURIComponent(PHONE)}`);
    expect(await everything()).not.toContain("gone-");
  });

  test("a call that the ledger has without a number goes when a body that waits has it, and one with another stays", async () => {
    await post(ledger.url, documentedCall({ call_id: "gone-numberless" }).end());
    await post(ledger.url, documentedCall({ call_id: "kept" }).start({ caller_phone: OTHER_PHONE }));
    await post(ledger.url, documentedCall({ call_id: "kept" }).end({ timestamp: "yesterday" }));
    for (const call_id of ["gone-numberless", "kept"]) {
      await post(ledger.url, { ...documentedCall({ call_id }).start({ caller_phone: PHONE }), timestamp: "yesterday" });
    }
    await eraseAll(`/api/calls?caller_phone=${encodeURIComponent(PHONE)}`);
    const after = await everything();
    expect(after).not.toContain("gone-");
    expect(after).not.toContain(PHONE);
    expect(await ask(ledger.url, "/api/calls/kept")).toMatchObject({ status: 200 });
    expect((await ledger.ARCHIVE.list({ prefix: "quarantine/" })).objects).toHaveLength(1);
  });

  test.each(["", "?caller_phone=", "?caller_phone=123", "?caller_phone=everyone", "?caller_phone=%25"])(
    "%s names nobody and is refused",
    async (query) => {
      await post(ledger.url, documentedCall({ call_id: "safe" }).start());
      const { status, body } = await ask(ledger.url, `/api/calls${query}`, { method: "DELETE" });
      expect(status).toBe(400);
      expect(Object(body).errors).toEqual([expect.objectContaining({ path: "caller_phone" })]);
      expect(await everything()).toContain("safe");
    },
  );
});

const erasing = (position: unknown) =>
  `/api/calls/any?cursor=${encodeURIComponent(encodeURIComponent(JSON.stringify([position])))}`;

test.each([
  ["of another bucket", "DELETE", erasing({ place: 0, after: "a cursor of R2" })],
  ["longer than a key", "DELETE", erasing({ place: 1, after: { received_at: "x".repeat(2000), digest: "" } })],
  ["before the beginning", "DELETE", erasing({ place: -1 })],
  ["of no quarantine", "GET", "/api/quarantine?cursor=nonsense"],
])("a cursor %s is refused", async (_, method, path) => {
  const { status, body } = await ask(ledger.url, path, { method });
  expect(status).toBe(400);
  expect(Object(body).errors).toEqual([expect.objectContaining({ path: "cursor" })]);
});

test("npm run erase does it from the command line, and says how much went", async () => {
  await post(ledger.url, documentedCall({ call_id: "from-here" }).start({ caller_phone: PHONE }));
  const script = resolve(import.meta.dirname, "../src/commands/ledger.ts");
  const given = [script, "erase", "--url", ledger.url, "--token", "token-of-the-tests"];
  const run = async (...more: string[]) => (await promisify(execFile)(process.execPath, [...given, ...more])).stdout;
  expect(await run("--phone", PHONE)).toContain("calls 1, events 1");
  expect(await everything()).not.toContain("from-here");
  await expect(run("--call", "from-here")).rejects.toThrow("Unknown call");
  await expect(run()).rejects.toThrow("--call <id> or --phone <number>");
});

test("an erasure is closed without the token", async () => {
  const response = await fetch(new URL("/api/calls/any", ledger.url), { method: "DELETE" });
  expect(response.status).toBe(401);
});
