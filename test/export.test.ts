import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as z from "zod";
import { ask } from "./support/ask.ts";
import { CUSTOM_SECRET, customCall, customHeaders } from "./support/custom.ts";
import { asD1, queryExports, readExports, readTable, runHourly, untilExported } from "./support/exports.ts";
import { bootLedger } from "./support/ledger.ts";
import { runCommandAt } from "./support/run-command.ts";
import { signIn } from "./support/sign-in.ts";
import { listKeys } from "./support/stores/objects.ts";
import { runCron } from "./support/stores/relay.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger({
    main: "test/support/stores/faulty-ledger.ts",
    env: { EXPORT_PARQUET: "on", CUSTOM_WEBHOOK_SECRETS: CUSTOM_SECRET },
  });
});
afterAll(async () => {
  await rm(cache(), { recursive: true, force: true });
  await ledger.harness.close();
});

const send = async (body: object) => {
  const text = JSON.stringify(body);
  const sent = await fetch(new URL("/webhooks/custom", ledger.url), {
    method: "POST",
    body: text,
    headers: customHeaders(text),
  });
  expect(await sent.json()).toMatchObject({ status: "stored" });
};

const exportAll = async () => {
  await runHourly(ledger.url);
  await untilExported(ledger);
};

const callsOf = async (day: string) =>
  (
    await queryExports(
      ledger.url,
      `SELECT call_id FROM calls WHERE strftime(called_at, '%Y-%m-%d') = '${day}' ORDER BY 1`,
    )
  ).map(({ call_id }) => call_id);

const tablesInOrder = [
  ["calls", "call_id"],
  ["events", "call_id, event, event_id"],
  ["tool_calls", "call_id, number"],
] as const;

const hostile = "\u0000 \u{FEFF}🦉 שלום\u202E‏ a\tb\r\n'\"\\ NULL \u{10FFFF}";

test("DuckDB says of every column what D1 says", async () => {
  const { whole } = customCall({ call_id: "whole" });
  await send(whole());
  await send(
    customCall({ call_id: `odd ${hostile}`, agent_id: hostile }).whole({
      disposition: hostile,
      summary: hostile,
      variables: { [hostile]: hostile, __proto__: 1, big: 12345678901234567000, deep: [[[{}]]], empty: "" },
      metrics: { one: 1e308, two: -0.1, three: null, four: true },
      duration_seconds: 1e-9,
      cost_usd: 999_999.000001,
      latency_ms: 0,
      caller_phone: "",
      transcript: [{ kind: "tool", name: hostile, arguments: {}, result: null }],
    }),
  );
  await send({ event: "call.start", timestamp: "2024-07-15T14:30:00Z", agent_id: "bare", call_id: "bare" });
  await send(customCall({ call_id: "huge" }).end({ variables: { text: "z".repeat(1_500_000) } }));
  await send(
    customCall({ call_id: "early" }).start({
      timestamp: "0001-01-01T00:00:00Z",
      started_at: "0001-01-01T00:00:00.001Z",
    }),
  );
  await send(
    customCall({ call_id: "first" }).start({ timestamp: "1970-01-01T00:00:00Z", started_at: "1970-01-01T00:00:00Z" }),
  );
  await send(customCall({ call_id: "marked" }).start({ agent_phone: "\u{FEFF}1" }));
  await ledger.DB.prepare(
    "UPDATE calls SET transcript_turns = 9007199254740991, recording_key = 'a', duration_seconds = 9007199254740993.5 WHERE call_id = 'bare'",
  ).run();
  await exportAll();
  for (const [table, order] of tablesInOrder) {
    const rows = await queryExports(ledger.url, `SELECT * FROM ${table} ORDER BY ${order}`);
    const expected = await readTable(ledger, table, order);
    // DuckDB's client swallows a byte order mark at the beginning of a text.
    const withoutMark = (_: string, value: unknown) =>
      typeof value === "string" ? value.replace(/^\u{FEFF}/u, "") : value;
    expect(rows.map(asD1)).toEqual(JSON.parse(JSON.stringify(expected), withoutMark));
    expect(expected.length).toBeGreaterThan(1);
  }
  const [{ variables } = { variables: null }] = await ledger.DB.prepare(
    "SELECT variables FROM calls WHERE call_id = 'huge'",
  )
    .all()
    .then(({ results }) => z.array(z.object({ variables: z.string() })).parse(results));
  expect(variables).toContain("$overflow");
  expect(
    await queryExports(ledger.url, "SELECT unicode(agent_phone) AS first FROM calls WHERE call_id = 'marked'"),
  ).toEqual([{ first: 0xfeff }]);
});

test("columns have types: times, numbers, texts", async () => {
  const types = await queryExports(ledger.url, "SELECT column_name, column_type FROM (DESCRIBE calls)");
  const typeOf = Object.fromEntries(types.map(({ column_name, column_type }) => [column_name, column_type]));
  expect(typeOf).toMatchObject({
    id: "BIGINT",
    called_at: "TIMESTAMP",
    duration_seconds: "DOUBLE",
    metrics: "VARCHAR",
    transcript_turns: "BIGINT",
  });
  expect(
    await queryExports(ledger.url, "SELECT metrics->>'satisfaction_score' AS score FROM calls WHERE call_id = 'whole'"),
  ).toEqual([{ score: "5" }]);
});

test("every column of D1 is exported but the ledger's own", async () => {
  for (const [table] of tablesInOrder) {
    const { results } = await ledger.DB.prepare(`SELECT name FROM pragma_table_xinfo('${table}')`).all();
    const names = z
      .array(z.object({ name: z.string() }))
      .parse(results)
      .map(({ name }) => name);
    const [row = {}] = await queryExports(ledger.url, `SELECT * FROM ${table} LIMIT 1`);
    expect(Object.keys(row).sort()).toEqual(names.filter((name) => !name.startsWith("ledger_")).sort());
  }
});

test("a day that is not over waits", async () => {
  await send(customCall({ call_id: "today" }).start({ timestamp: new Date().toISOString() }));
  await exportAll();
  const today = new Date().toISOString().slice(0, 10);
  expect((await readExports(ledger.url)).map(({ day }) => day)).not.toContain(today);
});

test("a late event has its day written again, and no other", async () => {
  await send(
    customCall({ call_id: "other" }).start({ timestamp: "2024-07-10T10:00:00Z", started_at: "2024-07-10T10:00:00Z" }),
  );
  await exportAll();
  const before = new Map((await readExports(ledger.url)).map(({ day, export_id }) => [day, export_id]));
  await send(customCall({ call_id: "bare" }).analytics({ summary: "It came late." }));
  await exportAll();
  const changed = (await readExports(ledger.url)).filter(({ day, export_id }) => before.get(day) !== export_id);
  expect(changed.map(({ day }) => day)).toEqual(["2024-07-15"]);
  expect(await queryExports(ledger.url, "SELECT summary FROM calls WHERE call_id = 'bare'")).toEqual([
    { summary: "It came late." },
  ]);
});

test("a correction that moves a call to another day has both written again", async () => {
  const call = customCall({ call_id: "moved" });
  await send(call.end({ started_at: "2024-07-11T23:59:59.999Z" }));
  await exportAll();
  expect(await callsOf("2024-07-11")).toEqual(["moved"]);
  await send(call.end({ timestamp: "2024-07-15T15:00:00Z", started_at: "2024-07-12T00:00:00.000Z" }));
  await exportAll();
  expect(await callsOf("2024-07-11")).toEqual([]);
  expect(await callsOf("2024-07-12")).toEqual(["moved"]);
  const [empty] = (await readExports(ledger.url)).filter(({ day }) => day === "2024-07-11");
  expect(empty).toMatchObject({ calls: 0, files: [] });
});

test("what a person changes or deletes in D1 is so in the files as well", async () => {
  await send(customCall({ call_id: "by-hand" }).whole({ started_at: "2024-07-13T10:00:00Z" }));
  await exportAll();
  const summaries = () => queryExports(ledger.url, "SELECT summary, ended_at FROM calls WHERE call_id = 'by-hand'");
  await ledger.DB.prepare("UPDATE calls SET summary = 'edited', ended_at = 'soon' WHERE call_id = 'by-hand'").run();
  await exportAll();
  expect(await summaries()).toEqual([{ summary: "edited", ended_at: null }]);
  await ledger.DB.prepare("DELETE FROM tool_calls WHERE call_id = 'by-hand' AND number = 1").run();
  await exportAll();
  expect(await queryExports(ledger.url, "SELECT number FROM tool_calls WHERE call_id = 'by-hand'")).toEqual([
    { number: 2n },
  ]);
  await ledger.DB.prepare("UPDATE events SET payload = '{}' WHERE call_id = 'by-hand'").run();
  await exportAll();
  expect(await queryExports(ledger.url, "SELECT DISTINCT payload FROM events WHERE call_id = 'by-hand'")).toEqual([
    { payload: "{}" },
  ]);
  await ledger.DB.prepare("DELETE FROM calls WHERE call_id = 'by-hand'").run();
  await exportAll();
  expect(await summaries()).toEqual([]);
});

test("an erasure is complete when no file has the call any longer", async () => {
  for (const call_id of ["erased", "neighbour"]) {
    await send(customCall({ call_id }).whole({ started_at: "2024-07-14T10:00:00Z", summary: `of ${call_id}` }));
  }
  await exportAll();
  const keys = await listKeys(ledger.ARCHIVE, "export/calls/day=2024-07-14/");
  const started = await ask(ledger.url, "/api/calls/erased", { method: "DELETE" });
  const { job } = z.object({ job: z.string() }).parse(started.body);
  await vi.waitFor(
    async () => expect((await ask(ledger.url, `/api/jobs/${job}`)).body).toMatchObject({ status: "complete" }),
    { timeout: 30_000, interval: 30 },
  );
  expect(await callsOf("2024-07-14")).toEqual(["neighbour"]);
  const kept = await listKeys(ledger.ARCHIVE, "export/");
  for (const key of keys) expect(kept).not.toContain(key);

  // As an export that had read the call before, and whose runtime ended as soon as it had written it.
  const orphan = "export/calls/day=2024-07-14/cut-off-1.parquet";
  await ledger.ARCHIVE.put(orphan, "erased");
  await runCron(ledger.url, new Date(Date.now() + 11 * 60_000));
  expect(await listKeys(ledger.ARCHIVE, "export/")).toEqual(kept);
});

/** Where the command keeps the files of this ledger. */
const cache = () => join(import.meta.dirname, "../.wrangler/exports", new URL(ledger.url).host.replaceAll(":", "-"));

test("npm run sql asks what is exported, and keeps no file that no day has any longer", async () => {
  await send(
    customCall({ call_id: "asked-1" }).whole({ started_at: "2024-07-08T10:00:00Z", summary: "one\u{1B}[31m" }),
  );
  await exportAll();
  const count = "SELECT count(*) AS calls, sum(duration_seconds) AS seconds FROM calls WHERE call_id LIKE 'asked-%'";
  const { stdout, stderr } = await runCommandAt(ledger.url, "sql", ["--json", count]);
  expect(stdout).toBe('{"calls":1,"seconds":75.4}\n');
  expect(stderr).toMatch(/\d+ calls of \d+ days up to 2024-07-\d\d; the latest export was 20/);
  const listed = async () =>
    (await readdir(cache(), { recursive: true }))
      .filter((name) => name.endsWith(".parquet"))
      .map((name) => basename(name));
  const named = async () =>
    (await readExports(ledger.url)).flatMap(({ files }) => files.map(({ key }) => basename(key)));
  expect((await listed()).sort()).toEqual((await named()).sort());
  await ledger.DB.prepare("DELETE FROM calls WHERE call_id = 'asked-1'").run();
  await send(
    customCall({ call_id: "asked-2" }).whole({ started_at: "2024-07-08T11:00:00Z", summary: "two\u{1B}[31m" }),
  );
  await exportAll();
  const table = await runCommandAt(ledger.url, "sql", [
    "SELECT call_id, summary FROM calls WHERE call_id LIKE 'asked-%'",
  ]);
  expect(table.stdout).toContain("asked-2");
  expect(table.stdout).not.toContain("asked-1");
  expect(table.stdout).not.toContain("\u{1B}");
  expect((await listed()).sort()).toEqual((await named()).sort());
  await expect(runCommandAt(ledger.url, "sql", ["SELECT nothing FROM calls"])).rejects.toThrow(/"nothing" not found/);
  await expect(runCommandAt(ledger.url, "sql", ["SELECT", "1"])).rejects.toThrow(/in quotes/);
});

test("no object lies under export that no manifest names", async () => {
  const named = (await readExports(ledger.url)).flatMap(({ day, files }) => [
    `export/days/${day}.json`,
    ...files.map(({ key }) => key),
  ]);
  expect((await listKeys(ledger.ARCHIVE, "export/")).sort()).toEqual(named.sort());
});

test("calls that left D1 stay in the files of their day, and those erased do not", async () => {
  const day = "2024-07-09";
  for (const call_id of ["left-1", "left-2", "left-3", "stays"]) {
    await send(customCall({ call_id }).whole({ started_at: `${day}T10:00:00Z` }));
  }
  await exportAll();
  const inFiles = () => queryExports(ledger.url, `SELECT * FROM calls WHERE call_id LIKE 'left-%' ORDER BY call_id`);
  const before = await inFiles();
  await ledger.DB.batch([
    ledger.DB.prepare(
      "INSERT INTO ledger_left_calls (call_id, day, hour) SELECT call_id, ?1, 0 FROM calls WHERE call_id LIKE 'left-%'",
    ).bind(day),
    ledger.DB.prepare("DELETE FROM calls WHERE call_id LIKE 'left-%'"),
  ]);
  await exportAll();
  expect(await inFiles()).toEqual(before);
  expect(await callsOf(day)).toEqual(["left-1", "left-2", "left-3", "stays"]);
  const eventsAndTools =
    "SELECT (SELECT count(*) FROM events WHERE call_id = 'left-1') AS e, (SELECT count(*) FROM tool_calls WHERE call_id = 'left-1') AS t";
  expect(await queryExports(ledger.url, eventsAndTools)).toEqual([{ e: 2n, t: 2n }]);
  await ledger.DB.batch([
    ledger.DB.prepare("DELETE FROM ledger_left_calls WHERE call_id = 'left-2'"),
    ledger.DB.prepare("UPDATE ledger_export_days SET changed_at = 'now' WHERE day = ?").bind(day),
  ]);
  await exportAll();
  expect(await callsOf(day)).toEqual(["left-1", "left-3", "stays"]);
});

test("a day that cannot be exported holds no other up, and says so", async () => {
  const day = "2024-07-01";
  await ledger.DB.batch([
    ledger.DB.prepare("INSERT INTO ledger_left_calls (call_id, day, hour) VALUES ('lost', ?, 0)").bind(day),
    ledger.DB.prepare("INSERT INTO ledger_export_days (day, changed_at) VALUES (?, 'now')").bind(day),
  ]);
  await send(customCall({ call_id: "later" }).start({ started_at: "2024-07-02T10:00:00Z" }));
  await runHourly(ledger.url);
  await vi.waitFor(async () => expect(await callsOf("2024-07-02")).toEqual(["later"]), {
    timeout: 30_000,
    interval: 50,
  });
  expect((await readExports(ledger.url)).map((one) => one.day)).not.toContain(day);
  expect((await ask(ledger.url, "/healthz")).body).toMatchObject({
    status: "ok",
    waiting: { days_to_export: { count: 1, oldest: day } },
    warnings: [{ path: "EXPORT_PARQUET", message: expect.stringContaining(day) }],
  });
  const pages = await signIn(ledger.url);
  expect((await pages.visit("/")).text).toContain(
    `1 day waits to be written as Parquet, since ${day}. The export makes no progress with ${day}`,
  );
  await ledger.DB.batch([
    ledger.DB.prepare("DELETE FROM ledger_left_calls WHERE call_id = 'lost'"),
    ledger.DB.prepare("UPDATE ledger_export_days SET updated_at = '2024-07-02' WHERE day = ?").bind(day),
  ]);
  await exportAll();
  expect((await readExports(ledger.url)).map((one) => one.day)).toContain(day);
  expect((await pages.visit("/")).text).not.toContain("Parquet");
});

test("DuckDB reads the manifests as the README says", async () => {
  const readme = readFileSync(join(import.meta.dirname, "../src/export/README.md"), "utf8");
  const [, sql = ""] = /```sql\nCREATE SECRET[^\n]*\n(.*?)```/s.exec(readme) ?? [];
  const folder = await mkdtemp(join(tmpdir(), "call-ledger-manifests-"));
  for (const key of await listKeys(ledger.ARCHIVE, "export/")) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), Buffer.from((await (await ledger.ARCHIVE.get(key))?.arrayBuffer()) ?? []));
  }
  // Of an export that was cut off.
  await writeFile(join(folder, "export/calls/day=2024-07-15/cut-off.parquet"), "");
  const connection = await (await DuckDBInstance.create()).connect();
  const reader = await connection.runAndReadAll(sql.replaceAll("r2://call-ledger-archive", folder));
  const months = reader.getRowsJS();
  const [{ calls } = { calls: 0 }] = await queryExports(ledger.url, "SELECT count(*) AS calls FROM calls");
  expect(months.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(Number(calls));
  expect(Number(calls)).toBeGreaterThan(5);
  connection.closeSync();
  await rm(folder, { recursive: true });
});

test("a file is had with the token alone, and nothing else by its address", async () => {
  const [{ files: [file] = [] } = {}] = await readExports(ledger.url);
  const path = `/api/exports/${encodeURIComponent(file?.key ?? "")}`;
  expect((await fetch(new URL(path, ledger.url))).status).toBe(401);
  expect((await ask(ledger.url, `/api/exports/${encodeURIComponent("calls/whole/transcript.json")}`)).status).toBe(404);
  expect(await listKeys(ledger.ARCHIVE, "calls/whole/")).toContain("calls/whole/transcript.json");
});
