import pMap from "p-map";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import * as z from "zod";
import { ask } from "../../support/ask.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { readUsage } from "../../support/stores/limited.ts";
import { listKeys, listObjects } from "../../support/stores/objects.ts";
import { relayUntil, runCron, setFaults } from "../../support/stores/relay.ts";
import { parkBodies, quarantineBodies } from "./held-bodies.ts";
import { watchLedger } from "./ledger-state.ts";
import { makeEvent, sha256Of, type TestEvent } from "./make-call.ts";
import { queueMessage } from "./queue-message.ts";

let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
let read: ReturnType<typeof watchLedger>;
beforeAll(async () => {
  ledger = await bootOnNetwork({ main: "test/support/stores/faulty-ledger.ts" });
  read = watchLedger(ledger.DB, ledger.ARCHIVE);
});
afterAll(() => ledger.close());
afterEach(async () => {
  await ledger.DB.exec("DROP TRIGGER IF EXISTS refuse");
  const keys = [...(await listKeys(ledger.ARCHIVE, "parked/")), ...(await listKeys(ledger.ARCHIVE, "quarantine/"))];
  for (let from = 0; from < keys.length; from += 1000) await ledger.ARCHIVE.delete(keys.slice(from, from + 1000));
});

const RECOVERY = { timeoutMilliseconds: 280_000 };

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const end = (callId: string, more: object = {}) => makeEvent("documented", callId, "end", more);
const ends = (name: string, count: number, more: object = {}) =>
  Array.from({ length: count }, (_, nth) => end(`${name} ${nth}`, more));
const unfit = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, number) => {
    const body = JSON.stringify({ event: "unheard of", number, ...more });
    return { body, sha256: sha256Of(body) };
  });
const areStored = async (...wanted: TestEvent[]) => {
  const { events } = await read();
  return wanted.every(({ key }) => events.has(key));
};
/** Waits for what the queue brings by itself. */
const untilStored = (events: readonly TestEvent[]) =>
  vi.waitFor(async () => expect(await areStored(...events)).toBe(true), { timeout: 60_000, interval: 200 });
const nothingParked = async () => (await listKeys(ledger.ARCHIVE, "parked/")).length === 0;
/** A mistake in D1, at the calls whose ids begin so. */
const refuse = (beginning: string) =>
  ledger.DB.prepare(
    `CREATE TRIGGER refuse BEFORE INSERT ON calls WHEN new.call_id GLOB '${beginning}*' BEGIN SELECT raise(ABORT, 'no'); END`,
  ).run();

/** The limits of an invocation on Workers Paid. */
async function expectWithinLimits(): Promise<void> {
  const { queries, subrequests } = await readUsage(ledger.url);
  expect(queries).toBeLessThan(1_000);
  expect(subrequests).toBeLessThan(10_000);
}

test("a crowd is counted and listed to the last", async () => {
  await parkBodies(ledger.ARCHIVE, ends("counted", 1_200), minutesAgo(61));
  const { body } = await ask(ledger.url, "/healthz");
  expect(body).toMatchObject({ waiting: { parked: { count: 1_200 } } });
  const page = z.object({ parked: z.array(z.object({ key: z.string() })), next_cursor: z.string().nullable() });
  const listed = new Set<string>();
  for (let cursor: string | null = ""; cursor !== null; ) {
    const address = `/api/parked?limit=1000${cursor && `&cursor=${cursor}`}`;
    const next: z.infer<typeof page> = page.parse((await ask(ledger.url, address)).body);
    for (const { key } of next.parked) listed.add(key);
    cursor = next.next_cursor;
  }
  expect(listed.size).toBe(1_200);
});

test("3,100 events come back in two runs of the cron, 3,000 in one", async () => {
  const events = Array.from({ length: 3_100 }, (_, nth) => makeEvent("documented", `back ${nth}`, "start"));
  await parkBodies(ledger.ARCHIVE, events, minutesAgo(60));
  expect(await relayUntil(ledger.url, nothingParked, RECOVERY)).toBe(2);
  expect(await areStored(...events)).toBe(true);
  await expectWithinLimits();
});

test("bodies that do not fit hold up nobody: behind 1,500 of them a good one comes back in the first run", async () => {
  const good = end("behind those that do not fit");
  await parkBodies(ledger.ARCHIVE, unfit(1_500), minutesAgo(61));
  await parkBodies(ledger.ARCHIVE, [good], minutesAgo(60));
  await runCron(ledger.url, new Date());
  expect(await areStored(good)).toBe(true);
  expect(await nothingParked()).toBe(true);
  expect(await listKeys(ledger.ARCHIVE, "quarantine/")).toHaveLength(1_500);
  await expectWithinLimits();
});

test("hours that are not counted yet are counted a few a run", async () => {
  await ledger.DB.prepare(
    `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions)
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
  await expectWithinLimits();
  // They would be counted beside what the tests after this one look at.
  await ledger.DB.exec(
    "DELETE FROM calls WHERE call_id GLOB 'hour *'; DELETE FROM ledger_stale_hours; DELETE FROM ledger_hours",
  );
});

test("a page of the quarantine is replayed in batches, and one that D1 cannot take keeps none of the others", async () => {
  await refuse("replayed 50");
  const events = ends("replayed", 99);
  await quarantineBodies(ledger.ARCHIVE, [...events, ...unfit(1)]);
  const replay = async () => (await ask(ledger.url, "/api/quarantine/replay", { method: "POST", body: "{}" })).body;
  const { transactions } = await readUsage(ledger.url);
  expect(await replay()).toEqual({ recovered: 98, still_in_quarantine: 2, next_cursor: null });
  expect((await readUsage(ledger.url)).transactions - transactions).toBeLessThan(40);
  await ledger.DB.exec("DROP TRIGGER refuse");

  await setFaults(ledger.url, { D1: "before" });
  expect(await replay()).toMatchObject({ status: 503 });
  await setFaults(ledger.url, {});
  expect(await replay()).toEqual({ recovered: 1, still_in_quarantine: 1, next_cursor: null });
  expect(await areStored(...events)).toBe(true);
});

test("a hundred bodies are four transactions, and large ones are in memory one after the other, from wherever they come", async () => {
  const words = { variables: { words: "again and again ".repeat(350_000) } };
  const crowds: [transactions: number, (name: string) => TestEvent[]][] = [
    [4, (name) => ends(`small ${name}`, 100)],
    [3, (name) => ends(`large ${name}`, 3, words)],
  ];
  for (const [transactions, make] of crowds) {
    const parked = make("in R2");
    await parkBodies(ledger.ARCHIVE, parked, minutesAgo(60));
    const before = await readUsage(ledger.url);
    await runCron(ledger.url, new Date());
    expect(await areStored(...parked)).toBe(true);
    const between = await readUsage(ledger.url);
    // One more may write down that bodies are parked, for the alerts.
    expect([transactions, transactions + 1]).toContain(between.transactions - before.transactions);

    const carried = make("in the queue");
    await ledger.SYNC_QUEUE.sendBatch(carried.map(queueMessage));
    await untilStored(carried);
    expect((await readUsage(ledger.url)).transactions - between.transactions).toBe(transactions);
  }
});

test("a caller is erased among thousands of bodies, parked and in quarantine", async () => {
  const PHONE = "+15550142001";
  const number = "15550142001";
  const more = { caller_phone: PHONE };
  await quarantineBodies(ledger.ARCHIVE, [...unfit(2_100), ...unfit(1, more).map((body) => ({ ...body, number }))]);
  const theirs = { ...makeEvent("documented", "the caller's", "start", more), number };
  await parkBodies(ledger.ARCHIVE, [...ends("of others", 1_100), theirs], minutesAgo(1));
  const { body } = await ask(ledger.url, "/api/erasures", { method: "POST", body: JSON.stringify(more) });
  const { job } = z.object({ job: z.string() }).parse(body);
  const complete = { status: "complete", output: { calls: 0, parked: 1, quarantined: 1 } };
  const isComplete = async () => expect((await ask(ledger.url, `/api/jobs/${job}`)).body).toMatchObject(complete);
  await vi.waitFor(isComplete, { timeout: 200_000, interval: 500 });
  await expectWithinLimits();
});

test("a crowd that D1 refuses goes to quarantine in a few runs, and nothing else does", async () => {
  await refuse("refused ");
  // Each body of a batch with a mistake is a query, and D1 takes 1,000 of an invocation: the first run meets the limit within a batch.
  const events = Array.from({ length: 1_200 }, (_, nth) => end(`${nth % 5 === 0 ? "good" : "refused"} ${nth}`));
  const began = Date.now() - 3_600_000;
  const park = (event: TestEvent, nth: number) =>
    parkBodies(ledger.ARCHIVE, [event], new Date(began + nth).toISOString());
  await pMap(events, park, { concurrency: 32 });
  expect(await relayUntil(ledger.url, nothingParked, RECOVERY)).toBe(2);
  expect((await readUsage(ledger.url)).queries).toBeGreaterThan(1_000);
  const isGood = ({ call_id }: TestEvent) => call_id.startsWith("good");
  expect(await areStored(...events.filter(isGood))).toBe(true);
  const objects = await listObjects(ledger.ARCHIVE, "quarantine/");
  expect(objects.map(({ customMetadata: of = {} }) => `${of["reason"]} ${of["sha256"]}`).sort()).toEqual(
    events.flatMap((event) => (isGood(event) ? [] : `faulty ${event.sha256}`)).sort(),
  );
});
