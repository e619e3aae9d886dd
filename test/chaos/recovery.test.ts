import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { SYNC_SECRET, startDownstream } from "../support/downstream.ts";
import { documentedCall } from "../support/events.ts";
import { bootOnNetwork } from "../support/network-ledger.ts";
import { post } from "../support/post.ts";
import { postVapi, VAPI_SECRET, vapiCall } from "../support/vapi.ts";
import type { Faults } from "./faults.ts";
import { watchLedger } from "./ledger-state.ts";
import { makeEvent, sha256Of } from "./make-call.ts";
import { listKeys, listObjects, prefixOf } from "./objects.ts";
import { relayUntil, runCron, setFaults } from "./relay.ts";
import { faultyHeaders } from "./send-call.ts";

const RECOVERY = { timeoutMilliseconds: 20_000 };

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
let read: ReturnType<typeof watchLedger>;
beforeAll(async () => {
  downstream = await startDownstream();
  const env = { SYNC_URL: downstream.url, SYNC_SECRET, VAPI_WEBHOOK_SECRETS: VAPI_SECRET };
  ledger = await bootOnNetwork({ main: "test/chaos/faulty-ledger.ts", env });
  read = watchLedger(ledger.DB, ledger.ARCHIVE);
});
afterAll(async () => {
  await ledger.close();
  await downstream.close();
});

const postWith = (faults: Faults, payload: unknown) => post(ledger.url, payload, faultyHeaders(faults));
const parked = { status: 200, body: { status: "parked" } };
/** The bytes of a transcript, by the id of its call. */
const transcriptOf = async (callId: string) => (await ledger.ARCHIVE.get(`${prefixOf(callId)}transcript.json`))?.text();
const nothingParked = async () => {
  const { D1, R2 } = (await read()).parked;
  return D1 + R2 === 0;
};

test("a body that does not fit parks like any other while R2 is down, and lands in quarantine", async () => {
  const bodies = {
    "no JSON": "not-an-object",
    '"the queue alone"': "not-an-object",
    '{"event":"call.transferred"}': "unrecognised",
    '{"event":"call.start","call_id":7}': "invalid",
  };
  for (const body of Object.keys(bodies)) {
    const D1 = body.includes("queue") ? "before" : undefined;
    expect(await postWith({ R2: "before", D1 }, body)).toMatchObject(parked);
  }
  const quarantined = () => listObjects(ledger.ARCHIVE, "quarantine/");
  const isOver = async () => (await quarantined()).length === Object.keys(bodies).length && nothingParked();
  await relayUntil(ledger.url, isOver, RECOVERY);
  const objects = await quarantined();
  for (const [body, reason] of Object.entries(bodies)) {
    const object = objects.find(({ key }) => key.includes(sha256Of(body)));
    expect(object?.customMetadata).toMatchObject({ platform: "atoms", reason, sha256: sha256Of(body) });
    expect(await (await ledger.ARCHIVE.get(object?.key ?? ""))?.text()).toBe(body);
  }
});

test("behind 1,500 bodies that never can be recovered, a good one comes back in the first run of the cron", async () => {
  const park = ledger.DB.prepare(
    `INSERT INTO parked_bodies (sha256, part, platform, received_at, due_at, size, reason, body)
     VALUES (?1, 0, 'atoms', ?2, ?2, 3, '', ?3)`,
  );
  const hourAgo = (seconds: number) => new Date(Date.now() - 3_600_000 + seconds * 1000).toISOString();
  // Base64 that is no gzip, and text that is no base64.
  const poison = Array.from({ length: 1_500 }, (_, index) =>
    park.bind(sha256Of(`poison ${index}`), hourAgo(0), index % 2 === 0 ? "AQID" : "{}"),
  );
  const { body, sha256, key } = makeEvent("documented", "behind poison", "end");
  await ledger.DB.batch([...poison, park.bind(sha256, hourAgo(1), gzipSync(body).toString("base64"))]);
  await runCron(ledger.url, new Date());
  const state = await read();
  expect(state.events.has(key)).toBe(true);
  expect(state.parked.D1).toBe(1_500);
  expect(await transcriptOf("behind poison")).toBe(body);

  // Put off by a quarter of their age: nothing is due in the next minute.
  const { results } = await ledger.DB.prepare("SELECT min(due_at) AS due FROM parked_bodies").all<{ due: string }>();
  expect(Date.parse(results[0]?.due ?? "")).toBeGreaterThan(Date.now() + 14 * 60_000);
  await ledger.DB.prepare("DELETE FROM parked_bodies").run();
});

test("a crowd of good bodies comes back in one run, in batches, and one mistake among them sends its batch one by one", async () => {
  const events = Array.from({ length: 300 }, (_, id) => makeEvent("documented", `crowd ${id}`, "end"));
  for (const { body, sha256 } of events) {
    const received_at = new Date(Date.now() - 60_000).toISOString();
    await ledger.ARCHIVE.put(`parked/${received_at}/${received_at}/${sha256}.json`, body, {
      customMetadata: { platform: "atoms", reason: "D1: lost" },
    });
  }
  // A row that is there already by half: the constraint fails the transaction that wants to insert its call.
  await ledger.DB.prepare(
    "CREATE TRIGGER refuse BEFORE INSERT ON calls WHEN new.call_id = 'crowd 7' BEGIN SELECT raise(ABORT, 'no'); END",
  ).run();
  const began = performance.now();
  await runCron(ledger.url, new Date());
  const seconds = (performance.now() - began) / 1000;
  const { events: stored, parked: left } = await read();
  expect(events.filter(({ key }) => !stored.has(key))).toHaveLength(1);
  expect(left.R2).toBe(1);
  console.log(`recovered 299 of 300 in ${seconds.toFixed(1)} s`);

  await ledger.DB.prepare("DROP TRIGGER refuse").run();
  await relayUntil(ledger.url, nothingParked, RECOVERY);
  expect((await read()).events.size).toBeGreaterThanOrEqual(300);
});

test("a message that cannot be unpacked does not hold back the others of its batch", async () => {
  const message = (packed: Uint8Array, sha256: string) => ({
    body: {
      parked: new Uint8Array(packed),
      size: 100,
      platform: "atoms",
      sha256,
      received_at: new Date().toISOString(),
    },
    contentType: "v8" as const,
  });
  const events = Array.from({ length: 20 }, (_, id) => makeEvent("documented", `beside poison ${id}`, "start"));
  await ledger.SYNC_QUEUE.sendBatch([
    message(new Uint8Array([1, 2, 3]), "poison"),
    ...events.map(({ body, sha256 }) => message(gzipSync(body), sha256)),
  ]);
  const arrived = async () => {
    const stored = (await read()).events;
    return events.every(({ key }) => stored.has(key));
  };
  // With the first delivery: a batch that is sent back as a whole rests for three seconds at least.
  await relayUntil(ledger.url, arrived, { timeoutMilliseconds: 2_500 });
});

test("large bodies that a queue brings at once are ingested a few at a time", async () => {
  const note = "n".repeat(1_500_000);
  const bodies = Array.from({ length: 5 }, (_, nth) =>
    JSON.stringify(documentedCall({ call_id: `bulky ${nth}` }).start({ note })),
  );
  await ledger.SYNC_QUEUE.sendBatch(
    bodies.map((body) => {
      const parked = new Uint8Array(gzipSync(body));
      const received_at = new Date().toISOString();
      const content = { parked, size: body.length, platform: "atoms", sha256: sha256Of(body), received_at };
      return { body: content, contentType: "v8" as const };
    }),
  );
  const bulky = async () => [...(await read()).calls.values()].filter(({ call_id }) => call_id.startsWith("bulky"));
  await vi.waitFor(async () => expect(await bulky()).toHaveLength(bodies.length), { timeout: 10_000 });
  // One transaction has one time.
  expect(new Set((await bulky()).map(({ updated_at }) => updated_at)).size).toBeGreaterThan(1);
});

test("runs of the cron that overlap recover everything once", async () => {
  const calls = Array.from({ length: 40 }, (_, index) => {
    const call_id = `twice ${index}`;
    return { call_id, events: (["end", "analytics"] as const).map((name) => makeEvent("documented", call_id, name)) };
  });
  const sent = calls.flatMap(({ events }) => events);
  const faults: Faults[] = [{ D1: "before" }, { R2: "before" }];
  await Promise.all(sent.map(({ body }, index) => postWith(faults[index % 3 === 0 ? 0 : 1] ?? {}, body)));
  await Promise.all([1, 2, 3].map(() => runCron(ledger.url, new Date())));
  const ids = new Set(calls.map(({ call_id }) => call_id));
  const delivered = async () => {
    const deliveries = (await read()).deliveries.filter(({ call_id }) => ids.has(call_id));
    return deliveries.length === ids.size && deliveries.every(({ state }) => state === "delivered") && nothingParked();
  };
  await relayUntil(ledger.url, delivered, RECOVERY);

  const { events } = await read();
  const stored = Array.from(events).flatMap(([key, { call_id }]) => (ids.has(call_id) ? [key] : []));
  expect(stored.sort()).toEqual(sent.map(({ key }) => key).sort());
  for (const { call_id, events } of calls) {
    expect(await listKeys(ledger.ARCHIVE, prefixOf(call_id))).toEqual([`${prefixOf(call_id)}transcript.json`]);
    expect(await transcriptOf(call_id)).toBe(events[0]?.body);
  }
});

test("a body far larger than a row is parked in D1 compressed, and reaches R2 byte for byte", async () => {
  const transcript = Array.from({ length: 20_000 }, (_, turn) => ({
    role: "user",
    content: `${turn}: ${"मैं ".repeat(20)}`,
  }));
  const body = JSON.stringify(documentedCall({ call_id: "large" }).end({ transcript }));
  expect(Buffer.byteLength(body)).toBeGreaterThan(4_000_000);
  expect(await postWith({ R2: "before" }, body)).toMatchObject(parked);
  expect((await read()).parked).toEqual({ D1: 1, R2: 0 });
  await relayUntil(ledger.url, nothingParked, RECOVERY);
  expect(sha256Of((await transcriptOf("large")) ?? "")).toBe(sha256Of(body));
});

test("one that does not compress is parked in D1 in parts; one too large for every store is answered 503", async () => {
  const large = (call_id: string) =>
    JSON.stringify(
      documentedCall({ call_id }).end({ variables: { noise: randomBytes(4_000_000).toString("base64") } }),
    );
  const body = large("incompressible");
  expect(await postWith({ R2: "before" }, body)).toMatchObject(parked);
  const parts = await ledger.DB.prepare("SELECT part FROM parked_bodies WHERE sha256 = ?").bind(sha256Of(body)).all();
  expect(parts.results.length).toBeGreaterThan(1);
  await relayUntil(ledger.url, nothingParked, RECOVERY);
  expect(sha256Of((await transcriptOf("incompressible")) ?? "")).toBe(sha256Of(body));

  const answer = await postWith({ D1: "before", R2: "before" }, large("too large for a message"));
  expect(answer).toMatchObject({ status: 503, body: { status: 503 } });
  expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
});

test("two deliveries of a body, of which the second has more parts in D1, are not mixed", async () => {
  const noise = (bytes: number) => randomBytes(bytes).toString("hex");
  const { report } = vapiCall({ call_id: "parts" });
  const variableValues = { noise: noise(1_500_000) };
  const links = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`presigned${index}`, noise(3_900)]));
  const first = JSON.stringify(report({ artifact: { variableValues } }));
  const second = JSON.stringify(report({ artifact: { variableValues, ...links } }));
  const headers = { "X-Vapi-Secret": VAPI_SECRET, ...faultyHeaders({ R2: "before" }) };
  for (const body of [first, second]) {
    expect(await postVapi(ledger.url, body, headers)).toMatchObject(parked);
  }
  await relayUntil(ledger.url, nothingParked, RECOVERY);
  expect(sha256Of((await transcriptOf("parts")) ?? "")).toBe(sha256Of(first));
});

test("small bodies come back before large ones, whose Worker may die of them", async () => {
  const call = (id: string) => documentedCall({ call_id: id });
  const large = JSON.stringify(call("deadly").end({ variables: { noise: "x".repeat(2_000_000) } }));
  const at = new Date(Date.now() - 3_600_000).toISOString();
  const customMetadata = { platform: "atoms", reason: "large: parked before it was parsed" };
  await ledger.ARCHIVE.put(`parked/${at}/${at}/${sha256Of(large)}.json`, large, { customMetadata });
  for (const id of ["behind 1", "behind 2"]) {
    expect(await postWith({ D1: "before" }, call(id).end())).toMatchObject(parked);
  }
  // Enough to list the three, and to read and archive two.
  await setFaults(ledger.url, { R2: { works: 6, afterwards: "hang" } });
  const run = runCron(ledger.url, new Date(Date.now() + 60_000));
  for (const id of ["behind 1", "behind 2"]) {
    await vi.waitFor(async () => expect(await transcriptOf(id)).toBeDefined(), { timeout: 10_000 });
  }
  await setFaults(ledger.url, {});
  await run;
  await relayUntil(ledger.url, nothingParked, RECOVERY);
});
