import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "./support/ask.ts";
import { documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";
import { copyProject } from "./support/project-copy.ts";

const root = resolve(import.meta.dirname, "..");
const folder = resolve(root, "src/ledger/queries");
const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
const read = (name: string) => readFileSync(join(folder, name), "utf8");
const PARAMETERS = /^WITH parameters AS \(SELECT .+ AS since, .+ AS until, .+ AS agent_id, .+ AS time_zone\)\n/;
/** A query about some days of 2024, in New York's summer. */
const about = (name: string, agent: string | null = null) =>
  read(name).replace(
    PARAMETERS,
    `WITH parameters AS (SELECT '2024-07-15T04:00:00.000Z' AS since, '2024-07-18T04:00:00.000Z' AS until,
       ${agent === null ? "NULL" : `'${agent}'`} AS agent_id, '-240 minutes' AS time_zone)\n`,
  );

let ledger: Awaited<ReturnType<typeof bootLedger>>;
const rows = async (name: string, agent?: string) => (await ledger.DB.prepare(about(name, agent)).all()).results;

beforeAll(async () => {
  ledger = await bootLedger({ env: { SYNC_URL: "http://127.0.0.1:1/" } });
  const calls = [
    // Late on Monday evening in New York, Tuesday in UTC.
    {
      call_id: "a",
      agent_id: "ada",
      at: "2024-07-16T03:30:00Z",
      seconds: 60,
      disposition: "successful",
      csat: 5,
      resolved: true,
    },
    {
      call_id: "b",
      agent_id: "ada",
      at: "2024-07-16T14:30:00Z",
      seconds: 120,
      disposition: "successful",
      csat: 2,
      resolved: true,
    },
    {
      call_id: "c",
      agent_id: "bob",
      at: "2024-07-16T14:50:00Z",
      seconds: 300,
      disposition: "no_answer",
      csat: 4,
      resolved: false,
    },
    {
      call_id: "outside",
      agent_id: "bob",
      at: "2024-07-18T04:00:00Z",
      seconds: 999,
      disposition: "lost",
      csat: 1,
      resolved: false,
    },
  ];
  for (const { call_id, agent_id, at, seconds, disposition, csat, resolved } of calls) {
    const call = documentedCall({ call_id, agent_id });
    await post(ledger.url, call.start({ timestamp: at }));
    await post(ledger.url, call.end({ timestamp: at, duration_seconds: seconds, disposition }));
    const metrics = { csat_score: csat, issue_resolved: resolved, product: "Widget", nothing: null, nested: { a: 1 } };
    await post(ledger.url, call.analytics({ timestamp: at, metrics }));
  }
  await post(
    ledger.url,
    documentedCall({ call_id: "open", agent_id: "ada" }).start({ timestamp: "2024-07-17T12:00:00Z" }),
  );
  // No documented body says these.
  const record = ledger.DB.prepare(
    "UPDATE calls SET cost_usd = ?, latency_ms = ?, agent_version = ? WHERE call_id = ?",
  );
  const tool = ledger.DB.prepare(
    "INSERT INTO tool_calls (call_id, number, name, status, duration_ms) VALUES (?, ?, ?, ?, ?)",
  );
  await ledger.DB.batch([
    record.bind(0.125, 600, "1", "a"),
    record.bind(0.25, 800, "2", "b"),
    record.bind(0.0625, null, null, "c"),
    record.bind(9, 9000, "9", "outside"),
    tool.bind("a", 1, "find_slot", "ok", 100),
    tool.bind("a", 2, "find_slot", "error", 300),
    tool.bind("a", 3, "book", null, null),
    tool.bind("c", 1, "find_slot", "ok", null),
    tool.bind("outside", 1, "book", "error", 9000),
  ]);
  // Of another generation, so that messages that are still under way change nothing.
  const deliveries = ledger.DB.prepare(
    "UPDATE sync_deliveries SET state = ?, updated_at = ?, last_error = ?, ledger_generation = 1 WHERE call_id = ?",
  );
  await ledger.DB.batch([
    deliveries.bind("failed", "2024-07-16T15:00:00.000Z", "HTTP 400", "a"),
    deliveries.bind("pending", "2024-07-16T14:00:00.000Z", null, "b"),
    deliveries.bind("delivered", "2024-07-16T15:00:00.000Z", null, "c"),
    deliveries.bind("delivered", "2024-07-16T15:00:00.000Z", null, "outside"),
  ]);
});
afterAll(() => ledger.harness.close());

describe.each(files)("%s", (name) => {
  test("begins with its parameters on one line, and its question stands right after", () => {
    expect(read(name)).toMatch(PARAMETERS);
    const [, question] = read(name).split("\n");
    expect(question).toMatch(/^-- [A-Z].*\?/);
  });

  test("runs as it stands", async () => {
    expect((await ledger.DB.prepare(read(name)).all()).success).toBe(true);
  });
});

describe("answers", () => {
  test("totals", async () => {
    expect(await rows("totals.sql")).toEqual([
      {
        ...{ calls: 4, ended: 3, analyzed: 3, total_duration_seconds: 480, average_duration_seconds: 160 },
        ...{ cost_usd: 0.4375, latency_ms: 700 },
      },
    ]);
    expect(await rows("totals.sql", "bob")).toMatchObject([{ calls: 1, ended: 1, total_duration_seconds: 300 }]);
  });

  test("calls by day, in the days of the viewer", async () => {
    expect(await rows("calls-by-day.sql")).toEqual([
      {
        day: "2024-07-15",
        agent_id: "ada",
        calls: 1,
        ended: 1,
        analyzed: 1,
        with_duration: 1,
        total_duration_seconds: 60,
        ...{ with_cost: 1, cost_usd: 0.125, with_latency: 1, latency_ms: 600 },
      },
      {
        day: "2024-07-16",
        agent_id: "ada",
        calls: 1,
        ended: 1,
        analyzed: 1,
        with_duration: 1,
        total_duration_seconds: 120,
        ...{ with_cost: 1, cost_usd: 0.25, with_latency: 1, latency_ms: 800 },
      },
      {
        day: "2024-07-16",
        agent_id: "bob",
        calls: 1,
        ended: 1,
        analyzed: 1,
        with_duration: 1,
        total_duration_seconds: 300,
        ...{ with_cost: 1, cost_usd: 0.0625, with_latency: 0, latency_ms: null },
      },
      {
        day: "2024-07-17",
        agent_id: "ada",
        calls: 1,
        ended: 0,
        analyzed: 0,
        with_duration: 0,
        total_duration_seconds: 0,
        ...{ with_cost: 0, cost_usd: null, with_latency: 0, latency_ms: null },
      },
    ]);
  });

  test("calls by hour", async () => {
    expect(await rows("calls-by-hour.sql")).toMatchObject([
      { hour: "2024-07-15T23", calls: 1 },
      { hour: "2024-07-16T10", calls: 2, cost_usd: 0.3125 },
      { hour: "2024-07-17T08", calls: 1, ended: 0 },
    ]);
  });

  test("busiest hours", async () => {
    expect(await rows("busiest-hours.sql")).toEqual([
      { weekday: 1, hour: 23, calls: 1 },
      { weekday: 2, hour: 10, calls: 2 },
      { weekday: 3, hour: 8, calls: 1 },
    ]);
  });

  test("live calls, and calls without an end", async () => {
    expect(await rows("live-calls.sql")).toMatchObject([{ call_id: "open", called_at: "2024-07-17T12:00:00.000Z" }]);
    expect(await rows("calls-without-an-end.sql")).toMatchObject([{ call_id: "open", status: "active" }]);
  });

  test("dispositions", async () => {
    expect(await rows("dispositions.sql")).toEqual([
      { disposition: "successful", calls: 2, average_duration_seconds: 90, cost_usd: 0.375, latency_ms: 700 },
      { disposition: "no_answer", calls: 1, average_duration_seconds: 300, cost_usd: 0.0625, latency_ms: null },
    ]);
  });

  test("agents", async () => {
    expect(await rows("agents.sql")).toEqual([
      { agent_id: "ada", calls: 3 },
      { agent_id: "bob", calls: 1 },
    ]);
  });

  test("cost by agent, together, a call and a minute", async () => {
    expect(await rows("cost-by-agent.sql")).toEqual([
      {
        ...{ agent_id: "ada", calls: 3, with_cost: 2, cost_usd: 0.375 },
        ...{ cost_usd_a_call: 0.1875, cost_usd_a_minute: 0.125 },
      },
      {
        ...{ agent_id: "bob", calls: 1, with_cost: 1, cost_usd: 0.0625 },
        ...{ cost_usd_a_call: 0.0625, cost_usd_a_minute: 0.0125 },
      },
    ]);
  });

  test("tools", async () => {
    expect(await rows("tools.sql")).toEqual([
      { name: "find_slot", calls: 3, errors: 1, average_duration_ms: 200 },
      { name: "book", calls: 1, errors: 0, average_duration_ms: null },
    ]);
    expect(await rows("tools.sql", "bob")).toEqual([
      { name: "find_slot", calls: 1, errors: 0, average_duration_ms: null },
    ]);
  });

  test("versions, before above after", async () => {
    const found = await rows("versions.sql", "ada");
    const row = (measure: string, name: string, agent_version: string | null, calls: number, value: number) =>
      expect.objectContaining({ agent_id: "ada", measure, name, agent_version, calls, value });
    expect(found).toEqual([
      row("calls", "", "1", 1, 1),
      row("calls", "", "2", 1, 1),
      row("calls", "", null, 1, 1),
      row("duration_seconds", "", "1", 1, 60),
      row("duration_seconds", "", "2", 1, 120),
      row("cost_usd", "", "1", 1, 0.125),
      row("cost_usd", "", "2", 1, 0.25),
      row("latency_ms", "", "1", 1, 600),
      row("latency_ms", "", "2", 1, 800),
      row("disposition", "successful", "1", 1, 1),
      row("disposition", "successful", "2", 1, 1),
      row("metric", "csat_score", "1", 1, 5),
      row("metric", "csat_score", "2", 1, 2),
      row("metric", "issue_resolved", "1", 1, 1),
      row("metric", "issue_resolved", "2", 1, 1),
    ]);
    expect(found[0]).toMatchObject({ since: "2024-07-16T03:30:00.000Z" });
  });

  test("metrics", async () => {
    expect(await rows("metrics.sql")).toEqual([
      { metric: "csat_score", type: "number", calls: 3, average: 11 / 3, least: 2, most: 5 },
      { metric: "issue_resolved", type: "boolean", calls: 3, average: 2 / 3, least: null, most: null },
      { metric: "nested", type: "object", calls: 3, average: null, least: null, most: null },
      { metric: "product", type: "text", calls: 3, average: null, least: null, most: null },
    ]);
  });

  test("metric values", async () => {
    expect(await rows("metric-values.sql")).toEqual([
      { metric: "csat_score", type: "number", value: "2", calls: 1 },
      { metric: "csat_score", type: "number", value: "4", calls: 1 },
      { metric: "csat_score", type: "number", value: "5", calls: 1 },
      { metric: "issue_resolved", type: "boolean", value: "true", calls: 2 },
      { metric: "issue_resolved", type: "boolean", value: "false", calls: 1 },
      { metric: "product", type: "text", value: "Widget", calls: 3 },
    ]);
  });

  test("metric trend", async () => {
    expect(await rows("metric-trend.sql")).toEqual([
      { metric: "csat_score", day: "2024-07-15", average: 5, calls: 1 },
      { metric: "csat_score", day: "2024-07-16", average: 3, calls: 2 },
      { metric: "issue_resolved", day: "2024-07-15", average: 1, calls: 1 },
      { metric: "issue_resolved", day: "2024-07-16", average: 0.5, calls: 2 },
    ]);
  });

  test("longest calls", async () => {
    expect((await rows("longest-calls.sql")).map(({ call_id }) => call_id)).toEqual(["c", "b", "a"]);
  });

  test("unhappy callers", async () => {
    expect(await rows("unhappy-callers.sql")).toMatchObject([
      { call_id: "c", metric: "issue_resolved", value: 0 },
      { call_id: "b", metric: "csat_score", value: 2 },
    ]);
  });

  test("failed deliveries, and the health of the sync", async () => {
    expect(await rows("failed-deliveries.sql")).toMatchObject([{ call_id: "a", last_error: "HTTP 400" }]);
    expect(await rows("sync-health.sql")).toMatchObject([
      { state: "failed", deliveries: 1 },
      { state: "pending", deliveries: 1, oldest: "2024-07-16T14:00:00.000Z" },
    ]);
  });
});

test("GET /api/stats answers all of it, of the days and the agent of the query", async () => {
  const { body } = await ask(ledger.url, "/api/stats?from=2024-07-15&to=2024-07-17&agent_id=ada");
  expect(body).toMatchObject({
    from: "2024-07-15T00:00:00.000Z",
    to: "2024-07-18T00:00:00.000Z",
    agent_id: "ada",
    totals: { calls: 3, ended: 2 },
    days: [
      { day: "2024-07-16", calls: 2 },
      { day: "2024-07-17", calls: 1 },
    ],
    agents: [{ agent_id: "ada" }, { agent_id: "bob" }],
    sync: [{ state: "failed" }, { state: "pending" }],
  });
});

test("absurd metrics do not break the statistics", async () => {
  const numbers = [1.7e308, 1.7e308, -1.7e308, -1.7e308, -1.7e308];
  for (const [index, number] of numbers.entries()) {
    const call = documentedCall({ call_id: `absurd-${index}` });
    const timestamp = "2023-03-01T10:00:00Z";
    await post(ledger.url, call.end({ timestamp }));
    await post(ledger.url, call.analytics({ timestamp, metrics: { absurd: number } }));
    const { status, body } = await ask(ledger.url, "/api/stats?from=2023-03-01&to=2023-03-01");
    expect(status).toBe(200);
    expect(body).toMatchObject({ totals: { calls: index + 1 }, metric_trend: [{ metric: "absurd" }] });
  }
});

describe("figures that were wrong", () => {
  const from = (day: string) => async () => Object(await ask(ledger.url, `/api/stats?from=${day}&to=${day}`)).body;

  test("calls without a duration do not lower the average of an agent", async () => {
    const at = { timestamp: "2023-04-01T10:00:00Z" };
    for (const call_id of ["timed", "untimed"]) {
      const { duration_seconds, ...end } = documentedCall({ call_id, agent_id: "half" }).end({
        ...at,
        duration_seconds: 60,
      });
      await post(ledger.url, call_id === "timed" ? { ...end, duration_seconds } : end);
    }
    const { days } = await from("2023-04-01")();
    expect(days).toMatchObject([{ agent_id: "half", ended: 2, with_duration: 1, total_duration_seconds: 60 }]);
  });

  test("a disposition that is called none is another than none at all", async () => {
    for (const [index, disposition] of [undefined, "none", "none"].entries()) {
      const call = documentedCall({ call_id: `none-${index}`, agent_id: "none" });
      const { disposition: _, ...end } = call.end({ timestamp: "2023-04-02T10:00:00Z" });
      await post(ledger.url, disposition === undefined ? end : { ...end, disposition });
    }
    const { dispositions } = await from("2023-04-02")();
    expect(dispositions).toMatchObject([
      { disposition: "none", calls: 2 },
      { disposition: null, calls: 1 },
    ]);
  });

  test("of metrics all have a trend over a year, and no call takes it away by thousands of names", async () => {
    const metrics = JSON.stringify(
      Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`metric ${index}`, index])),
    );
    const names = JSON.stringify(Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`a${index}`, 1])));
    const insert = ledger.DB.prepare(
      `INSERT INTO calls (call_id, platform, agent_id, status, started_at, ended_at, updated_at, ledger_first_received_at, ledger_column_versions, metrics)
       SELECT 'year-' || value, 'atoms', 'year', 'ended', strftime('%Y-%m-%dT00:00:00.000Z', '2022-01-01', value || ' days'), '2022', '', '', '{}', ?2
       FROM json_each(?1)`,
    );
    const days = Array.from({ length: 365 }, (_, index) => index);
    await ledger.DB.batch([insert.bind(JSON.stringify(days), metrics), insert.bind("[400]", names)]);
    await ledger.DB.prepare(
      "UPDATE calls SET started_at = '2022-06-01T00:00:00.000Z' WHERE call_id = 'year-400'",
    ).run();
    const { body } = await ask(ledger.url, "/api/stats?from=2022-01-01&to=2022-12-31");
    const trend: { metric: string }[] = Object(body).metric_trend;
    for (let index = 0; index < 14; index++) {
      expect(trend.filter(({ metric }) => metric === `metric ${index}`)).toHaveLength(365);
    }
    const values: { metric: string }[] = Object(body).metric_values;
    expect(values.filter(({ metric }) => metric === "metric 13")).toHaveLength(1);
  });
});

test("a file is a command for wrangler", async () => {
  const state = mkdtempSync(join(tmpdir(), "call-ledger-queries-"));
  const wrangler = async (...parameters: string[]) => {
    const command = join(root, "node_modules/.bin/wrangler");
    const given = ["d1", ...parameters, "--local", "--persist-to", state];
    return (await promisify(execFile)(command, given, { cwd: root, env: { ...process.env, CI: "1" } })).stdout;
  };
  await wrangler("migrations", "apply", "DB");
  const printed = await wrangler("execute", "DB", "--json", "--file", "src/ledger/queries/totals.sql");
  expect(JSON.parse(printed)).toMatchObject([{ success: true, results: [{ calls: 0 }] }]);
  rmSync(state, { recursive: true });
});

describe("a file of somebody's own", () => {
  const live = read("live-calls.sql");
  const [parameters = "", ...rest] = live.split("\n");
  const [question = "", ...query] = rest;
  const lines = (...all: string[]) => all.join("\n");

  /** Starts the Worker with this instead of live-calls.sql, and asks it for the calls that go on. */
  async function liveWith(sql: string): Promise<unknown> {
    using project = copyProject();
    writeFileSync(join(project.folder, "src/ledger/queries/live-calls.sql"), sql);
    const copy = await bootLedger({ root: project.folder });
    await post(copy.url, documentedCall({ call_id: "one" }).start({ timestamp: new Date().toISOString() }));
    const { body } = await ask(copy.url, "/api/stats");
    await copy.harness.close();
    return Object(body).live;
  }

  test("may name other times and another agent", async () => {
    const other = parameters.replace("'-6 hours'", "'-7 days'").replace("NULL AS agent_id", "'ada' AS agent_id");
    expect(other).toContain("'-7 days'");
    // They are for people; the Worker binds its own.
    expect(await liveWith(lines(other, question, ...query))).toMatchObject([{ call_id: "one" }]);
  });

  test.each([
    ["the question comes first", lines(question, parameters, ...query)],
    ["the parameters have another name", lines(parameters.replace("parameters", "chosen"), question, ...query)],
    ["a parameter is missing", lines(parameters.replace(/, NULL AS agent_id/, ""), question, ...query)],
    ["the parameters take two lines", lines(parameters.replace(", NULL", ",\n  NULL"), question, ...query)],
    ["there is no first line at all", lines(question, ...query)],
  ])("keeps the Worker from starting when %s", async (_, sql) => {
    await expect(liveWith(sql)).rejects.toThrow("not a first line with parameters");
  });
});
