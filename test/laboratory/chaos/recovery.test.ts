import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { documentedCall } from "../../support/events.ts";
import { retellCall } from "../../support/retell.ts";
import type { Faults } from "../../support/stores/faults.ts";
import { readUsage } from "../../support/stores/limited.ts";
import { listKeys, listObjects, prefixOf } from "../../support/stores/objects.ts";
import { relayUntil, replayQuarantine, runCron, setFaults } from "../../support/stores/relay.ts";
import { vapiCall } from "../../support/vapi.ts";
import { parkBodies } from "./held-bodies.ts";
import { makeEvent, sha256Of, type TestEvent, testEvent } from "./make-call.ts";
import { queueMessage } from "./queue-message.ts";
import { bootRecoverable } from "./recoverable-ledger.ts";

const RECOVERY = { timeoutMilliseconds: 60_000 };

let ledger: Awaited<ReturnType<typeof bootRecoverable>>;
beforeAll(async () => {
  ledger = await bootRecoverable();
});
afterAll(() => ledger.close());
afterEach(async () => {
  await setFaults(ledger.url, {});
  await ledger.DB.exec("DROP TRIGGER IF EXISTS refuse");
  for (const prefix of ["parked/", "quarantine/"]) await ledger.ARCHIVE.delete(await listKeys(ledger.ARCHIVE, prefix));
});

const parked = { status: 200, body: { status: "parked" } };
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const end = (callId: string, more: object = {}) => makeEvent("documented", callId, "end", more);
const ends = (name: string, count: number) => Array.from({ length: count }, (_, nth) => end(`${name} ${nth}`));
/** Ids of the calls of some events that are not in the ledger. */
const missing = async (events: readonly TestEvent[]) => {
  const stored = (await ledger.read()).events;
  return events.filter(({ key }) => !stored.has(key)).map(({ call_id }) => call_id);
};
const countParked = async () => (await ledger.read()).parked;
const quarantined = () => listObjects(ledger.ARCHIVE, "quarantine/");
/** Whose bodies are in quarantine, as digests, and why. */
const reasons = async () =>
  Object.fromEntries((await quarantined()).map(({ customMetadata: of = {} }) => [of["sha256"], of["reason"]]));
/** The bytes of a transcript, by the id of its call. */
const transcriptOf = async (callId: string) => (await ledger.ARCHIVE.get(`${prefixOf(callId)}transcript.json`))?.text();
/** A mistake in D1, at the calls whose ids begin so. */
const refuse = (beginning: string) =>
  ledger.DB.prepare(
    `CREATE TRIGGER refuse BEFORE INSERT ON calls WHEN new.call_id GLOB '${beginning}*' BEGIN SELECT raise(ABORT, 'no'); END`,
  ).run();
const cron = () => runCron(ledger.url, new Date());

test("a body that does not fit travels like any other while R2 is down, and lands in quarantine", async () => {
  const bodies = {
    "no JSON": "not-an-object",
    '"and D1 is down"': "not-an-object",
    '{"event":"call.transferred"}': "unrecognised",
    '{"event":"call.start","call_id":7}': "invalid",
  };
  for (const body of Object.keys(bodies)) {
    const D1 = body.includes("D1") ? "before" : undefined;
    expect(await ledger.send({ platform: "atoms", body }, { R2: "before", D1 })).toMatchObject(parked);
  }
  const isOver = async () => (await quarantined()).length === Object.keys(bodies).length;
  await relayUntil(ledger.url, isOver, RECOVERY);
  for (const [body, reason] of Object.entries(bodies)) {
    const object = (await quarantined()).find(({ key }) => key.includes(sha256Of(body)));
    expect(object?.customMetadata).toMatchObject({ platform: "atoms", reason, sha256: sha256Of(body) });
    expect(await (await ledger.ARCHIVE.get(object?.key ?? ""))?.text()).toBe(body);
  }
});

test("a message that cannot be unpacked does not hold back the others of its batch", async () => {
  const events = ends("beside poison", 20);
  const poison = { body: "poison", sha256: "poison", gzip: new Uint8Array([1, 2, 3]) };
  const messages = [poison, ...events].map((one) => ({
    id: one.sha256,
    timestamp: new Date(),
    attempts: 1,
    body: queueMessage(one).body,
  }));
  const { explicitAcks, retryMessages } = await ledger.worker.queue("call-ledger-sync", messages);
  expect(explicitAcks).toEqual(events.map(({ sha256 }) => sha256));
  expect(retryMessages).toMatchObject([{ msgId: "poison" }]);
  expect(await missing(events)).toEqual([]);
});

test("a body that this code or D1 trips over is answered 200, faulty, and comes in once the mistake is mended", async () => {
  await refuse("tripped");
  const event = end("tripped over");
  const answer = { status: 200, body: { status: "quarantined", reason: "faulty", call_id: "tripped over" } };
  expect(await ledger.send(event)).toMatchObject(answer);
  expect(await reasons()).toEqual({ [event.sha256]: "faulty" });
  await ledger.DB.exec("DROP TRIGGER refuse");
  expect(await replayQuarantine(ledger.url)).toBe(1);
  expect(await missing([event])).toEqual([]);
  expect(await quarantined()).toEqual([]);
});

test("a parked body that D1 refuses goes to quarantine in the same run, its 24 neighbours come in, and a replay brings it in", async () => {
  const events = ends("crowd", 25);
  const [refused = expect.unreachable()] = events;
  await parkBodies(ledger.ARCHIVE, events, minutesAgo(1));
  await refuse("crowd 0");
  await cron();
  expect(await missing(events)).toEqual(["crowd 0"]);
  expect(await countParked()).toBe(0);
  expect(await reasons()).toEqual({ [refused.sha256]: "faulty" });

  await ledger.DB.exec("DROP TRIGGER refuse");
  expect(await replayQuarantine(ledger.url)).toBe(1);
  expect(await missing(events)).toEqual([]);
  expect(await transcriptOf("crowd 0")).toBe(refused.body);
});

test.each<[store: "D1" | "R2", of: string, about: string]>([
  ["D1", "batch", "D1 breaks"],
  ["R2", "put", "calls/R2%20breaks"],
])("a body at which %s breaks goes to quarantine while others get through", async (store, of, about) => {
  for (const others of [10, 60]) {
    const broken = end(`${store} breaks ${others}`);
    const events = [broken, ...ends(`beside ${store} ${others}`, others)];
    await parkBodies(ledger.ARCHIVE, [broken], minutesAgo(60));
    await parkBodies(ledger.ARCHIVE, events.slice(1), minutesAgo(1));
    await setFaults(ledger.url, { [store]: { works: 0, of, about, afterwards: "before" } });
    await cron();
    expect(await missing(events.slice(1))).toEqual([]);
    expect(await countParked()).toBe(0);
    expect(await reasons()).toEqual({ [broken.sha256]: "faulty" });
    await setFaults(ledger.url, {});
    expect(await replayQuarantine(ledger.url)).toBe(1);
    expect(await transcriptOf(broken.call_id)).toBe(broken.body);
  }
});

test("a body for which D1 has too much to do stays parked while others get through", async () => {
  const heavy = end("heavy");
  const events = ends("light", 40);
  await parkBodies(ledger.ARCHIVE, [heavy], minutesAgo(60));
  await parkBodies(ledger.ARCHIVE, events, minutesAgo(1));
  await setFaults(ledger.url, { D1: { works: 0, of: "batch", about: "heavy", afterwards: "overloaded" } });
  await cron();
  expect(await missing(events)).toEqual([]);
  expect(await countParked()).toBe(1);
  expect(await quarantined()).toEqual([]);
  await setFaults(ledger.url, {});
  await cron();
  expect(await missing([heavy])).toEqual([]);
});

test.each<["before" | "overloaded", tries: number]>([
  ["before", 3],
  ["overloaded", 1],
])(
  "while D1 fails (%s) a run ends after two batches, nothing is postponed, nothing goes to quarantine",
  async (afterwards, tries) => {
    const events = ends(`behind ${afterwards}`, 100);
    await parkBodies(ledger.ARCHIVE, events, minutesAgo(1));
    const { faults } = await readUsage(ledger.url);
    await setFaults(ledger.url, { D1: { works: 0, of: "batch", afterwards } });
    await cron();
    expect((await readUsage(ledger.url)).faults - faults).toBe(2 * tries);
    expect(await countParked()).toBe(100);
    expect(await quarantined()).toEqual([]);
    await setFaults(ledger.url, {});
    await cron();
    expect(await countParked()).toBe(0);
    expect(await missing(events)).toEqual([]);
  },
);

test("an overloaded D1 is asked once for an event, which is parked", async () => {
  const { faults } = await readUsage(ledger.url);
  const event = end("overloaded");
  expect(await ledger.send(event, { D1: "overloaded" })).toMatchObject(parked);
  expect((await readUsage(ledger.url)).faults).toBe(faults + 1);
  expect(await countParked()).toBe(1);
  await cron();
  expect(await missing([event])).toEqual([]);
});

test("runs of the cron that overlap recover everything once", async () => {
  const calls = Array.from({ length: 40 }, (_, index) => {
    const call_id = `twice ${index}`;
    return { call_id, events: (["end", "analytics"] as const).map((name) => makeEvent("documented", call_id, name)) };
  });
  const sent = calls.flatMap(({ events }) => events);
  const faults: Faults[] = [{ D1: "before" }, { D1: "after" }];
  await Promise.all(sent.map((event, index) => ledger.send(event, faults[index % 3 === 0 ? 0 : 1])));
  await Promise.all([1, 2, 3].map(cron));
  const ids = new Set(calls.map(({ call_id }) => call_id));
  const delivered = async () => {
    const { deliveries, parked } = await ledger.read();
    const own = deliveries.filter(({ call_id }) => ids.has(call_id));
    return parked === 0 && own.length === ids.size && own.every(({ state }) => state === "delivered");
  };
  await relayUntil(ledger.url, delivered, RECOVERY);

  const { events } = await ledger.read();
  const stored = Array.from(events).flatMap(([key, { call_id }]) => (ids.has(call_id) ? [key] : []));
  expect(stored.sort()).toEqual(sent.map(({ key }) => key).sort());
  expect(await quarantined()).toEqual([]);
  for (const { call_id, events } of calls) {
    expect(await listKeys(ledger.ARCHIVE, prefixOf(call_id))).toEqual([`${prefixOf(call_id)}transcript.json`]);
    expect(await transcriptOf(call_id)).toBe(events[0]?.body);
  }
});

test("an end larger than a message is parked while D1 is down, and reaches the archive byte for byte", async () => {
  const body = JSON.stringify(
    documentedCall({ call_id: "large" }).end({ variables: { noise: randomBytes(4_000_000).toString("base64") } }),
  );
  expect(await ledger.send({ platform: "atoms", body }, { D1: "before" })).toMatchObject(parked);
  await cron();
  expect(await countParked()).toBe(0);
  expect(sha256Of((await transcriptOf("large")) ?? "")).toBe(sha256Of(body));
});

test("an end too large for a message is answered 503 while R2 is down, and its repetition is stored once", async () => {
  const event = end("too large", { variables: { noise: randomBytes(200_000).toString("base64") } });
  for (const faults of [{ R2: "before" }, { D1: "before", R2: "before" }] as const) {
    const answer = await ledger.send(event, faults);
    expect(answer).toMatchObject({ status: 503, body: { status: 503 } });
    expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
  }
  expect(await ledger.send(event)).toMatchObject({ status: 200 });
  const own = [...(await ledger.read()).events.values()].filter(({ call_id }) => call_id === "too large");
  expect(own).toHaveLength(1);
  expect(await transcriptOf("too large")).toBe(event.body);
});

test("an event of a call that another platform began goes to quarantine, fresh or parked, and changes nothing", async () => {
  const call_id = "begun by Retell";
  const own = retellCall({ call_id });
  for (const name of ["start", "end", "analytics"] as const) {
    expect(await ledger.send(testEvent("retell", call_id, [name], own[name]()))).toMatchObject({ status: 200 });
  }
  await ledger.recoverAll();
  await ledger.ARCHIVE.delete(await listKeys(ledger.ARCHIVE, "quarantine/"));
  const before = await ledger.snapshot();

  const foreign = vapiCall({ call_id });
  const fresh = testEvent("vapi", call_id, ["end", "analytics"], foreign.report());
  const late = testEvent("vapi", call_id, ["start"], foreign.start());
  const answer = { status: 200, body: { status: "quarantined", reason: "other-platform", call_id } };
  expect(await ledger.send(fresh)).toMatchObject(answer);
  expect(await ledger.send(late, { D1: "before" })).toMatchObject(parked);
  await cron();
  expect(await reasons()).toEqual({ [fresh.sha256]: "other-platform", [late.sha256]: "other-platform" });
  const { tables, objects } = await ledger.snapshot();
  expect({ tables, objects: Object.keys(objects).filter((key) => !key.startsWith("quarantine/")) }).toEqual({
    tables: before.tables,
    objects: Object.keys(before.objects),
  });
});
