import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { ask, askText } from "./support/ask.ts";
import { customCall, customTranscript } from "./support/custom.ts";
import { SYNC_SECRET, startDownstream } from "./support/downstream.ts";
import { documentedCall } from "./support/events.ts";
import { everyPlatform, postAs } from "./support/every-platform.ts";
import { queryExports, runHourly, untilExported } from "./support/exports.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { post } from "./support/post.ts";
import { signIn } from "./support/sign-in.ts";
import type { Faults } from "./support/stores/faults.ts";
import { readUsage } from "./support/stores/limited.ts";
import { listKeys, prefixOf } from "./support/stores/objects.ts";
import { runCron, setFaults } from "./support/stores/relay.ts";

const PHONE = "+15550143001";
const patience = { timeout: 60_000, interval: 30 };

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
let pages: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootOnNetwork({
    main: "test/support/stores/faulty-ledger.ts",
    env: {
      ...everyPlatform,
      EXPORT_PARQUET: "on",
      HOT_DAYS: "30",
      RETENTION_DAYS: "3650",
      SYNC_URL: downstream.url,
      SYNC_SECRET,
    },
  });
  pages = await signIn(ledger.url);
});
afterAll(async () => {
  await ledger.close();
  await downstream.close();
});

const rows = async (sql: string, ...values: string[]) =>
  (
    await ledger.DB.prepare(sql)
      .bind(...values)
      .all<Record<string, unknown>>()
  ).results;
const minutes = (count: number) => new Date(Date.now() + count * 60_000);
const inD1 = async (day: string) =>
  (await rows("SELECT call_id FROM calls WHERE substr(called_at, 1, 10) = ?", day)).length;
const leftOf = async (day: string) =>
  (await rows("SELECT call_id FROM ledger_left_calls WHERE day = ? ORDER BY call_id", day)).map(
    ({ call_id }) => call_id,
  );

/** A call of a minute of a day, with all that totals count. */
async function have(call_id: string, at: string, more: object = {}): Promise<void> {
  const started = Date.parse(at);
  const { end, analytics } = customCall({ call_id, agent_id: "agent_1" });
  const moment = (seconds: number) => new Date(started + seconds * 1000).toISOString();
  const answer = await postAs("custom", ledger.url, {
    ...end({ started_at: moment(0), ended_at: moment(75.4), timestamp: moment(76), caller_phone: PHONE, ...more }),
    id: `end of ${call_id}`,
  });
  expect(answer.body).toMatchObject({ status: "stored" });
  const { metrics = { satisfaction_score: 5 } } = z.object({ metrics: z.unknown() }).partial().parse(more);
  await postAs("custom", ledger.url, {
    ...analytics({ timestamp: moment(90), metrics }),
    id: `analysis of ${call_id}`,
  });
}

const untilDelivered = () =>
  vi.waitFor(
    async () => expect(await rows("SELECT 1 FROM sync_deliveries WHERE state = 'pending'")).toEqual([]),
    patience,
  );

async function exported(): Promise<void> {
  await untilDelivered();
  await runHourly(ledger.url);
  await untilExported(ledger);
}

const jobs = () => rows("SELECT status, output, due_at FROM ledger_jobs WHERE kind = 'letting-go' ORDER BY updated_at");

/** Runs the cron until no call may leave, and no job is at it. */
async function lettingGo(): Promise<void> {
  await runCron(ledger.url, minutes(0));
  await vi.waitFor(async () => {
    for (const { status } of await jobs()) expect(status).toBe("complete");
  }, patience);
}

async function gone(day: string): Promise<void> {
  await exported();
  await lettingGo();
  expect(await inD1(day)).toBe(0);
}

const zones = ["UTC", "Asia/Kolkata", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"];

/** Everything that statistics say of some ranges, but what goes on now. */
async function statistics(from: string, to: string): Promise<unknown[]> {
  const queries = zones.flatMap((zone) => [
    `from=${from}&to=${to}&time_zone=${encodeURIComponent(zone)}`,
    `from=${from}&to=${from}&time_zone=${encodeURIComponent(zone)}`,
    `from=${from}&to=${to}&time_zone=${encodeURIComponent(zone)}&agent_id=agent_2`,
  ]);
  const cut = [`from=${from}T10:15:00Z&to=${from}T14:45:00Z`, `from=${from}T14:00:00Z&to=${from}T14:30:00Z`];
  return Promise.all(
    [...queries, ...cut].map(async (query) => {
      const { database_bytes, live, sync, ...rest } = Object((await ask(ledger.url, `/api/stats?${query}`)).body);
      return rest;
    }),
  );
}

async function answersOf(callId: string) {
  const [call, transcript, text, recording, page] = await Promise.all([
    ask(ledger.url, `/api/calls/${callId}`),
    ask(ledger.url, `/api/calls/${callId}/transcript`),
    askText(ledger.url, `/api/calls/${callId}/transcript`, { Accept: "text/plain" }),
    askText(ledger.url, `/api/calls/${callId}/recording`, { Range: "bytes=1-3" }),
    pages.visit(`/calls/${callId}`),
  ]);
  return {
    call: { status: call.status, body: call.body },
    transcript: { status: transcript.status, body: transcript.body },
    text: { status: text.status, text: text.text },
    recording: { status: recording.status, text: recording.text },
    page: page.status,
  };
}

describe("a day that leaves", () => {
  const DAY = "2024-03-01";
  const NEXT = "2024-03-02";
  const MOMENTS = ["00:07", "10:14", "10:15", "10:29", "14:00", "14:31", "14:59", "23:59"];

  beforeAll(async () => {
    for (const [nth, time] of MOMENTS.entries()) {
      await have(`march-${nth}`, `${DAY}T${time}:30.250Z`, {
        ...(nth % 3 === 1 && { agent_id: "agent_2" }),
        duration_seconds: 10.1 + nth / 3,
        cost_usd: 0.1 + nth / 7,
        disposition: nth % 2 === 0 ? "booked" : `said by ${nth}`,
        metrics: { satisfaction_score: nth / 3, resolved: nth % 2 === 0, product: `Widget ${nth % 3}` },
      });
    }
    await have("march-next", `${NEXT}T00:20:00Z`);
    const [{ recording_key } = {}] = [{ recording_key: `${prefixOf("march-0")}recording.ogg` }];
    await ledger.ARCHIVE.put(String(recording_key), "OggS", { httpMetadata: { contentType: "audio/ogg" } });
    await ledger.DB.prepare("UPDATE calls SET recording_key = ? WHERE call_id = 'march-0'").bind(recording_key).run();
    await post(ledger.url, documentedCall({ call_id: "today" }).start({ timestamp: new Date().toISOString() }));
    await exported();
  });

  test("is opened, counted and exported as before, and is not in D1", async () => {
    const before = {
      statistics: await statistics(DAY, NEXT),
      march: await answersOf("march-0"),
      plain: await answersOf("march-3"),
    };
    const rowsBefore = await queryExports(ledger.url, "SELECT * FROM calls ORDER BY call_id");
    // Totals that the cron keeps ready are the ones that leave.
    await runCron(ledger.url, minutes(20));
    const during: unknown[] = [];
    const isGone = lettingGo();
    for (let look = 0; look < 3; look++) during.push(await statistics(DAY, NEXT));
    await isGone;
    expect([await inD1(DAY), await inD1(NEXT), (await leftOf(DAY)).length]).toEqual([0, 0, MOMENTS.length]);
    for (const table of ["events", "tool_calls", "sync_deliveries", "ledger_caller_numbers"]) {
      expect(
        await rows(
          `SELECT * FROM ${table} WHERE ${table === "ledger_caller_numbers" ? "digits = '15550143001'" : "call_id LIKE 'march-%'"}`,
        ),
        table,
      ).toEqual([]);
    }
    expect(await rows("SELECT call_id FROM calls")).toEqual([{ call_id: "today" }]);
    expect(await (await ledger.ARCHIVE.get(`${prefixOf("march-0")}record.json`))?.json()).toMatchObject({
      call: { call_id: "march-0", ledger_column_versions: expect.any(String) },
      events: [{ ledger_sha256: expect.any(String) }, {}, {}],
      tool_calls: [{ number: 1 }, { number: 2 }],
      sync_deliveries: [{ ledger_generation: 0 }, { ledger_generation: 0 }],
      caller_numbers: ["15550143001"],
      recording: null,
    });
    for (const seen of [...during, await statistics(DAY, NEXT)]) expect(seen).toEqual(before.statistics);
    await runCron(ledger.url, minutes(40));
    expect(await statistics(DAY, NEXT)).toEqual(before.statistics);

    expect(await answersOf("march-0")).toEqual(before.march);
    expect(await answersOf("march-3")).toEqual(before.plain);
    expect(before.march).toMatchObject({
      call: { status: 200 },
      recording: { status: 206, text: "ggS" },
      page: 200,
    });
    expect(before.plain.recording.status).toBe(404);
    expect((await pages.visit("/calls/march-0")).text).toContain("has left the database");

    const client = new Client({ name: "a client of the tests", version: "1" });
    const headers = { Authorization: "Bearer token-of-the-tests" };
    await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", ledger.url), { requestInit: { headers } }));
    const read = await client.callTool({ name: "get_call", arguments: { call_id: "march-0", payloads: true } });
    expect(read.structuredContent).toEqual(before.march.call.body);

    // Not exported again: nothing of the day changed.
    await runHourly(ledger.url);
    expect(await queryExports(ledger.url, "SELECT * FROM calls ORDER BY call_id")).toEqual(rowsBefore);
  });

  test("is not listed, and the list says so, with the SQL that finds it", async () => {
    const list = async (query: string) =>
      Object((await ask(ledger.url, `/api/calls?from=${DAY}&to=${DAY}${query}`)).body);
    const filter =
      "&agent_id=agent_1&disposition=BOOKED&min_duration=11&max_duration=100&min_cost=0.1&has_recording=true&tool=book";
    const { calls, left } = await list(filter);
    expect(calls).toEqual([]);
    expect(left).toMatchObject({ first_day: DAY, last_day: DAY, without: [] });
    const found = await queryExports(ledger.url, left.sql);
    expect(found.map(({ call_id }) => call_id)).toEqual(["march-6"]);
    const byPhone = await list(`&phone=${encodeURIComponent(PHONE.slice(-5))}`);
    expect(await queryExports(ledger.url, byPhone.left.sql)).toHaveLength(MOMENTS.length);

    // What a shell would run, or SQL would take for its own, is left out.
    const hostile = await list(`&disposition=${encodeURIComponent("x$(id)'")}&words=invoice`);
    expect(hostile.left.without).toEqual(["disposition", "words"]);
    expect(hostile.left.sql).not.toContain("$");
    expect(await list("&q=march-1")).toMatchObject({ left: { call_id: "march-1" } });
    expect(Object((await ask(ledger.url, "/api/calls?from=2025-01-01")).body).left).toBeUndefined();

    const page = await pages.visit(`/calls?from=${DAY}&to=${DAY}&q=march-1`);
    expect(page.text).toContain("have left the database");
    expect(page.html).toContain('href="/calls/march-1"');
    expect((await pages.visit("/calls?from=2025-01-01")).text).not.toContain("have left the database");
    const caller = await pages.visit(`/callers?phone=${encodeURIComponent(PHONE)}`);
    expect(caller.text).toMatch(/\d+ older calls of this number left the database/);
    expect(caller.text).toContain("Erase everything of this caller");
  });

  test("takes no event any more: a repetition is told, anything else goes to quarantine and stays there", async () => {
    const repeated = { ...customCall({ call_id: "march-1" }).analytics({}), id: "analysis of march-1" };
    expect((await postAs("custom", ledger.url, repeated)).body).toMatchObject({
      status: "quarantined",
      reason: "id-reused",
    });
    const [{ payload } = {}] = z
      .array(z.object({ event_id: z.string(), payload: z.unknown() }))
      .parse(Object((await ask(ledger.url, "/api/calls/march-1")).body).events)
      .filter(({ event_id }) => event_id === "analysis of march-1");
    expect((await postAs("custom", ledger.url, payload)).body).toMatchObject({
      status: "duplicate",
      call_id: "march-1",
    });
    const late = { ...Object(payload), id: "another analysis", metrics: { satisfaction_score: 1 } };
    expect((await postAs("custom", ledger.url, late)).body).toMatchObject({
      status: "quarantined",
      reason: "let-go",
      call_id: "march-1",
    });
    expect((await post(ledger.url, documentedCall({ call_id: "march-1" }).start())).body).toMatchObject({
      status: "quarantined",
      reason: "other-platform",
    });
    expect(await rows("SELECT * FROM events WHERE call_id = 'march-1'")).toEqual([]);
    const replay = await ask(ledger.url, "/api/quarantine/replay", { method: "POST", body: JSON.stringify({}) });
    expect(replay.body).toMatchObject({ recovered: 0 });
    const held = Object((await ask(ledger.url, "/api/quarantine?reason=let-go")).body);
    expect(held).toMatchObject({ quarantine: [{ reason: "let-go" }] });
    expect(await leftOf(DAY)).toContain("march-1");
  });

  test("is passed over by a reindex", async () => {
    expect((await ask(ledger.url, "/api/transcripts/index", { method: "POST", body: "{}" })).status).toBe(200);
    expect(await rows("SELECT rowid FROM ledger_search_index WHERE rowid NOT IN (SELECT id FROM calls)")).toEqual([]);
  });
});

test("a call that waits for its delivery stays, and leaves later", async () => {
  const DAY = "2024-04-01";
  await have("april-1", `${DAY}T10:00:00Z`);
  await have("april-2", `${DAY}T10:01:00Z`, { duration_seconds: 7.7 });
  await exported();
  const before = await statistics(DAY, DAY);
  await ledger.DB.prepare("UPDATE sync_deliveries SET state = 'pending', overdue_at = ? WHERE call_id = 'april-1'")
    .bind(minutes(600).toISOString())
    .run();
  await lettingGo();
  expect(await leftOf(DAY)).toEqual(["april-2"]);
  expect(await statistics(DAY, DAY)).toEqual(before);
  const says = "they wait for deliveries";
  expect((await ask(ledger.url, "/healthz")).body).toMatchObject({
    status: "ok",
    waiting: { days_to_let_go: { count: 1, oldest: DAY } },
    warnings: [{ path: "HOT_DAYS", message: expect.stringContaining(says) }],
  });
  expect((await pages.visit("/")).text).toContain(says);
  await ledger.DB.exec("UPDATE sync_deliveries SET state = 'delivered', overdue_at = NULL WHERE call_id = 'april-1'");
  await lettingGo();
  expect(await leftOf(DAY)).toEqual(["april-1", "april-2"]);
  expect(await statistics(DAY, DAY)).toEqual(before);
});

describe("what slips in between the rows in R2 and the transaction", () => {
  /** Lets calls go, and does something while the transaction hangs in which they leave. */
  async function meanwhile(hour: string, happens: () => Promise<unknown>): Promise<void> {
    const { faults } = await readUsage(ledger.url);
    const hanging: Faults = { D1: { works: 0, of: "batch", about: `${hour}:60`, afterwards: "hang" } };
    await setFaults(ledger.url, hanging);
    await runCron(ledger.url, minutes(0));
    await vi.waitFor(async () => expect((await readUsage(ledger.url)).faults).toBeGreaterThan(faults), patience);
    await happens();
    await setFaults(ledger.url, {});
    await vi.waitFor(async () => {
      for (const { status } of await jobs()) expect(status).toBe("complete");
    }, patience);
  }

  test("a late event keeps the call, and it leaves with it later", async () => {
    const DAY = "2024-05-01";
    await have("may", `${DAY}T10:00:00Z`);
    await have("may-too", `${DAY}T10:30:00Z`);
    await exported();
    await meanwhile(`${DAY}T10`, () =>
      postAs("custom", ledger.url, {
        ...customCall({ call_id: "may" }).analytics({ summary: "said later", timestamp: `${DAY}T11:00:00Z` }),
        id: "later",
      }),
    );
    expect([await inD1(DAY), await leftOf(DAY)]).toEqual([2, []]);
    await lettingGo();
    expect(await leftOf(DAY)).toEqual([]);
    await gone(DAY);
    expect(Object((await ask(ledger.url, "/api/calls/may")).body)).toMatchObject({ call: { summary: "said later" } });
  });

  test("a delivery that is sent again keeps it as well", async () => {
    const DAY = "2024-05-02";
    await have("sent", `${DAY}T10:00:00Z`);
    await exported();
    await meanwhile(`${DAY}T10`, async () => {
      await ledger.DB.exec("UPDATE sync_deliveries SET attempts = 7 WHERE call_id = 'sent'");
    });
    expect([await inD1(DAY), await leftOf(DAY)]).toEqual([1, []]);
    await lettingGo();
    expect(await leftOf(DAY)).toEqual(["sent"]);
    expect(Object((await ask(ledger.url, "/api/calls/sent")).body)).toMatchObject({ deliveries: [{ attempts: 7 }] });
  });

  test("an erasure wins", async () => {
    const DAY = "2024-05-03";
    await have("erased", `${DAY}T10:00:00Z`);
    await exported();
    const { job } = await new Promise<{ job: string }>((started, failed) => {
      meanwhile(`${DAY}T10`, async () => {
        started(
          z.object({ job: z.string() }).parse((await ask(ledger.url, "/api/calls/erased", { method: "DELETE" })).body),
        );
        await vi.waitFor(async () => expect(await inD1(DAY)).toBe(0), patience);
      }).catch(failed);
    });
    await vi.waitFor(
      async () => expect((await ask(ledger.url, `/api/jobs/${job}`)).body).toMatchObject({ status: "complete" }),
      patience,
    );
    expect(await leftOf(DAY)).toEqual([]);
    expect(await rows("SELECT * FROM ledger_left_hours WHERE hour LIKE ?", `${DAY}%`)).toEqual([]);
    expect((await ask(ledger.url, "/api/calls/erased")).status).toBe(404);
  });
});

describe("erasing what left", () => {
  const DAY = "2024-06-01";

  async function everything(): Promise<string> {
    const tables = [
      "calls",
      "events",
      "ledger_left_calls",
      "ledger_left_numbers",
      "ledger_left_hours",
      "ledger_left_recounts",
    ];
    const texts = [
      JSON.stringify(await ledger.DB.batch(tables.map((table) => ledger.DB.prepare(`SELECT * FROM ${table}`)))),
    ];
    for (const key of await listKeys(ledger.ARCHIVE, "calls/")) {
      texts.push(key, (await (await ledger.ARCHIVE.get(key))?.text()) ?? "");
    }
    texts.push(JSON.stringify(await queryExports(ledger.url, "SELECT call_id, disposition, summary FROM calls")));
    return texts.join("\n");
  }

  async function erase(init: Parameters<typeof ask>[2], path: string): Promise<unknown> {
    const { job } = z.object({ job: z.string() }).parse((await ask(ledger.url, path, init)).body);
    return vi.waitFor(async () => {
      const state = Object((await ask(ledger.url, `/api/jobs/${job}`)).body);
      expect(state.status).toBe("complete");
      return state.output;
    }, patience);
  }

  test("by id and by number takes it out of R2, the totals and the Parquet, and nothing else", async () => {
    const stay = async (nth: number) =>
      have(`june-stays-${nth}`, `${DAY}T10:${10 + nth}:00Z`, {
        caller_phone: "+15550143999",
        duration_seconds: 0.1 + nth / 3,
      });
    for (const nth of [1, 2, 3]) await stay(nth);
    await exported();
    const others = await statistics(DAY, DAY);
    const secret = {
      disposition: "narwhal said",
      metrics: { mood: "narwhal", satisfaction_score: 1 },
      caller_phone: "+15550143222",
    };
    const tool = { kind: "tool", name: "narwhal_tool", arguments: {}, result: "x", status: "ok" };
    await have("narwhal-id", `${DAY}T10:05:00Z`, { ...secret, transcript: [...customTranscript, tool] });
    await have("narwhal-number", `${DAY}T10:35:00Z`, secret);
    await gone(DAY);
    expect(await everything()).toContain("narwhal");
    expect(await statistics(DAY, DAY)).not.toEqual(others);

    const late = customCall({ call_id: "narwhal-id" }).analytics({ summary: "narwhal came late" });
    expect((await postAs("custom", ledger.url, late)).body).toMatchObject({ status: "quarantined", reason: "let-go" });

    const erased = await erase({ method: "DELETE" }, "/api/calls/narwhal-id");
    expect(erased).toMatchObject({ calls: 1, events: 0, quarantined: 1 });
    expect(await everything()).not.toContain("narwhal_tool");
    const byNumber = { method: "POST", body: JSON.stringify({ caller_phone: "+15550143222" }) };
    expect(await erase(byNumber, "/api/erasures")).toMatchObject({ calls: 1 });
    expect(await everything()).not.toContain("narwhal");
    expect(await everything()).not.toContain("15550143222");
    expect(await statistics(DAY, DAY)).toEqual(others);
    expect((await ask(ledger.url, "/api/calls/narwhal-id")).status).toBe(404);
    expect((await ask(ledger.url, "/api/calls/june-stays-1")).status).toBe(200);
    expect(await leftOf(DAY)).toEqual(["june-stays-1", "june-stays-2", "june-stays-3"]);
    expect((await postAs("custom", ledger.url, customCall({ call_id: "narwhal-id" }).analytics())).body).toMatchObject({
      status: "erased",
    });
  });

  test("by number leaves alone what another platform's parked event names", async () => {
    await have("july", "2024-07-01T10:00:00Z");
    await gone("2024-07-01");
    await setFaults(ledger.url, { D1: "before" });
    const parked = documentedCall({ call_id: "july" }).start({ caller_phone: "+15550143777" });
    expect((await post(ledger.url, parked)).body).toMatchObject({ status: "parked" });
    await setFaults(ledger.url, {});
    const byNumber = { method: "POST", body: JSON.stringify({ caller_phone: "+15550143777" }) };
    expect(await erase(byNumber, "/api/erasures")).toMatchObject({ calls: 0, parked: 1 });
    expect((await ask(ledger.url, "/api/calls/july")).status).toBe(200);
  });

  test("with RETENTION_DAYS takes what is older out of everywhere, to the hour", async () => {
    const [left, hours] = [
      "SELECT call_id FROM ledger_left_calls WHERE day < '2024-05-01'",
      "SELECT DISTINCT hour FROM ledger_left_hours WHERE hour < '2024-05'",
    ];
    expect(await rows(left)).not.toEqual([]);
    await have("old-1", "2024-04-03T10:59:00Z");
    await have("old-2", "2024-04-03T11:00:00Z");
    await gone("2024-04-03");
    const then = Date.parse("2024-04-03T11:20:00Z") + 3650 * 24 * 3600 * 1000;
    await runHourly(ledger.url, new Date(then));
    await vi.waitFor(async () => {
      const [job] = await rows("SELECT status FROM ledger_jobs WHERE id LIKE 'retention-%'");
      expect(job).toEqual({ status: "complete" });
    }, patience);
    expect(await rows(left)).toEqual([{ call_id: "old-2" }]);
    expect(await rows(hours)).toEqual([{ hour: "2024-04-03T11" }]);
    expect(await listKeys(ledger.ARCHIVE, "calls/march")).toEqual([]);
    expect(await listKeys(ledger.ARCHIVE, "calls/old-2/")).toHaveLength(2);
    const inFiles = await queryExports(ledger.url, "SELECT call_id FROM calls WHERE called_at < '2024-05-01'");
    expect(inFiles).toEqual([{ call_id: "old-2" }]);
    expect(Object((await ask(ledger.url, "/api/stats?from=2024-03-01&to=2024-04-30")).body)).toMatchObject({
      totals: { calls: 1 },
    });
  });
});
