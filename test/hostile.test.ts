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

const read = (call_id: string) =>
  ledger.DB.prepare("SELECT * FROM calls WHERE call_id = ?").bind(call_id).first<Record<string, string | null>>();
const digest = (body: string) => createHash("sha256").update(body).digest("hex");
const stored = { status: 200, body: { status: "stored" } };

describe("ids", () => {
  test.each([
    ["slashes and dots", "../../quarantine/..%2f", "..%2F..%2Fquarantine%2F..%252f"],
    ["nothing but dots", "..", "%2E%2E"],
    ["spaces and quotes", `a b'"; DROP TABLE calls; --`, "a%20b'%22%3B%20DROP%20TABLE%20calls%3B%20--"],
    ["another script", "电话/१", "%E7%94%B5%E8%AF%9D%2F%E0%A5%A7"],
    ["a NUL", "a\u0000b", "a%00b"],
    ["a name of Object's", "__proto__", "__proto__"],
  ])("%s stay in their row and in their folder", async (_what, call_id, encoded) => {
    const { end, analytics } = documentedCall({ call_id });
    const body = JSON.stringify(end());
    expect(await post(ledger.url, body)).toMatchObject({ ...stored, body: { call_id } });
    expect(await post(ledger.url, analytics())).toMatchObject(stored);
    const key = `calls/${encoded}/transcript.json`;
    expect(await read(call_id)).toMatchObject({ status: "analyzed", transcript_key: key });
    expect(await (await ledger.ARCHIVE.get(key))?.text()).toBe(body);
  });

  test("one that is no well-formed Unicode, which UTF-8 cannot write, is refused with the reason", async () => {
    for (const id of [{ call_id: "lone \ud800" }, { call_id: "lone agent", agent_id: "\udc00" }]) {
      expect(await post(ledger.url, documentedCall(id).end())).toMatchObject({
        status: 422,
        body: { errors: [{ path: Object.keys(id).at(-1), message: "must be well-formed Unicode" }] },
      });
    }
    expect(await read("lone \ufffd")).toBeNull();
  });

  test("two event ids that only differ in a lone surrogate are two events", async () => {
    const { start } = atomsCall({ call_id: "surrogates" });
    expect(await post(ledger.url, { ...start(), id: "\ud800" })).toMatchObject(stored);
    expect(await post(ledger.url, { ...start(), id: "\ud801" })).toMatchObject(stored);
  });

  test("one too long for an R2 key still has its transcript", async () => {
    const call_id = "長い/".repeat(150);
    const body = JSON.stringify(documentedCall({ call_id }).end());
    expect(await post(ledger.url, body)).toMatchObject(stored);
    const key = (await read(call_id))?.["transcript_key"] ?? "";
    expect(key.length).toBeLessThanOrEqual(1024);
    expect(await (await ledger.ARCHIVE.get(key))?.text()).toBe(body);
  });

  test("one of absurd length is refused with the reason", async () => {
    const answer = await post(ledger.url, documentedCall({ call_id: "x".repeat(5000) }).start());
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: "call_id" }] } });
  });
});

describe("bodies that would take more memory than a Worker has", () => {
  test.each([
    ["10 MiB of empty objects", `{"event":"call.start","crowd":[${"{},".repeat(3_400_000)}{}]}`, "320000 values"],
    [
      "200,000 keys",
      `{"event":"call.end","variables":{${Array.from({ length: 200_000 }, (_, key) => `"${key}":0`).join()}}}`,
      "320000 values",
    ],
    [
      "100,000 levels",
      `{"event":"call.end","variables":${'{"a":'.repeat(100_000)}0${"}".repeat(100_000)}}`,
      "500 levels",
    ],
    ["100,000 levels, unknown", `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "500 levels"],
  ])("%s are not parsed, and end in quarantine", async (_what, body, limit) => {
    expect(await post(ledger.url, body)).toMatchObject({
      status: 422,
      body: { errors: [{ path: "", message: expect.stringContaining(limit) }] },
    });
    const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
    const object = await ledger.ARCHIVE.head(`quarantine/${day}/${digest(body)}.json`);
    expect(object?.customMetadata).toMatchObject({ reason: "invalid" });
    expect((await ledger.ARCHIVE.list({ prefix: "parked/" })).objects).toEqual([]);
  });
});

describe("contents", () => {
  test("10,000 turns are counted and archived byte for byte", async () => {
    const transcript = Array.from({ length: 10_000 }, (_, turn) => ({
      role: turn % 2 === 0 ? "agent" : "user",
      content: `${turn}: ${"मैं समझता हूँ ".repeat(20)}`,
      timestamp: "...",
    }));
    const body = JSON.stringify(documentedCall({ call_id: "long-talk" }).end({ transcript }), null, 1);
    expect(Buffer.byteLength(body)).toBeGreaterThan(6_000_000);
    expect(await post(ledger.url, body)).toMatchObject(stored);
    expect(await read("long-talk")).toMatchObject({ transcript_turns: 10_000 });
    const archived = await ledger.ARCHIVE.get("calls/long-talk/transcript.json");
    expect(digest((await archived?.text()) ?? "")).toBe(digest(body));
  });

  test("lone surrogates in texts, variables and metrics do not break a row or a view", async () => {
    const call_id = "surrogate-contents";
    const { start, end, analytics } = documentedCall({ call_id });
    await post(ledger.url, start({ caller_phone: "+1\ud83d" }));
    await post(ledger.url, end({ disposition: "\udc00", variables: { "\ud83d": ["\ud83d", "😀"] } }));
    await post(ledger.url, analytics({ metrics: { mood: "\ud83d" } }));
    expect(await read(call_id)).toMatchObject({
      caller_phone: "+1\ufffd",
      disposition: "\ufffd",
      variables: '{"\ufffd":["\ufffd","😀"]}',
    });
    const metrics = await ledger.DB.prepare("SELECT value FROM call_metrics WHERE call_id = ?").bind(call_id).all();
    expect(metrics.results).toEqual([{ value: "\ufffd" }]);
  });

  test("keys named __proto__ and constructor are kept like any other and change nothing", async () => {
    const call_id = "prototype";
    const body = (event: object, key: string, value: string) =>
      JSON.stringify(event).replace(`"${key}":`, `"${key}":${value},"was":`);
    const { end, analytics } = documentedCall({ call_id });
    const odd = '{"__proto__":{"status":"owned"},"constructor":1,"toString":2}';
    expect(await post(ledger.url, body(end({ __proto__: undefined }), "variables", odd))).toMatchObject(stored);
    expect(await post(ledger.url, body(analytics(), "metrics", odd))).toMatchObject(stored);
    expect(await read(call_id)).toMatchObject({ status: "analyzed", variables: odd, metrics: odd });
    const metric = `{"metadata":{"agentId":"a","eventType":"analytics-completed","callId":"prototype-2","analytics":{"successMetrics":[{"identifier":"__proto__","value":3}]}}}`;
    expect(await post(ledger.url, metric)).toMatchObject(stored);
    expect(await read("prototype-2")).toMatchObject({ metrics: '{"__proto__":3}' });
  });

  test("a top-level __proto__ does not stand in for the fields", async () => {
    const body = `{"event":"call.start","__proto__":${JSON.stringify(documentedCall({ call_id: "inherited" }).start())}}`;
    expect(await post(ledger.url, body)).toMatchObject({ status: 422 });
  });

  test.each([
    ["turns", (list: number[]) => documentedCall({ call_id: "crowd" }).end({ transcript: list })],
    ["metrics", (list: number[]) => atomsCall({ call_id: "crowd" }).analytics({ analytics: { successMetrics: list } })],
  ])("200,000 %s that do not fit are refused, and a hundred of them named", async (_what, event) => {
    const answer = await post(ledger.url, event(Array(200_000).fill(1)));
    expect(answer).toMatchObject({ status: 422, body: { errors: expect.any(Array) } });
    expect(Object.values(JSON.parse(JSON.stringify(answer.body)).errors)).toHaveLength(100);
  });

  test("a large text at the bottom of deep nesting goes to R2", async () => {
    const nested = `${'{"a":'.repeat(490)}"${"x".repeat(5_000_000)}"${"}".repeat(490)}`;
    const body = JSON.stringify(documentedCall({ call_id: "abyss" }).end({ variables: { top: "kept", deep: 0 } }));
    expect(await post(ledger.url, body.replace('"deep":0', `"deep":${nested}`))).toMatchObject(stored);
    expect((await read("abyss"))?.["variables"]).toContain('{"$overflow":"calls/abyss/overflow/');
  });

  test("a number beyond all numbers is no number", async () => {
    const body = JSON.stringify(documentedCall({ call_id: "infinite" }).end()).replace("300", "1e999");
    expect(await post(ledger.url, body)).toMatchObject({
      status: 422,
      body: { errors: [{ path: "duration_seconds" }] },
    });
  });
});

describe("what would pass D1's 2,000,000 bytes a row", () => {
  const rowBytes = async (table: string, call_id: string) => {
    const row = await ledger.DB.prepare(`SELECT * FROM ${table} WHERE call_id = ?`).bind(call_id).first();
    return Buffer.byteLength(
      Object.values(row ?? {})
        .map(String)
        .join(""),
    );
  };
  const overflow = async (call_id: string, body: string) => {
    const key = `calls/${call_id}/overflow/${digest(body)}.json`;
    expect(await (await ledger.ARCHIVE.get(key))?.text()).toBe(body);
    return key;
  };
  /** Entries of many sizes, 3 MB in all. */
  const bulk: Record<string, string> = {};
  for (let index = 0; index < 80; index++) bulk[`field_${index}`] = "ä".repeat(500 * (index + 1));
  bulk["last"] = "kept";

  test("variables and metrics say where they are, whole", async () => {
    const { start, end, analytics } = documentedCall({ call_id: "bulky" });
    const bodies = [
      start({ caller_phone: "1".repeat(3_000_000) }),
      end({ variables: bulk }),
      analytics({ metrics: bulk }),
    ];
    for (const event of bodies) expect(await post(ledger.url, event)).toMatchObject(stored);
    const [startBody, endBody, analyticsBody] = bodies.map((event) => JSON.stringify(event));
    const row = await read("bulky");
    expect(JSON.parse(row?.["variables"] ?? "")).toEqual({ $overflow: await overflow("bulky", endBody ?? "") });
    expect(JSON.parse(row?.["metrics"] ?? "")).toEqual({ $overflow: await overflow("bulky", analyticsBody ?? "") });
    expect(row?.["caller_phone"]).toContain(await overflow("bulky", startBody ?? ""));
    expect(await rowBytes("calls", "bulky")).toBeLessThan(2_000_000);
    const names = await ledger.DB.prepare("SELECT metric FROM call_metrics WHERE call_id = 'bulky'").all<{
      metric: string;
    }>();
    expect(names.results.map(({ metric }) => metric)).not.toContain("$overflow");
  });

  test("the payload of an event says where it is, whole", async () => {
    const body = JSON.stringify(atomsCall({ call_id: "bulky-payload" }).end({ variables: bulk }));
    expect(await post(ledger.url, body)).toMatchObject(stored);
    const row = await ledger.DB.prepare("SELECT payload FROM events WHERE call_id = 'bulky-payload'").first<{
      payload: string;
    }>();
    expect(JSON.parse(row?.payload ?? "")).toEqual({ $overflow: await overflow("bulky-payload", body) });
    expect(await rowBytes("events", "bulky-payload")).toBeLessThan(2_000_000);
  });

  test("a row that is full already takes any number of further events", async () => {
    const call_id = "crowded";
    const { end, analytics } = atomsCall({ call_id });
    const metrics = [{ identifier: "long", value: "x".repeat(599_900) }];
    const full = [
      end({ variables: { long: "x".repeat(899_900) }, recordingUrl: "x".repeat(19_900) }),
      analytics({ analytics: { summary: "x".repeat(199_900), dispositionMetrics: metrics } }),
    ];
    for (const event of full) expect(await post(ledger.url, event)).toMatchObject(stored);
    const { start } = documentedCall({ call_id });
    const phones = { caller_phone: "1".repeat(9_900), agent_phone: "2".repeat(9_900) };
    for (let batch = 0; batch < 20; batch++) {
      const ids = Array.from({ length: 10 }, (_, index) => String(batch * 10 + index).padEnd(512, "日"));
      const answers = await Promise.all(ids.map((id) => post(ledger.url, start({ id, ...phones }))));
      for (const answer of answers) expect(answer).toMatchObject(stored);
    }
    expect(await rowBytes("calls", call_id)).toBeLessThan(2_000_000);
    expect(await rowBytes("calls", call_id)).toBeGreaterThan(1_700_000);
  });
});
