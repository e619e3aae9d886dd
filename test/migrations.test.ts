import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { unstable_splitSqlQuery as splitSql } from "wrangler";
import { callRow, deliveryRow, eventRow, toolCallRow } from "../src/ledger/schema.ts";
import { atomsCall, documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";

const folder = resolve(import.meta.dirname, "../src/ledger/migrations");

test("the migrations make a fresh database a ledger", async () => {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "migrated",
      modules: true,
      script: "export default { fetch: () => new Response() }",
      d1Databases: { DB: "migrated" },
      log: new NoOpLog(),
    }),
  );
  const { DB } = await miniflare.getBindings<Env>();
  const statements = readdirSync(folder)
    .sort()
    .flatMap((name) => splitSql(readFileSync(resolve(folder, name), "utf8")));
  await DB.batch(statements.map((statement) => DB.prepare(statement)));
  const named = async (type: string) => {
    const { results } = await DB.prepare("SELECT name FROM sqlite_schema WHERE type = ? ORDER BY name")
      .bind(type)
      .all<{ name: string }>();
    // D1's own, and those that the full text index keeps.
    return results.map(({ name }) => name).filter((name) => !/^(_cf_|sqlite_|ledger_search_index_)/.test(name));
  };
  expect(await named("table")).toEqual([
    "calls",
    "events",
    "ledger_alerts",
    "ledger_caller_numbers",
    "ledger_erased_calls",
    "ledger_export_days",
    "ledger_fetches",
    "ledger_hours",
    "ledger_jobs",
    "ledger_left_calls",
    "ledger_left_hours",
    "ledger_left_numbers",
    "ledger_left_recounts",
    "ledger_recordings",
    "ledger_search_index",
    "ledger_stale_hours",
    "sync_deliveries",
    "tool_calls",
  ]);
  expect(await named("view")).toEqual(["call_metrics", "daily_calls"]);
  expect(await named("index")).toEqual([
    "calls_by_time",
    "deliveries_by_time",
    "deliveries_overdue",
    "events_by_time",
    "ledger_caller_numbers_by_call",
    "ledger_erased_calls_to_sweep",
    "ledger_jobs_due",
    "ledger_left_calls_by_hour",
    "ledger_left_numbers_by_call",
    "ledger_recordings_open",
    "undelivered",
  ]);
  await miniflare.dispose();
});

let ledger: Awaited<ReturnType<typeof bootLedger>>;
const read = async (sql: string) => (await ledger.DB.prepare(sql).all()).results;
beforeAll(async () => {
  ledger = await bootLedger({ main: "test/support/stores/intake-only.ts" });
});
afterAll(() => ledger.harness.close());
beforeEach(async () => {
  await ledger.DB.batch(["calls", "events"].map((table) => ledger.DB.prepare(`DELETE FROM ${table}`)));
});

describe("the tables have the columns of the contract", () => {
  test.each([
    ["calls", callRow],
    ["events", eventRow],
    ["sync_deliveries", deliveryRow],
    ["tool_calls", toolCallRow],
  ])("%s, and may have NULL where the code expects it", async (table, row) => {
    const columns = await read(`SELECT name, "notnull" FROM pragma_table_xinfo('${table}')`);
    const mandatory = new Map(columns.map(({ name, notnull }) => [String(name), notnull === 1]));
    for (const [name, column] of Object.entries(row.shape)) {
      expect([...mandatory.keys()], name).toContain(name);
      if (mandatory.get(name)) expect(column.safeParse(null).success, name).toBe(false);
    }
  });

  test.each([
    ["calls", ["id"]],
    ["events", ["call_id", "event", "event_id"]],
    ["sync_deliveries", ["call_id", "event", "event_id", "destination"]],
    ["tool_calls", ["call_id", "number"]],
  ])("the key of %s", async (table, key) => {
    const columns = await read(`SELECT name FROM pragma_table_info('${table}') WHERE pk > 0 ORDER BY pk`);
    expect(columns.map(({ name }) => name)).toEqual(key);
  });
});

describe("calls go by their time", () => {
  const RECEIVED = "2024-07-20T00:00:00.000Z";
  const insert = (call_id: string, started_at: string | null, ended_at: string | null) =>
    ledger.DB.prepare(
      `INSERT INTO calls (call_id, platform, agent_id, status, started_at, ended_at, duration_seconds, metrics,
         updated_at, ledger_first_received_at, ledger_column_versions)
       VALUES (?1, 'atoms', 'a', 'ended', ?2, ?3, 12.5, '{"csat":4,"resolved":true}', ?4, ?4, '{}')`,
    ).bind(call_id, started_at, ended_at, RECEIVED);
  const newestFirst = async () =>
    (await read("SELECT call_id FROM calls ORDER BY called_at DESC, id DESC")).map(({ call_id }) => call_id);

  beforeEach(async () => {
    await ledger.DB.batch([
      insert("second", "2024-07-15T14:30:00.001Z", "2024-07-15T15:00:00.000Z"),
      insert("first", null, "2024-07-15T14:29:59.999Z"),
      insert("twin-b", "2024-07-16T00:00:00.000Z", null),
      insert("twin-a", "2024-07-16T00:00:00.000Z", null),
      insert("received-only", null, null),
      insert("far", "9999-12-31T23:59:59.999Z", null),
      insert("long-ago", "0000-01-01T00:00:00.000Z", null),
    ]);
  });

  test("by start, else by end, else by receipt; of the same time by their arrival", async () => {
    expect(await newestFirst()).toEqual([
      ...["far", "received-only"],
      ...["twin-a", "twin-b"],
      ...["second", "first", "long-ago"],
    ]);
  });

  test("a range of them is read by an index, in its order", async () => {
    const steps = await read(
      `EXPLAIN QUERY PLAN SELECT * FROM calls WHERE called_at >= 'x' AND called_at < 'y' ORDER BY called_at DESC, id DESC`,
    );
    expect(steps.map(({ detail }) => detail)).toEqual([
      "SEARCH calls USING INDEX calls_by_time (called_at>? AND called_at<?)",
    ]);
  });

  test("whatever moves a call moves it in the order, and it stays the call it was", async () => {
    const [before] = await read("SELECT id FROM calls WHERE call_id = 'first'");
    const move = (column: string, value: string | null) =>
      ledger.DB.prepare(`UPDATE calls SET ${column} = ? WHERE call_id = 'first'`).bind(value).run();
    const calledAt = async () => (await read("SELECT id, called_at FROM calls WHERE call_id = 'first'"))[0];
    for (const [column, value, called_at] of [
      ["started_at", "2024-07-16T00:00:00.000Z", "2024-07-16T00:00:00.000Z"],
      ["ended_at", "2024-07-16T00:10:00.000Z", "2024-07-16T00:00:00.000Z"],
      ["started_at", null, "2024-07-16T00:10:00.000Z"],
      ["ledger_first_received_at", "2024-07-19T00:00:00.000Z", "2024-07-16T00:10:00.000Z"],
      ["ended_at", null, "2024-07-19T00:00:00.000Z"],
      ["ledger_first_received_at", "2024-07-15T00:00:00.000Z", "2024-07-15T00:00:00.000Z"],
    ] as const) {
      await move(column, value);
      expect(await calledAt(), `${column} ${value}`).toEqual({ ...before, called_at });
    }
    expect(await newestFirst()).toEqual([
      ...["far", "received-only"],
      ...["twin-a", "twin-b"],
      ...["second", "first", "long-ago"],
    ]);
  });

  test("the views show days and metrics as they are", async () => {
    expect(await read("SELECT * FROM daily_calls WHERE day = '2024-07-15'")).toEqual([
      {
        day: "2024-07-15",
        agent_id: "a",
        calls: 2,
        ended: 2,
        analyzed: 0,
        total_duration_seconds: 25,
        average_duration_seconds: 12.5,
        cost_usd: null,
      },
    ]);
    await ledger.DB.prepare(`UPDATE calls SET metrics = '{"csat":4,"resolved":true,"$overflow":"key"}'`).run();
    const about = { call_id: "second", agent_id: "a", ended_at: "2024-07-15T15:00:00.000Z" };
    expect(await read("SELECT * FROM call_metrics WHERE call_id = 'second' ORDER BY metric")).toEqual([
      { ...about, metric: "csat", value: 4, type: "number" },
      { ...about, metric: "resolved", value: 1, type: "boolean" },
    ]);
  });
});

describe("events move their call", () => {
  const callOf = async (call_id: string) => {
    const { results } = await ledger.DB.prepare(
      "SELECT id, called_at, started_at, ended_at FROM calls WHERE call_id = ?",
    )
      .bind(call_id)
      .all();
    return results[0];
  };

  test("a start that comes after the end moves it to its start", async () => {
    const call = documentedCall({ call_id: "backwards" });
    const begun = new Date().toISOString();
    await post(ledger.url, call.analytics());
    const received = await callOf("backwards");
    expect(String(received?.["called_at"]) >= begun).toBe(true);
    await post(ledger.url, call.end());
    expect(await callOf("backwards")).toMatchObject({ id: received?.["id"], called_at: "2024-07-15T14:35:00.000Z" });
    await post(ledger.url, call.start());
    expect(await callOf("backwards")).toEqual({
      id: received?.["id"],
      called_at: "2024-07-15T14:30:00.000Z",
      started_at: "2024-07-15T14:30:00.000Z",
      ended_at: "2024-07-15T14:35:00.000Z",
    });
  });

  test("a correction of its start moves it again, and one that is outranked does not", async () => {
    const call = documentedCall({ call_id: "corrected" });
    await post(ledger.url, call.start());
    await post(ledger.url, call.start({ timestamp: "2024-07-16T09:00:00Z" }));
    expect(await callOf("corrected")).toMatchObject({ called_at: "2024-07-16T09:00:00.000Z" });
    await post(ledger.url, call.start({ timestamp: "2024-07-14T09:00:00Z" }));
    expect(await callOf("corrected")).toMatchObject({ called_at: "2024-07-16T09:00:00.000Z" });
  });

  test("the end of the platform's vocabulary has the start in it", async () => {
    const call_id = "CALL-1721053800000-a1b2c3";
    await post(ledger.url, atomsCall({ call_id }).end());
    expect(await callOf(call_id)).toMatchObject({ called_at: "2024-07-15T14:30:02.100Z" });
    await post(ledger.url, atomsCall({ call_id }).start());
    expect(await callOf(call_id)).toMatchObject({ called_at: "2024-07-15T14:30:00.000Z" });
  });
});
