import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { expect, test } from "vitest";
import { unstable_splitSqlQuery as splitSql } from "wrangler";

const folder = resolve(import.meta.dirname, "../src/ledger/migrations");
const files = readdirSync(folder).sort();

test("a ledger of before the reading was built keeps every call, in the order of its time", async () => {
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
  const migrate = async (names: readonly string[]) => {
    for (const name of names) {
      await DB.batch(splitSql(readFileSync(resolve(folder, name), "utf8")).map((statement) => DB.prepare(statement)));
    }
  };
  await migrate(files.slice(0, 2));
  const received = "2024-07-20T00:00:00.000Z";
  const insert = DB.prepare(
    `INSERT INTO calls (call_id, agent_id, status, started_at, ended_at, duration_seconds, metrics, updated_at, first_received_at, sources)
     VALUES (?1, 'a', 'ended', ?2, ?3, 12.5, '{"csat":4}', ?4, ?4, '{"agent_id":"3 x"}')`,
  );
  await DB.batch([
    insert.bind("second", "2024-07-15T14:30:00.001Z", "2024-07-15T15:00:00.000Z", received),
    insert.bind("first", null, "2024-07-15T14:29:59.999Z", received),
    insert.bind("twin-b", "2024-07-16T00:00:00.000Z", null, received),
    insert.bind("twin-a", "2024-07-16T00:00:00.000Z", null, received),
    insert.bind("received-only", null, null, received),
    insert.bind("far", "9999-12-31T23:59:59.999Z", null, received),
    insert.bind("long-ago", "0000-01-01T00:00:00.000Z", null, received),
    DB.prepare("INSERT INTO events VALUES ('e-2', 'first', 'a', 'call.end', '', '', 'documented', '{}')"),
    DB.prepare("INSERT INTO events VALUES ('e-1', 'first', 'a', 'call.start', '', '', 'documented', '{}')"),
  ]);
  const columns =
    "call_id, agent_id, status, started_at, ended_at, duration_seconds, metrics, first_received_at, sources";
  const read = async (sql: string) => (await DB.prepare(sql).all()).results;
  const before = await read(`SELECT ${columns} FROM calls ORDER BY call_id`);
  const views = ["SELECT * FROM daily_calls ORDER BY day", "SELECT * FROM call_metrics ORDER BY call_id"];
  const seen = await Promise.all(views.map(read));

  await migrate(files.slice(2));
  expect(await read(`SELECT ${columns} FROM calls ORDER BY call_id`)).toEqual(before);
  expect(await Promise.all(views.map(read))).toEqual(seen);
  expect((await read("SELECT call_id FROM calls ORDER BY time_order")).map(({ call_id }) => call_id)).toEqual([
    "long-ago",
    "first",
    "second",
    "twin-a",
    "twin-b",
    "received-only",
    "far",
  ]);
  expect(await read("SELECT event_ids FROM calls WHERE call_id = 'first'")).toEqual([{ event_ids: '["e-1","e-2"]' }]);

  // What comes later finds its place among them.
  await DB.prepare("UPDATE calls SET started_at = '2024-07-16T00:00:00.000Z' WHERE call_id = 'first'").run();
  expect(
    (await read("SELECT call_id FROM calls ORDER BY time_order")).map(({ call_id }) => call_id).slice(1, 5),
  ).toEqual(["second", "twin-a", "twin-b", "first"]);
  await miniflare.dispose();
});
