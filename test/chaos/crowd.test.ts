import { gzipSync } from "node:zlib";
import pMap from "p-map";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import * as z from "zod";
import { ask } from "../support/ask.ts";
import { bootOnNetwork } from "../support/network-ledger.ts";
import { watchLedger } from "./ledger-state.ts";
import { readUsage } from "./limited.ts";
import { makeEvent, sha256Of, type TestEvent } from "./make-call.ts";
import { listKeys } from "./objects.ts";
import { queueMessage } from "./queue-message.ts";
import { relayUntil, runCron, setFaults } from "./relay.ts";

let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
let read: ReturnType<typeof watchLedger>;
beforeAll(async () => {
  ledger = await bootOnNetwork({ main: "test/chaos/faulty-ledger.ts" });
  read = watchLedger(ledger.DB, ledger.ARCHIVE);
});
afterAll(() => ledger.close());
afterEach(async () => {
  await ledger.DB.prepare("DELETE FROM parked_bodies").run();
  const keys = [...(await listKeys(ledger.ARCHIVE, "parked/")), ...(await listKeys(ledger.ARCHIVE, "quarantine/"))];
  for (let from = 0; from < keys.length; from += 1000) await ledger.ARCHIVE.delete(keys.slice(from, from + 1000));
});

async function quarantine(bodies: readonly string[]): Promise<void> {
  const received_at = new Date().toISOString();
  const day = received_at.slice(0, 10).replaceAll("-", "/");
  const put = (body: string) =>
    ledger.ARCHIVE.put(`quarantine/${day}/${sha256Of(body)}.json`, body, {
      customMetadata: { platform: "atoms", reason: "unrecognised", detail: "", received_at, sha256: sha256Of(body) },
    });
  await pMap(bodies, put, { concurrency: 16 });
}

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const end = (callId: string, more: object = {}) => makeEvent("documented", callId, "end", more);
const areStored = async (...wanted: TestEvent[]) => {
  const { events } = await read();
  return wanted.every(({ key }) => events.has(key));
};
/** Waits for what the queue brings by itself. */
const untilStored = (events: readonly TestEvent[]) =>
  vi.waitFor(async () => expect(await areStored(...events)).toBe(true), { timeout: 30_000, interval: 200 });

async function parkInR2(events: readonly Pick<TestEvent, "body" | "sha256">[], receivedAt: string): Promise<void> {
  const customMetadata = { platform: "atoms", reason: "D1: lost" };
  await pMap(
    events,
    ({ body, sha256 }) =>
      ledger.ARCHIVE.put(`parked/${receivedAt}/${receivedAt}/${sha256}.json`, body, { customMetadata }),
    { concurrency: 32 },
  );
}

async function parkInD1({ body, sha256 }: TestEvent, receivedAt: string): Promise<void> {
  await ledger.DB.prepare(
    `INSERT INTO parked_bodies (sha256, part, platform, received_at, due_at, size, reason, body)
     VALUES (?1, 0, 'atoms', ?2, ?2, ?3, '', ?4)`,
  )
    .bind(sha256, receivedAt, body.length, gzipSync(body).toString("base64"))
    .run();
}

/** Parks bodies in D1 that can never be unpacked. */
async function parkCorrupt(count: number, receivedAt: string): Promise<void> {
  await ledger.DB.prepare(
    `INSERT INTO parked_bodies (sha256, part, platform, received_at, due_at, size, reason, body)
     WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
     SELECT printf('%064x', n), 0, 'atoms', ?2, ?2, 3, '', 'AQID' FROM numbers`,
  )
    .bind(count, receivedAt)
    .run();
}

test("behind 20,000 bodies that never can be recovered, a good one comes back in five minutes", async () => {
  await parkCorrupt(20_000, minutesAgo(61));
  const good = end("behind 20,000");
  await parkInD1(good, minutesAgo(60));
  const runs = await relayUntil(ledger.url, () => areStored(good), { timeoutMilliseconds: 100_000 });
  expect(runs).toBeLessThanOrEqual(5);
});

test("a crowd in one store does not hold up the other", async () => {
  await parkCorrupt(20_000, minutesAgo(61));
  const good = end("beside a crowd");
  await parkInR2([good], minutesAgo(1));
  await runCron(ledger.url, new Date());
  expect(await areStored(good)).toBe(true);
});

test("a crowd is counted and listed to the last", async () => {
  const inR2 = Array.from({ length: 1_200 }, (_, index) => end(`counted ${index}`));
  await parkInR2(inR2, minutesAgo(61));
  await parkCorrupt(20_000, minutesAgo(60));
  const { body } = await ask(ledger.url, "/healthz");
  expect(body).toMatchObject({ waiting: { parked: { count: 21_200 } } });
  const page = z.object({ parked: z.array(z.object({ sha256: z.string() })), next_cursor: z.string().nullable() });
  const listed = new Set<string>();
  for (let cursor: string | null = ""; cursor !== null; ) {
    const next: z.infer<typeof page> = page.parse(
      (await ask(ledger.url, `/api/parked?limit=1000${cursor && `&cursor=${cursor}`}`)).body,
    );
    for (const { sha256 } of next.parked) listed.add(sha256);
    cursor = next.next_cursor;
  }
  expect(listed.size).toBe(21_200);
});

test("behind 1,100 bodies that D1 cannot take a good one comes back in two minutes, and among them in a few", async () => {
  await ledger.DB.prepare(
    `CREATE TRIGGER refuse BEFORE INSERT ON calls WHEN new.call_id GLOB 'refused *'
     BEGIN SELECT raise(ABORT, 'no'); END`,
  ).run();
  const refused = Array.from({ length: 1_100 }, (_, index) => end(`refused ${index}`));
  const behind = end("behind those that D1 refuses");
  const among = end("among those that D1 refuses");
  await parkInR2([...refused, among], minutesAgo(61));
  await parkInR2([behind], minutesAgo(60));
  const patience = { timeoutMilliseconds: 120_000 };
  expect(await relayUntil(ledger.url, () => areStored(behind), patience)).toBeLessThanOrEqual(2);
  await relayUntil(ledger.url, () => areStored(among), patience);
  const { queries, subrequests } = await readUsage(ledger.url);
  expect(queries).toBeLessThan(1_000);
  expect(subrequests).toBeLessThan(10_000);
  await ledger.DB.prepare("DROP TRIGGER refuse").run();
});

test("more bodies than one run may take in do not end it: the next one goes on", async () => {
  const unfit = Array.from({ length: 5_200 }, (_, index) => JSON.stringify({ event: "unheard of", number: index }));
  await parkInR2(
    unfit.map((body) => ({ body, sha256: sha256Of(body) })),
    minutesAgo(60),
  );
  const isOver = async () => (await listKeys(ledger.ARCHIVE, "parked/")).length === 0;
  expect(await relayUntil(ledger.url, isOver, { timeoutMilliseconds: 200_000 })).toBeLessThanOrEqual(4);
  expect(await listKeys(ledger.ARCHIVE, "quarantine/")).toHaveLength(unfit.length);
  expect((await readUsage(ledger.url)).subrequests).toBeLessThan(10_000);
});

test("hours that are not counted yet take no more of D1 than recovering leaves them", async () => {
  await ledger.DB.prepare(
    `INSERT INTO calls (call_id, platform, agent_id, status, called_at, updated_at, ledger_first_received_at, ledger_column_versions)
     SELECT 'hour ' || value, 'atoms', 'ada', 'active', at, at, at, '{}'
     FROM (SELECT value, strftime('%Y-%m-%dT%H:00:00.000Z', '2023-01-01', value || ' hours') AS at FROM json_each(?1))`,
  )
    .bind(JSON.stringify(Array.from({ length: 1_200 }, (_, hour) => hour)))
    .run();
  const hoursIn = async (table: string) =>
    (await ledger.DB.prepare(`SELECT DISTINCT hour FROM ${table} WHERE hour < '2024'`).all()).results.length;
  await runCron(ledger.url, new Date());
  await runCron(ledger.url, new Date());
  expect(await hoursIn("ledger_hours")).toBeLessThanOrEqual(100);
  expect((await hoursIn("ledger_hours")) + (await hoursIn("ledger_stale_hours"))).toBe(1_200);
  expect((await readUsage(ledger.url)).queries).toBeLessThan(1_000);
  // They would be counted beside what the tests after this one look at.
  await ledger.DB.exec(
    "DELETE FROM calls WHERE call_id GLOB 'hour *'; DELETE FROM ledger_stale_hours; DELETE FROM ledger_hours",
  );
});

test("bodies that a store refused wait a minute behind the others", async () => {
  const good = Array.from({ length: 150 }, (_, index) => end(`behind a failure ${index}`));
  await parkInR2(good, minutesAgo(60));
  await setFaults(ledger.url, { D1: "before" });
  await runCron(ledger.url, new Date());
  await setFaults(ledger.url, {});
  await runCron(ledger.url, new Date());
  expect((await read()).parked.R2).toBe(25);
  await runCron(ledger.url, new Date(Date.now() + 61_000));
  expect((await read()).parked.R2).toBe(0);
});

test("bodies that are put off while R2 fails now and then do not multiply", async () => {
  await parkInR2(
    Array.from({ length: 100 }, (_, index) => end(`put off ${index}`)),
    minutesAgo(60),
  );
  await setFaults(ledger.url, { D1: "before", R2: { rate: 0.25, seed: 7 } });
  for (let minutes = 0; minutes < 20; minutes += 2) await runCron(ledger.url, new Date(Date.now() + minutes * 60_000));
  await setFaults(ledger.url, {});
  const parked = (await listKeys(ledger.ARCHIVE, "parked/")).length;
  expect(parked).toBeGreaterThanOrEqual(100);
  expect(parked).toBeLessThan(200);
});

test("a page of the quarantine is replayed in batches, and one that D1 cannot take keeps none of the others", async () => {
  await ledger.DB.prepare(
    `CREATE TRIGGER trip BEFORE INSERT ON calls WHEN new.call_id = 'replayed 50' BEGIN SELECT raise(ABORT, 'no'); END`,
  ).run();
  const events = Array.from({ length: 99 }, (_, index) => end(`replayed ${index}`));
  await quarantine([...events.map(({ body }) => body), JSON.stringify({ event: "unheard of" })]);
  const replay = async () => (await ask(ledger.url, "/api/quarantine/replay", { method: "POST", body: "{}" })).body;
  const { transactions } = await readUsage(ledger.url);
  expect(await replay()).toEqual({ recovered: 98, still_in_quarantine: 2, next_cursor: null });
  expect((await readUsage(ledger.url)).transactions - transactions).toBeLessThan(20);
  await ledger.DB.prepare("DROP TRIGGER trip").run();

  await setFaults(ledger.url, { D1: "before" });
  expect(await replay()).toMatchObject({ status: 503 });
  await setFaults(ledger.url, {});
  expect(await replay()).toEqual({ recovered: 1, still_in_quarantine: 1, next_cursor: null });
  expect(await areStored(...events)).toBe(true);
});

test("large bodies are in memory one after the other, whichever store they come from", async () => {
  const large = (callId: string) => end(callId, { variables: { words: "again and again ".repeat(350_000) } });
  const fromR2 = [1, 2, 3].map((index) => large(`large in R2 ${index}`));
  await parkInR2(fromR2, minutesAgo(60));
  const before = await readUsage(ledger.url);
  await runCron(ledger.url, new Date());
  expect((await readUsage(ledger.url)).transactions - before.transactions).toBe(3);

  const fromQueue = [1, 2, 3, 4, 5].map((index) => large(`large in the queue ${index}`));
  await ledger.SYNC_QUEUE.sendBatch(fromQueue.map(queueMessage));
  await untilStored(fromQueue);
  expect((await readUsage(ledger.url)).transactions - before.transactions).toBe(3 + 5);
});

test("a caller is erased among more bodies than one instance may read, in quarantine and parked", async () => {
  const PHONE = "+15550142001";
  const noise = Array.from({ length: 5_500 }, (_, index) => JSON.stringify({ event: "unheard of", index }));
  await quarantine([...noise, JSON.stringify({ event: "unheard of", caller_phone: PHONE })]);
  await parkCorrupt(1_000, minutesAgo(61));
  await parkInD1(makeEvent("documented", "the caller's", "start", { caller_phone: PHONE }), minutesAgo(1));
  const { body } = await ask(ledger.url, "/api/erasures", {
    method: "POST",
    body: JSON.stringify({ caller_phone: PHONE }),
  });
  const { job } = z.object({ job: z.string() }).parse(body);
  const isComplete = async () =>
    expect((await ask(ledger.url, `/api/jobs/${job}`)).body).toMatchObject({ status: "complete" });
  await vi.waitFor(isComplete, { timeout: 200_000, interval: 500 });
  expect((await ask(ledger.url, `/api/jobs/${job}`)).body).toMatchObject({ output: { parked: 1, quarantined: 1 } });
  const { queries, subrequests } = await readUsage(ledger.url);
  expect(queries).toBeLessThan(1_000);
  expect(subrequests).toBeLessThan(10_000);
});
