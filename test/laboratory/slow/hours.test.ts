import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { memoryUsage } from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Totals } from "../../../src/ledger/totals/add.ts";
import { readHourRows, type StatisticsRange } from "../../../src/ledger/totals/read.ts";
import { documentedCall } from "../../support/events.ts";
import { everyPlatform, postAs } from "../../support/every-platform.ts";
import { bootLedger } from "../../support/ledger.ts";
import { post } from "../../support/post.ts";
import { retellCall } from "../../support/retell.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger({ env: everyPlatform });
});
afterAll(() => ledger.harness.close());

const HOUR_MS = 60 * 60 * 1000;
const count = (scheduledTime = new Date(Date.now() + 2 * HOUR_MS)) =>
  ledger.worker.scheduled({ cron: "* * * * *", scheduledTime });
const rows = async (sql: string) => (await ledger.DB.prepare(sql).all()).results;
const staleHours = async () =>
  (await rows("SELECT hour FROM ledger_stale_hours ORDER BY hour")).map(({ hour }) => hour);

const names = [
  "totals",
  "calls-by-day",
  "calls-by-hour",
  "dispositions",
  "metrics",
  "metric-values",
  "metric-trend",
  "busiest-hours",
  "agents",
  "tools",
];
const queries = names.map((name) =>
  readFileSync(resolve(import.meta.dirname, `../../../src/ledger/queries/${name}.sql`), "utf8")
    .replaceAll(
      "parameters.time_zone",
      "iif(calls.called_at < parameters.change, parameters.earlier, parameters.later)",
    )
    .replace(
      /^WITH .*\n/,
      "WITH parameters AS (SELECT ?1 AS since, ?2 AS until, ?3 AS agent_id, ?4 AS change, ?5 AS earlier, ?6 AS later)\n",
    ),
);

/** How far clocks are ahead of UTC, in minutes, before a change and after it. */
interface Clocks {
  change: string;
  earlier: number;
  later: number;
}
const never = "9999";
const steady: Record<string, Clocks> = {
  UTC: { change: never, earlier: 0, later: 0 },
  "Asia/Kolkata": { change: never, earlier: 330, later: 330 },
  "Asia/Kathmandu": { change: never, earlier: 345, later: 345 },
};
const changing: Record<string, Clocks> = {
  "Europe/Berlin": { change: "2026-10-25T01:00:00.000Z", earlier: 120, later: 60 },
  "America/New_York": { change: "2026-03-08T07:00:00.000Z", earlier: -300, later: -240 },
  "Australia/Lord_Howe": { change: "2026-04-04T15:00:00.000Z", earlier: 660, later: 630 },
};

/** What the queries for people answer, which read the calls themselves: each side of a change by its own offset. */
async function countCalls({ since, until, agent_id, timeZone }: StatisticsRange): Promise<unknown[][]> {
  const clocks = steady[timeZone] ?? changing[timeZone];
  if (clocks === undefined) throw new Error(`no clocks of ${timeZone}`);
  const answers = await ledger.DB.batch(
    queries.map((sql, index) =>
      ledger.DB.prepare(sql).bind(
        since,
        until,
        names[index] === "agents" ? null : agent_id,
        clocks.change,
        `${clocks.earlier} minutes`,
        `${clocks.later} minutes`,
      ),
    ),
  );
  return answers.map(({ results }) => results);
}

/** Likewise, by the totals of hours. */
async function addHours(range: StatisticsRange): Promise<unknown[][]> {
  const totals = new Totals(range);
  for await (const hours of readHourRows(ledger.DB, range, true)) for (const row of hours) totals.add(row);
  const {
    totals: sums,
    days,
    dispositions,
    metrics,
    metric_values,
    metric_trend,
    busiest_hours,
    agents,
    tools,
  } = totals.statistics();
  return [
    ...[[sums], days, totals.hours(), dispositions, metrics, metric_values, metric_trend, busiest_hours, agents, tools],
  ];
}

/** Sums of fractions differ in their last digits by the order in which they were added. */
function rounded(answers: unknown[][]): unknown {
  return JSON.parse(JSON.stringify(answers), (_, value) =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(10)) : value,
  );
}

let compared = 0;
async function expectSame(range: StatisticsRange): Promise<void> {
  const counted = await countCalls(range);
  expect(rounded(await addHours(range))).toEqual(rounded(counted));
  compared += counted.flat().length;
}

test("a year of texts that are all different fits into the memory of a Worker, and the frequent ones are among them", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const totals = new Totals({ since: "", until: "", agent_id: null, timeZone: "UTC" });
  collectGarbage();
  const before = memoryUsage().heapUsed;
  for (let hour = 0; hour < 366 * 24; hour++) {
    const texts = Array.from({ length: 19 }, (_, index) => `${hour}-${index} ${"word ".repeat(15)}`);
    totals.add({
      hour: new Date(Date.UTC(2024, 0, 1, hour)).toISOString().slice(0, "2024-01-01T00".length),
      ...{ agent_id: "", calls: 20, ended: 20, analyzed: 20, with_duration: 20, total_duration_seconds: 100 },
      ...{ with_cost: 20, total_cost_usd: 2, with_latency: 20, total_latency_ms: 16_000 },
      quarters: null,
      dispositions: [...texts, "busy"].map((disposition) => ({
        ...{ disposition, calls: 1, with_duration: 1, total_duration_seconds: 5 },
        ...{ with_cost: 1, total_cost_usd: 0.1, with_latency: 1, total_latency_ms: 800 },
      })),
      tools: texts.map((name) => ({ name, calls: 1, errors: 0, with_duration: 1, total_duration_ms: 300 })),
      metrics: Array.from({ length: 10 }, (_, metric) => ({
        metric: `text ${metric}`,
        ...{ type: "text" as const, least: null, most: null },
        quarters: [{ minute: 0, calls: 20, sum: 0 }],
        values: [...texts, "often"].map((value) => ({ value, calls: 1 })),
      })),
    });
  }
  collectGarbage();
  expect((memoryUsage().heapUsed - before) / 1e6).toBeLessThan(40);
  const { dispositions, metric_values } = totals.statistics();
  expect(dispositions[0]).toMatchObject({ disposition: "busy", calls: 366 * 24 });
  expect(metric_values[0]).toEqual({ metric: "text 0", type: "text", value: "often", calls: 366 * 24 });
});

test("a busy month of ten free texts a call is read in parts, of which each fits into a Worker with all that it is parsed to", async () => {
  const metrics = Array.from({ length: 10 }, (_, metric) => ({
    ...{ metric: `text ${metric}`, type: "text", least: null, most: null },
    quarters: [{ minute: 0, calls: 20, sum: 0 }],
    values: Array.from({ length: 20 }, (_, index) => ({ value: `${index} ${"नमस्ते ".repeat(14)}`, calls: 1 })),
  }));
  await ledger.DB.prepare(
    `INSERT INTO ledger_hours (hour, agent_id, calls, ended, analyzed, with_duration, total_duration_seconds, with_cost, total_cost_usd,
       with_latency, total_latency_ms, quarters, dispositions, metrics, tools)
     SELECT strftime('%Y-%m-%dT%H', '2025-01-01', value || ' hours'), '', 20, 20, 20, 20, 100.0, 20, 2.0, 20, 16000.0, '[]', '[]', ?2, '[]'
     FROM json_each(?1)`,
  )
    .bind(JSON.stringify(Array.from({ length: 31 * 24 }, (_, hour) => hour)), JSON.stringify(metrics))
    .run();
  const range = { since: "2025-01-01T00:00:00.000Z", until: "2025-02-01T00:00:00.000Z", agent_id: null };
  let hours = 0;
  for await (const rows of readHourRows(ledger.DB, { ...range, timeZone: "UTC" }, true)) {
    expect(new TextEncoder().encode(JSON.stringify(rows)).byteLength / 1e6).toBeLessThan(16);
    hours += rows.length;
  }
  expect(hours).toBe(31 * 24);
});

describe.each(Object.entries(changing))("the totals of hours around a change in %s", (zone, { change }) => {
  const from = Date.parse(change) - 4.5 * HOUR_MS;
  const moment = fc.integer({ min: 0, max: 9 * 60 }).map((minutes) => new Date(from + minutes * 60_000).toISOString());
  const value = fc.oneof(
    fc.integer({ min: 1, max: 5 }),
    fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    fc.boolean(),
    fc.constantFrom("yes", "no", null, 1.7e308, -1.7e308),
    fc.constant({ nested: true }),
  );
  const facts = {
    call: fc.integer({ min: 0, max: 7 }),
    timestamp: moment,
    agent: fc.constantFrom("ada", "bob"),
  };
  const operation = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("start" as const), ...facts }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("end" as const),
        ...facts,
        duration_seconds: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true })),
        disposition: fc.option(fc.constantFrom("successful", "busy", "none")),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("analytics" as const),
        ...facts,
        metrics: fc.dictionary(fc.constantFrom("csat", "resolved", "topic"), value),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("record" as const),
        ...facts,
        combined_cost: fc.option(fc.double({ min: 0, max: 1e4, noNaN: true })),
        p50: fc.option(fc.double({ min: 0, max: 1e4, noNaN: true })),
        tools: fc.array(
          fc.record({
            name: fc.constantFrom("find_slot", "book", "pay"),
            successful: fc.constantFrom(true, false, null),
            seconds: fc.option(fc.double({ min: 0, max: 60, noNaN: true })),
          }),
          { maxLength: 4 },
        ),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("erase" as const), call: facts.call }) },
    { weight: 2, arbitrary: fc.constant({ kind: "count" as const }) },
  );
  const range = fc
    .tuple(
      fc.array(moment, { minLength: 2, maxLength: 2 }),
      fc.constantFrom(null, "ada"),
      fc.constantFrom(...Object.keys(steady), zone, zone),
    )
    .map(([moments, agent_id, timeZone]): StatisticsRange => {
      const [since = "", until = ""] = moments.toSorted();
      return { since, until, agent_id, timeZone };
    });
  const everything = {
    since: new Date(from - 20 * 24 * HOUR_MS).toISOString(),
    until: new Date(from + 20 * 24 * HOUR_MS).toISOString(),
    agent_id: null,
    timeZone: zone,
  };

  type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

  /** A call that says what it cost, how fast its agent was and which tools it called. */
  function postRecord(
    call_id: string,
    { timestamp, agent, combined_cost, p50, tools }: Extract<Operation, { kind: "record" }>,
  ) {
    const transcript = tools.flatMap(({ name, successful, seconds }, index) => [
      { role: "tool_call_invocation", tool_call_id: `${index}`, name, arguments: "{}", time_sec: 1 },
      {
        ...{ role: "tool_call_result", tool_call_id: `${index}`, content: "{}", successful },
        ...(seconds !== null && { time_sec: 1 + seconds }),
      },
    ]);
    const start = Date.parse(timestamp);
    const body = retellCall({ call_id, agent_id: agent }).end(
      {
        ...{ start_timestamp: start, end_timestamp: start + 60_000, transcript_with_tool_calls: transcript },
        ...{ call_cost: { combined_cost }, latency: { e2e: { p50 } } },
      },
      { event_timestamp: start + 60_000 },
    );
    return postAs("retell", ledger.url, body);
  }

  async function perform(operations: readonly Operation[], run: number) {
    for (const operation of operations) {
      if (operation.kind === "count") {
        await count();
        continue;
      }
      const call_id = `call-${run}-${operation.call}`;
      if (operation.kind === "erase") {
        await ledger.DB.prepare("DELETE FROM calls WHERE call_id IN (?, ?)")
          .bind(call_id, `record-${run}-${operation.call}`)
          .run();
        continue;
      }
      if (operation.kind === "record") {
        await postRecord(`record-${run}-${operation.call}`, operation);
        continue;
      }
      const { kind, call: _, agent, ...fields } = operation;
      await post(ledger.url, documentedCall({ call_id, agent_id: agent })[kind](fields));
    }
  }

  test("equal what the queries for people count, for any mix of orders, corrections and erasures", async () => {
    compared = 0;
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 15, maxLength: 30 }),
        fc.array(range, { minLength: 3, maxLength: 3 }),
        async (operations, ranges) => {
          await ledger.DB.exec(
            "DELETE FROM events; DELETE FROM calls; DELETE FROM ledger_hours; DELETE FROM ledger_stale_hours",
          );
          await perform(operations, run++);
          for (const each of [...ranges, everything]) await expectSame(each);
          await count();
          expect(await staleHours()).toEqual([]);
          for (const each of [...ranges, everything]) await expectSame(each);
        },
      ),
      { seed: 1, numRuns: 8, endOnFailure: true },
    );
    expect(compared).toBeGreaterThan(1_000);
  });
});
