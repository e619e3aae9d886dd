import { afterAll, beforeAll, expect, test } from "vitest";
import { ask } from "../../../support/ask.ts";
import { bootLedger } from "../../../support/ledger.ts";
import { fill, writeTo } from "./fill.ts";

const plan = { calls: 600, days: 6, seed: 7, until: new Date("2024-07-18T12:00:00.000Z"), words: true };
const range = "from=2024-07-01&to=2024-07-18";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
const read = async (sql: string) => (await ledger.DB.prepare(sql).all()).results;
const everything = () =>
  Promise.all(
    [
      "SELECT * FROM calls ORDER BY call_id",
      "SELECT * FROM events ORDER BY call_id, event",
      "SELECT * FROM sync_deliveries ORDER BY call_id",
      "SELECT * FROM ledger_caller_numbers ORDER BY id",
      "SELECT * FROM tool_calls ORDER BY call_id, number",
    ].map(read),
  );

beforeAll(async () => {
  ledger = await bootLedger({ env: { SEARCH_TRANSCRIPTS: "on" } });
  await fill(writeTo(ledger.DB), plan);
});
afterAll(() => ledger.harness.close());

test("as many calls as the plan has, none after the last moment", async () => {
  expect(
    await read("SELECT count(*) AS calls, max(called_at) <= '2024-07-18T12:00:00.000Z' AS over FROM calls"),
  ).toEqual([{ calls: 600, over: 1 }]);
});

test("each call has the events that its times say", async () => {
  const times = { "call.start": "started_at", "call.end": "ended_at", "analytics.completed": "analyzed_at" };
  for (const [event, time] of Object.entries(times)) {
    const differing = await read(
      `SELECT calls.call_id FROM calls LEFT JOIN events ON events.call_id = calls.call_id AND event = '${event}'
       WHERE calls.${time} IS NOT events.occurred_at`,
    );
    expect(differing).toEqual([]);
  }
  const [counted] = await read("SELECT count(*) AS events FROM events");
  expect(counted?.["events"]).toBeGreaterThan(1700);
});

test("ended calls have a cost, answered ones a latency and tools, of which some fail", async () => {
  expect(await read("SELECT call_id FROM calls WHERE (cost_usd IS NULL) <> (ended_at IS NULL)")).toEqual([]);
  const { body } = await ask(ledger.url, `/api/stats?${range}`);
  expect(body).toMatchObject({
    totals: { cost_usd: expect.any(Number), latency_ms: expect.any(Number) },
    tools: expect.arrayContaining([expect.objectContaining({ name: "look_up_customer" })]),
  });
  const [failed] = await read("SELECT count(*) AS failed FROM tool_calls WHERE status = 'error'");
  expect(failed?.["failed"]).toBeGreaterThan(10);
});

test("calls came in the order of their time", async () => {
  expect(
    await read(
      `SELECT call_id FROM (SELECT call_id, called_at, lag(called_at) OVER (ORDER BY id) AS before FROM calls)
       WHERE called_at < before`,
    ),
  ).toEqual([]);
  expect(
    await read("SELECT call_id FROM calls WHERE called_at <> coalesce(started_at, ended_at, ledger_first_received_at)"),
  ).toEqual([]);
});

test("each column that an event set has its version, as in a call that came in by its webhooks", async () => {
  expect(
    await read(
      `SELECT ledger_column_versions FROM calls
       WHERE (ledger_column_versions ->> 'started_at' = '3 ' || started_at || ' 000000000000') IS NOT TRUE
         OR (ledger_column_versions ->> 'ended_at' IS NULL) <> (ended_at IS NULL)
         OR (ledger_column_versions ->> 'metrics' IS NULL) <> (metrics IS NULL)`,
    ),
  ).toEqual([]);
});

test("each analyzed call has its delivery", async () => {
  expect(
    await read(
      `SELECT calls.call_id FROM calls LEFT JOIN sync_deliveries AS delivery ON delivery.call_id = calls.call_id
       WHERE (calls.status = 'analyzed') <> (delivery.event_id IS NOT NULL)`,
    ),
  ).toEqual([]);
  expect(
    await read(
      `SELECT delivery.call_id FROM sync_deliveries AS delivery LEFT JOIN events USING (call_id, event, event_id)
       WHERE events.call_id IS NULL`,
    ),
  ).toEqual([]);
});

test("the API tells of them: calls of every kind, their metrics, and one in full", async () => {
  const { body } = await ask(ledger.url, `/api/stats?${range}`);
  expect(body).toMatchObject({
    totals: { calls: 600 },
    agents: expect.objectContaining({ length: 8 }),
    metrics: expect.arrayContaining([
      expect.objectContaining({ metric: "satisfaction_score", type: "number", least: 1, most: 5 }),
      expect.objectContaining({ metric: "issue_resolved", type: "boolean" }),
      expect.objectContaining({ metric: "product_discussed", type: "text" }),
    ]),
  });
  const [analyzed] = await read("SELECT call_id FROM calls WHERE status = 'analyzed' LIMIT 1");
  expect((await ask(ledger.url, `/api/calls/${analyzed?.["call_id"]}`)).body).toMatchObject({
    call: { status: "analyzed" },
    events: [{ event: "call.start" }, { event: "call.end" }, { event: "analytics.completed" }],
    deliveries: [{ destination: "webhook" }],
  });
});

test("no call names a transcript, since none has one", async () => {
  expect(
    await read(
      `SELECT call_id FROM calls
       WHERE transcript_key IS NOT NULL OR transcript_turns IS NOT NULL OR ledger_column_versions LIKE '%transcript%'`,
    ),
  ).toEqual([]);
  const [ended] = await read("SELECT call_id FROM calls WHERE ended_at IS NOT NULL LIMIT 1");
  expect(await ask(ledger.url, `/api/calls/${ended?.["call_id"]}/transcript`)).toMatchObject({
    status: 404,
    body: { detail: "The call has not ended, or had none." },
  });
});

test("a call is found by its number and by its words", async () => {
  const [call] = await read(
    "SELECT call_id, caller_phone, variables ->> 'invoice' AS invoice FROM calls WHERE ended_at IS NOT NULL LIMIT 1",
  );
  for (const q of [call?.["caller_phone"], `"${call?.["invoice"]}"`]) {
    const { body } = await ask(ledger.url, `/api/calls?${new URLSearchParams({ q: String(q) })}`);
    expect(body).toMatchObject({ calls: [{ call_id: call?.["call_id"] }] });
  }
});

test("the same seed once more writes nothing, and a longer plan of the same pace only what is older", async () => {
  const words = () => read("SELECT rowid FROM ledger_search_index");
  const [before, wordsBefore] = [await everything(), await words()];
  await fill(writeTo(ledger.DB), plan);
  expect(await everything()).toEqual(before);
  expect(await words()).toEqual(wordsBefore);

  await fill(writeTo(ledger.DB), { ...plan, calls: 1200, days: 12 });
  const [calls = []] = await everything();
  expect(calls).toHaveLength(1200);
  expect(calls.slice(600)).toEqual(before[0]);
});

test("hours that are over are counted, once", async () => {
  const [uncounted] = await read("SELECT count(*) AS hours FROM ledger_stale_hours WHERE hour < '2024-07-18T12'");
  expect(uncounted).toEqual({ hours: 0 });
  const [totals] = await read("SELECT sum(calls) AS calls FROM ledger_hours WHERE agent_id = ''");
  const [calls] = await read("SELECT count(*) AS calls FROM calls WHERE called_at < '2024-07-18T12'");
  expect(totals).toEqual(calls);
});

test("without words, none are searched", async () => {
  await fill(writeTo(ledger.DB), { ...plan, seed: 8, calls: 10, words: false });
  expect(await read("SELECT id FROM calls WHERE call_id LIKE 'seed-8-%'")).toHaveLength(10);
  expect(
    await read(
      "SELECT id FROM calls JOIN ledger_search_index ON ledger_search_index.rowid = id WHERE call_id LIKE 'seed-8-%'",
    ),
  ).toEqual([]);
});
