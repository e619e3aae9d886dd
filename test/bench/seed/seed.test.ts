import { afterAll, beforeAll, expect, test } from "vitest";
import { ask } from "../../support/ask.ts";
import { bootLedger } from "../../support/ledger.ts";
import { fill, writeTo } from "./fill.ts";

const plan = { calls: 600, days: 6, seed: 7, until: new Date("2024-07-18T12:00:00.000Z") };
const range = "from=2024-07-01&to=2024-07-18";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
const read = async (sql: string) => (await ledger.DB.prepare(sql).all()).results;
const everything = () =>
  Promise.all(
    ["calls", "events", "sync_deliveries"].map((table) => read(`SELECT * FROM ${table} ORDER BY call_id, 1`)),
  );

beforeAll(async () => {
  ledger = await bootLedger();
  await fill(writeTo(ledger.DB), plan);
});
afterAll(() => ledger.harness.close());

test("as many calls as were asked for, none after the last moment", async () => {
  expect(
    await read("SELECT count(*) AS calls, max(called_at) <= '2024-07-18T12:00:00.000Z' AS over FROM calls"),
  ).toEqual([{ calls: 600, over: 1 }]);
});

test("calls name exactly the events they have, in order", async () => {
  const named = await read(
    "SELECT calls.call_id, value AS event_id FROM calls, json_each(calls.event_ids) ORDER BY calls.call_id, json_each.key",
  );
  expect(named).toEqual(await read("SELECT call_id, event_id FROM events ORDER BY call_id, event_id"));
  expect(named.length).toBeGreaterThan(1700);
});

test("calls lie in the order of their time", async () => {
  expect(
    await read("SELECT call_id FROM calls WHERE time_order / 524288 <> round(unixepoch(called_at, 'subsec') * 1000)"),
  ).toEqual([]);
});

test("each analyzed call has its delivery", async () => {
  expect(
    await read(
      `SELECT calls.call_id FROM calls LEFT JOIN sync_deliveries AS delivery ON delivery.event_id = calls.call_id || '-analytics'
       WHERE (calls.status = 'analyzed') <> (delivery.event_id IS NOT NULL)`,
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

test("the same seed once more writes nothing, and a longer plan of the same pace only what is older", async () => {
  const before = await everything();
  await fill(writeTo(ledger.DB), plan);
  expect(await everything()).toEqual(before);

  await fill(writeTo(ledger.DB), { ...plan, calls: 1200, days: 12 });
  const [calls = []] = await everything();
  expect(calls).toHaveLength(1200);
  expect(calls.slice(600)).toEqual(before[0]);
});
