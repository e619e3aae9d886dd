import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ask } from "./support/ask.ts";
import { documentedCall } from "./support/events.ts";
import { everyPlatform, postAs } from "./support/every-platform.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";
import { retellCall } from "./support/retell.ts";
import { signIn } from "./support/sign-in.ts";

const JULY = "/api/stats?from=2024-07-01&to=2024-07-31";
const HOUR = "2024-07-15T14";
const timestamp = "2024-07-15T14:40:00Z";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger({ env: everyPlatform });
});
afterAll(() => ledger.harness.close());
beforeEach(() =>
  ledger.DB.exec("DELETE FROM events; DELETE FROM calls; DELETE FROM ledger_hours; DELETE FROM ledger_stale_hours"),
);

const minutesFromNow = (minutes: number) => new Date(Date.now() + minutes * 60_000);
const runCron = (scheduledTime: Date) => ledger.worker.scheduled({ cron: "* * * * *", scheduledTime });
const rows = async (sql: string) => (await ledger.DB.prepare(sql).all()).results;
const hoursIn = async (table: string) =>
  (await rows(`SELECT DISTINCT hour FROM ${table} ORDER BY hour`)).map(({ hour }) => hour);
const statistics = async (path = JULY) => Object((await ask(ledger.url, path)).body);

describe("an hour", () => {
  test("is counted a quarter of an hour after it changed, and is stale again when an event of it comes later", async () => {
    const call = documentedCall({ call_id: "late", agent_id: "ada" });
    await post(ledger.url, call.start({ timestamp }));
    await runCron(minutesFromNow(10));
    expect([await hoursIn("ledger_hours"), await hoursIn("ledger_stale_hours")]).toEqual([[], [HOUR]]);
    await runCron(minutesFromNow(20));
    expect([await hoursIn("ledger_hours"), await hoursIn("ledger_stale_hours")]).toEqual([[HOUR], []]);
    expect(await statistics()).toMatchObject({ totals: { calls: 1, ended: 0 } });

    await post(ledger.url, call.end({ timestamp, duration_seconds: 30, disposition: "busy" }));
    expect([await hoursIn("ledger_hours"), await hoursIn("ledger_stale_hours")]).toEqual([[], [HOUR]]);
    const ended = {
      totals: { calls: 1, ended: 1 },
      dispositions: [{ disposition: "busy", average_duration_seconds: 30 }],
    };
    expect(await statistics()).toMatchObject(ended);
    await runCron(minutesFromNow(20));
    expect(await statistics()).toMatchObject(ended);
  });

  test("that goes on is not counted", async () => {
    await post(ledger.url, documentedCall({ call_id: "now" }).start({ timestamp: new Date().toISOString() }));
    await runCron(new Date());
    expect(await hoursIn("ledger_hours")).toEqual([]);
    expect(await statistics("/api/stats")).toMatchObject({ totals: { calls: 1 } });
  });

  test("is stale when a call leaves it for another, by an event or by hand", async () => {
    const call = documentedCall({ call_id: "moved" });
    await post(ledger.url, call.end({ timestamp }));
    await runCron(minutesFromNow(20));
    await post(ledger.url, call.start({ timestamp: "2024-07-15T12:10:00Z" }));
    expect(await hoursIn("ledger_stale_hours")).toEqual(["2024-07-15T12", HOUR]);
    await runCron(minutesFromNow(20));
    await ledger.DB.exec(
      "UPDATE calls SET started_at = '2024-07-20T00:00:00.000Z', updated_at = '2024-07-20T00:00:00.000Z'",
    );
    expect(await hoursIn("ledger_stale_hours")).toEqual(["2024-07-15T12", "2024-07-20T00"]);
    await runCron(new Date());
    expect(await hoursIn("ledger_hours")).toEqual(["2024-07-20T00"]);
  });

  test("that cannot be counted keeps no other from it", async () => {
    await post(ledger.url, documentedCall({ call_id: "broken" }).start({ timestamp: "2024-07-01T10:00:00Z" }));
    await ledger.DB.exec("UPDATE calls SET metrics = '{', updated_at = '2024-07-01T10:00:00.000Z'");
    await post(ledger.url, documentedCall({ call_id: "whole" }).start({ timestamp }));
    await runCron(minutesFromNow(20));
    expect([await hoursIn("ledger_hours"), await hoursIn("ledger_stale_hours")]).toEqual([[HOUR], ["2024-07-01T10"]]);
    await ledger.DB.exec("UPDATE calls SET metrics = NULL WHERE call_id = 'broken'");
    await runCron(minutesFromNow(40));
    expect(await hoursIn("ledger_stale_hours")).toEqual([]);
  });

  test("has nothing left of a call that is erased", async () => {
    const call = documentedCall({ call_id: "gone" });
    await post(ledger.url, call.end({ timestamp, disposition: "secret-disposition" }));
    await post(ledger.url, call.analytics({ timestamp, metrics: { wish: "secret-wish" } }));
    await post(ledger.url, documentedCall({ call_id: "stays" }).end({ timestamp, disposition: "busy" }));
    await runCron(minutesFromNow(20));
    expect(JSON.stringify(await rows("SELECT * FROM ledger_hours"))).toMatch(/secret-wish.*|secret-disposition/);

    expect(await ask(ledger.url, "/api/calls/gone", { method: "DELETE" })).toMatchObject({ status: 202 });
    await vi.waitFor(async () => expect(await rows("SELECT id FROM calls")).toHaveLength(1), { timeout: 100_000 });
    expect(await rows("SELECT * FROM ledger_hours")).toEqual([]);
    await runCron(minutesFromNow(20));
    expect(await rows("SELECT agent_id, calls, dispositions FROM ledger_hours WHERE agent_id = ''")).toEqual([
      {
        agent_id: "",
        calls: 1,
        dispositions: expect.stringMatching(/^\[{"disposition":"busy","calls":1,[^{]*}\]$/),
      },
    ]);
  });
});

test("statistics read the totals of hours, and calls only of hours that are stale or cut", async () => {
  const start = documentedCall({ call_id: "one" }).start({ timestamp });
  await post(ledger.url, start);
  await runCron(minutesFromNow(20));
  await ledger.DB.exec("UPDATE ledger_hours SET calls = 7000");
  expect(await statistics()).toMatchObject({ totals: { calls: 7000 } });
  expect(await statistics("/api/stats?from=2024-07-15T14:30:00Z&to=2024-07-16")).toMatchObject({
    totals: { calls: 1 },
  });
  const pages = await signIn(ledger.url);
  expect((await pages.visit("/?range=own&from=2024-07-15&to=2024-07-15")).text).toContain("7,000");
});

describe("cost, latency and tools", () => {
  const start = Date.parse(timestamp);
  const tool = (name: string, id: string, successful: boolean | null, seconds: number) => [
    { role: "tool_call_invocation", tool_call_id: id, name, arguments: "{}", time_sec: 1 },
    { role: "tool_call_result", tool_call_id: id, content: "{}", successful, time_sec: 1 + seconds },
  ];
  const send = (call_id: string, agent_id: string, call: object, at = start) =>
    postAs(
      "retell",
      ledger.url,
      retellCall({ call_id, agent_id }).end(
        { start_timestamp: at, end_timestamp: at + 60_000, ...call },
        { event_timestamp: at + 60_000 },
      ),
    );

  beforeEach(async () => {
    await send("dear", "ada", {
      call_cost: { combined_cost: 25 },
      latency: { e2e: { p50: 600 } },
      transcript_with_tool_calls: [...tool("find", "a", true, 0.5), ...tool("find", "b", false, 1.5)],
    });
    await send("cheap", "bob", {
      call_cost: { combined_cost: 12.5 },
      latency: { e2e: { p50: 800 } },
      transcript_with_tool_calls: tool("book", "a", null, 2),
    });
    await post(ledger.url, documentedCall({ call_id: "unsaid", agent_id: "cleo" }).end({ timestamp }));
  });

  test("are those of all agents or of one, of hours that are counted and of hours that are not", async () => {
    for (const counted of [false, true]) {
      if (counted) await runCron(minutesFromNow(20));
      expect(await hoursIn("ledger_stale_hours")).toHaveLength(counted ? 0 : 1);
      expect(await statistics()).toMatchObject({
        totals: { calls: 3, cost_usd: 0.375, latency_ms: 700 },
        days: [
          { agent_id: "ada", with_cost: 1, cost_usd: 0.25, with_latency: 1, latency_ms: 600 },
          { agent_id: "bob", cost_usd: 0.125, latency_ms: 800 },
          { agent_id: "cleo", with_cost: 0, cost_usd: null, with_latency: 0, latency_ms: null },
        ],
        dispositions: expect.arrayContaining([
          expect.objectContaining({ disposition: "successful", cost_usd: null, latency_ms: null }),
          expect.objectContaining({ cost_usd: 0.375, latency_ms: 700 }),
        ]),
        tools: [
          { name: "find", calls: 2, errors: 1, average_duration_ms: 1000 },
          { name: "book", calls: 1, errors: 0, average_duration_ms: 2000 },
        ],
      });
      expect(await statistics(`${JULY}&agent_id=bob`)).toMatchObject({
        totals: { cost_usd: 0.125, latency_ms: 800 },
        tools: [{ name: "book", calls: 1, errors: 0, average_duration_ms: 2000 }],
      });
    }
  });

  test("change with a correction, though the hour was counted", async () => {
    await runCron(minutesFromNow(20));
    const corrected = { call_cost: { combined_cost: 50 }, transcript_with_tool_calls: tool("pay", "a", true, 1) };
    const { end } = retellCall({ call_id: "dear", agent_id: "ada" });
    const times = { start_timestamp: start, end_timestamp: start + 90_000 };
    await postAs("retell", ledger.url, end({ ...times, ...corrected }, { event_timestamp: start + 120_000 }));
    const expected = { totals: { cost_usd: 0.625 }, tools: [{ name: "book" }, { name: "pay", calls: 1, errors: 0 }] };
    expect(await statistics()).toMatchObject(expected);
    await runCron(minutesFromNow(20));
    expect(await statistics()).toMatchObject(expected);
  });

  test("are on the overview: in sum, by day, by agent and by tool", async () => {
    const pages = await signIn(ledger.url);
    const { text, html } = await pages.visit("/?range=own&from=2024-07-14&to=2024-07-16");
    expect(text).toContain("Cost $0.3750 $0.1875 a call");
    expect(text).toMatch(/Average latency 700\sms/);
    expect(html).toContain('<span class="tip">Mon 15 Jul: $0.3750</span>');
    expect(html).toContain('<span class="tip">Sun 14 Jul: no cost known</span>');
    expect(text).toMatch(/ada 1 1 0 % 1m 16s \$0\.2500 600\sms/);
    expect(text).toMatch(/cleo 1 1 0 % 5m 0s – –/);
    expect(text).toMatch(/find 2 1 50 % 1\.00\ss book 1 0 0 % 2\.00\ss/);
    const ofOne = await pages.visit("/?range=own&from=2024-07-15&to=2024-07-15&agent_id=bob");
    expect(ofOne.text).toContain("Cost by the hour $0.1250 in all");
    expect(ofOne.text).not.toContain("find 2");
    const without = await pages.visit("/?range=own&from=2024-07-15&to=2024-07-15&agent_id=cleo");
    expect(without.text).not.toMatch(/Cost|Average latency|Tools/);
  });
});

test("hours are cut by quarters for clocks that are half an hour off", async () => {
  // In Kolkata 00:10 of the next day.
  await post(ledger.url, documentedCall({ call_id: "kolkata" }).start({ timestamp: "2024-07-15T18:40:00Z" }));
  await post(ledger.url, documentedCall({ call_id: "before" }).start({ timestamp: "2024-07-15T18:20:00Z" }));
  await runCron(minutesFromNow(20));
  const pages = await signIn(ledger.url, { timeZone: "Asia/Kolkata" });
  const { html } = await pages.visit("/?range=own&from=2024-07-15&to=2024-07-20");
  const titles = Array.from(html.matchAll(/class="tip">(\w+ \d+ Jul: \d+ call)/g), ([, title]) => title);
  expect(titles.slice(0, 3)).toEqual(["Mon 15 Jul: 1 call", "Tue 16 Jul: 1 call", "Wed 17 Jul: 0 call"]);
});

describe("a range with a change of clocks", () => {
  const range = "from=2026-10-20&to=2026-11-05";
  // In Berlin clocks are set back at 3:00 on 25 October.
  const moments = {
    "summer, 23:30": "2026-10-21T21:30:00Z",
    "summer, 0:30": "2026-10-22T22:30:00Z",
    "winter, 23:30": "2026-11-01T22:30:00Z",
    "first 2:30": "2026-10-25T00:30:00Z",
    "second 2:30": "2026-10-25T01:30:00Z",
    "last of the range": "2026-11-05T22:59:59.999Z",
    "before the range": "2026-10-19T21:59:59.999Z",
  };
  const expected = {
    days: [
      { day: "2026-10-21", calls: 1 },
      { day: "2026-10-23", calls: 1 },
      { day: "2026-10-25", calls: 2 },
      { day: "2026-11-01", calls: 1 },
      { day: "2026-11-05", calls: 1 },
    ],
    busiest_hours: [
      { weekday: 0, hour: 2, calls: 2 },
      { weekday: 0, hour: 23, calls: 1 },
      { weekday: 3, hour: 23, calls: 1 },
      { weekday: 4, hour: 23, calls: 1 },
      { weekday: 5, hour: 0, calls: 1 },
    ],
    metric_trend: [
      { metric: "csat", day: "2026-10-21", average: 4 },
      { metric: "csat", day: "2026-11-01", average: 4 },
    ],
  };

  beforeEach(async () => {
    for (const [call_id, timestamp] of Object.entries(moments)) {
      await post(ledger.url, documentedCall({ call_id }).start({ timestamp }));
      if (!call_id.endsWith("23:30")) continue;
      await post(ledger.url, documentedCall({ call_id }).analytics({ timestamp, metrics: { csat: 4 } }));
    }
  });

  test("has each call in its day and hour, before and after the change, counted or not", async () => {
    const path = `/api/stats?${range}&time_zone=Europe/Berlin`;
    for (const counted of [false, true]) {
      if (counted) await runCron(minutesFromNow(20));
      const answer = await statistics(path);
      expect(answer).toMatchObject({
        from: "2026-10-19T22:00:00.000Z",
        to: "2026-11-05T23:00:00.000Z",
        time_zone: "Europe/Berlin",
        totals: { calls: 6 },
        ...expected,
      });
    }
  });

  test("is the same on the overview, where an hour that clocks show twice is one bar", async () => {
    const pages = await signIn(ledger.url, { timeZone: "Europe/Berlin" });
    const barsOf = async (days: string) => {
      const { html } = await pages.visit(`/?range=own&${days}`);
      return Array.from(html.matchAll(/class="tip">(\w+ \d+ \w+(?:, \d\d:\d\d)?: \d+ call)/g), ([, title]) => title);
    };
    expect((await barsOf(range)).filter((title) => !title?.endsWith(" 0 call"))).toEqual([
      "Wed 21 Oct: 1 call",
      "Fri 23 Oct: 1 call",
      "Sun 25 Oct: 2 call",
      "Sun 1 Nov: 1 call",
      "Thu 5 Nov: 1 call",
    ]);
    const hours = await barsOf("from=2026-10-25&to=2026-10-25");
    expect(hours).toHaveLength(24);
    expect(hours.filter((title) => !title?.endsWith(" 0 call"))).toEqual(["Sun 25 Oct, 02:00: 2 call"]);
  });

  test("of half an hour, as on Lord Howe Island, cuts the hour", async () => {
    // 1:45 before the change and 1:35 after it: clocks are set back from 2:00 to 1:30.
    for (const [call_id, timestamp] of Object.entries({
      before: "2026-04-04T14:45:00Z",
      after: "2026-04-04T15:05:00Z",
    })) {
      await post(ledger.url, documentedCall({ call_id }).start({ timestamp }));
    }
    await post(ledger.url, documentedCall({ call_id: "later" }).start({ timestamp: "2026-04-04T15:35:00Z" }));
    await runCron(minutesFromNow(20));
    const answer = await statistics("/api/stats?from=2026-04-05&to=2026-04-05&time_zone=Australia/Lord_Howe");
    expect(answer).toMatchObject({
      days: [{ day: "2026-04-05", calls: 3 }],
      busiest_hours: [
        { weekday: 0, hour: 1, calls: 2 },
        { weekday: 0, hour: 2, calls: 1 },
      ],
    });
  });
});

test.each(["Mars/Olympus", "+02:00", "Europe/Berlin ", "2"])("the time zone %j is refused", async (zone) => {
  const answer = await ask(ledger.url, `/api/stats?time_zone=${encodeURIComponent(zone)}`);
  const message = "Unknown time zone: expected an IANA name, such as Europe/Berlin";
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "time_zone", message }] } });
});

test("hours are counted again by the SQL that the README has", async () => {
  const readme = readFileSync(resolve(import.meta.dirname, "../src/ledger/totals/README.md"), "utf8");
  const [, again = ""] = /```sql\n(.*?)```/s.exec(readme) ?? [];
  await post(ledger.url, documentedCall({ call_id: "one" }).start({ timestamp }));
  await runCron(minutesFromNow(20));
  await ledger.DB.exec("UPDATE ledger_hours SET calls = 7000");
  await ledger.DB.batch(
    again
      .trim()
      .split(/;\n?/)
      .filter(Boolean)
      .map((sql) => ledger.DB.prepare(sql)),
  );
  expect(await statistics()).toMatchObject({ totals: { calls: 1 } });
  await runCron(new Date());
  expect([await hoursIn("ledger_hours"), await hoursIn("ledger_stale_hours")]).toEqual([[HOUR], []]);
  expect(await statistics()).toMatchObject({ totals: { calls: 1 } });
});

test("a range of more than a year is refused by the API, as it is by the overview", async () => {
  // The second has 366 days and an hour.
  for (const range of ["from=2023-01-01&to=2024-01-01", "from=2027-10-31&to=2028-10-30&time_zone=Europe/Berlin"]) {
    expect(await ask(ledger.url, `/api/stats?${range}`)).toMatchObject({ status: 200 });
  }
  for (const range of ["from=2023-01-01&to=2024-01-02", "from=2020-01-01", "from=0001-01-01&to=9999-12-31"]) {
    expect(await ask(ledger.url, `/api/stats?${range}`)).toMatchObject({
      status: 400,
      body: { errors: [{ path: "from", message: "Invalid range: at most 366 days" }] },
    });
  }
});

test("an hour with more calls than an answer could hold, of more agents and metrics than there is room for, is counted", async () => {
  const insert = `INSERT INTO calls (call_id, platform, agent_id, status, started_at, ended_at, updated_at, ledger_first_received_at, ledger_column_versions, disposition, metrics)
    SELECT value, 'atoms', 'agent ' || (value % 300), 'ended', ?2, ?2, ?2, ?2, '{}', value, json_object('metric ' || (value % 60), value, 'topic', value || ?3)
    FROM json_each(?1)`;
  const numbers = JSON.stringify(Array.from({ length: 5_000 }, (_, index) => index));
  await ledger.DB.prepare(insert).bind(numbers, `${HOUR}:00:00.000Z`, "x".repeat(300)).run();
  await runCron(new Date());
  expect(await hoursIn("ledger_stale_hours")).toEqual([]);
  const answer = await statistics();
  expect(answer).toMatchObject({ totals: { calls: 5_000, ended: 5_000 } });
  expect(answer.metrics[0]).toMatchObject({ metric: "topic", calls: 5_000 });
  expect(answer.metrics).toHaveLength(50);
});

test("the totals of an hour fit into a row of D1, whatever its calls say", async () => {
  for (let index = 0; index < 20; index++) {
    const { end, analytics } = documentedCall({ call_id: `rich ${index}` });
    const longest = (characters: number) => "\u0001".repeat(characters - 2) + String(index).padStart(2, "0");
    await post(ledger.url, end({ timestamp, disposition: longest(19_000) }));
    const names = Array.from({ length: 50 }, (_, name) => "\u0001".repeat(198) + String(name).padStart(2, "0"));
    const metrics = Object.fromEntries(names.map((name) => [name, `${index} ${longest(1_000)}`]));
    await post(ledger.url, analytics({ timestamp, metrics }));
  }
  await runCron(minutesFromNow(20));
  const [row] = await rows("SELECT max(length(dispositions) + length(metrics)) AS bytes FROM ledger_hours");
  expect(row).toMatchObject({ bytes: expect.any(Number) });
  expect(Number(row?.["bytes"])).toBeLessThan(1_900_000);
  expect(await statistics()).toMatchObject({ totals: { calls: 20 } });
});
