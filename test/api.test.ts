import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { apiEnv, apiRequests, requestApi } from "./support/api-requests.ts";
import { SYNC_SECRET, startDownstream } from "./support/downstream.ts";
import { documentedCall } from "./support/events.ts";
import { giveExport } from "./support/exported.ts";
import { bootLedger } from "./support/ledger.ts";
import { post, readAnswer } from "./support/post.ts";
import { giveRecording } from "./support/recordings.ts";
import { runCommandAt } from "./support/run-command.ts";
import { FAULTS_HEADER, type Faults } from "./support/stores/faults.ts";

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootLedger>>;
let emptied: D1PreparedStatement[];
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootLedger({ env: { SYNC_URL: downstream.url, SYNC_SECRET, ...apiEnv }, maxRetries: 0 });
  const tables = ["calls", "events", "ledger_caller_numbers", "ledger_search_index", "sync_deliveries"];
  emptied = tables.map((table) => ledger.DB.prepare(`DELETE FROM ${table}`));
});
afterAll(async () => {
  await ledger.harness.close();
  await downstream.close();
});
beforeEach(async () => {
  await ledger.DB.batch(emptied);
  const { objects } = await ledger.ARCHIVE.list();
  await ledger.ARCHIVE.delete(objects.map(({ key }) => key));
});

const ask = async (path: string, init: { method?: string; body?: string; headers?: Record<string, string> } = {}) =>
  readAnswer(
    await fetch(new URL(path, ledger.url), { headers: { Authorization: "Bearer token-of-the-tests" }, ...init }),
  );
const doors = [
  ["GET", "/api/parked"],
  ["GET", "/api/quarantine"],
  ["POST", "/api/quarantine/replay"],
  ["GET", "/api/deliveries"],
  ["POST", "/api/deliveries/retry"],
] as const;
const run = (name: string, ...parameters: string[]) => runCommandAt(ledger.url, name, parameters);
const command = async (name: string, ...parameters: string[]) => (await run(name, ...parameters)).stdout;

/** No cache may keep an answer, and no browser take it for something else. */
function expectPrivate({ headers }: { headers: Headers }, about?: string) {
  expect(headers.get("Cache-Control"), about).toBe("private, no-store");
  expect(headers.get("X-Content-Type-Options"), about).toBe("nosniff");
}

describe("every door", () => {
  test.each(Object.entries(apiRequests).map(([route, request], nth) => ({ route, request, nth })))(
    "$route is closed without the token",
    async ({ route, request, nth }) => {
      for (const authorization of [
        { Authorization: "" },
        { Authorization: "Bearer wrong" },
        { Authorization: "Bearer " },
        { Authorization: "token-of-the-tests" },
      ]) {
        // From elsewhere than the other tests: who guesses is blocked for a minute.
        const headers = { ...authorization, "CF-Connecting-IP": `203.0.113.${nth}` };
        const answer = await readAnswer(await requestApi(ledger.url, route.split(" ")[0] ?? "", request, headers));
        expect(answer).toMatchObject({ status: 401, type: "application/problem+json" });
        expect(answer.headers.get("WWW-Authenticate")).toContain("Bearer");
        expectPrivate(answer);
      }
    },
  );

  test.each(doors)("%s %s opens with it, says so to no cache, and refuses other methods", async (method, path) => {
    const answer = await ask(path, { method });
    expect(answer.status).toBe(200);
    expectPrivate(answer);
    const refused = await ask(path, { method: "DELETE" });
    expect(refused).toMatchObject({ status: 405, type: "application/problem+json" });
    expectPrivate(refused);
  });

  test.each([
    ["GET", "/api/deliveries?state=lost", "state"],
    ["GET", "/api/deliveries?limit=0", "limit"],
    ["GET", "/api/deliveries?cursor=nonsense", "cursor"],
    ["GET", "/api/deliveries?cursor=%5B%22call%22%5D", "cursor"],
    ["GET", "/api/quarantine?limit=many", "limit"],
    ["GET", "/api/quarantine?cursor=calls/x", "cursor"],
    ["GET", "/api/parked?limit=1001", "limit"],
  ])("%s %s is refused, and the parameter named", async (method, path, parameter) => {
    const answer = await ask(path, { method });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: parameter }] } });
    expectPrivate(answer);
  });

  test.each(["/api/deliveries/retry", "/api/quarantine/replay", "/api/transcripts/index", "/api/erasures"])(
    "a body for %s that is not JSON, or has a member that nobody knows, is refused",
    async (path) => {
      const headers = { Authorization: "Bearer token-of-the-tests" };
      const answer = await ask(path, { method: "POST", body: "{", headers });
      expect(answer).toMatchObject({ status: 400, type: "application/problem+json" });
      expectPrivate(answer);
      const { status, body } = await ask(path, { method: "POST", body: '{"surprise":1}', headers });
      expect(status).toBe(400);
      expect(body).toMatchObject({ errors: expect.arrayContaining([expect.objectContaining({ path: "surprise" })]) });
    },
  );

  test.each(["/api", "/api/", "/api/nothing", "/api/jobs/unknown", "/api/jobs/%ff", "/api/calls/unknown"])(
    "%s is a 404",
    async (path) => {
      const answer = await ask(path);
      expect(answer).toMatchObject({ status: 404, type: "application/problem+json" });
      expectPrivate(answer);
    },
  );

  test("nobody gets in while no token is set", async () => {
    const closed = await bootLedger({ env: { API_TOKEN: "" } });
    for (const Authorization of ["Bearer ", "Bearer undefined", ""]) {
      const response = await fetch(new URL("/api/parked", closed.url), { headers: { Authorization } });
      expect(response.status).toBe(401);
    }
    await closed.harness.close();
  });
});

describe("while a store fails", () => {
  const kinds = ["before", "after", "hang"] as const;
  const cases = (["D1", "R2"] as const).flatMap((store) => kinds.map((kind) => ({ store, kind })));
  /** Each case erases a call of its own. */
  const doomedCall = ({ store, kind }: (typeof cases)[number]) => `doomed-${store}-${kind}`;

  let faulty: Awaited<ReturnType<typeof bootLedger>>;
  const startedJob = z.object({ job: z.string() });
  let job: string;
  let range: string;
  beforeAll(async () => {
    faulty = await bootLedger({
      main: "test/support/stores/faulty-ledger.ts",
      env: { SYNC_URL: "http://127.0.0.1:1/", SYNC_SECRET, ...apiEnv },
    });
    const call = documentedCall({ call_id: "call-1" });
    for (const event of [call.start(), call.end(), call.analytics()]) await post(faulty.url, event);
    await giveRecording(faulty, "call-1");
    await giveExport(faulty);
    for (const call_id of ["call-3", ...cases.map(doomedCall)]) {
      await post(faulty.url, documentedCall({ call_id }).start());
    }
    await post(faulty.url, "[]");
    const started = await requestApi(faulty.url, "delete", { path: "/calls/call-3" });
    job = startedJob.parse(await started.json()).job;
    const body = { from: "2024-07-15", to: "2024-07-15" };
    const sending = await requestApi(faulty.url, "post", { path: "/deliveries/retry", body });
    range = startedJob.parse(await sending.json()).job;
  });
  afterAll(() => faulty.harness.close());

  const each = Object.entries(apiRequests).flatMap(([route, request]) =>
    cases.map((fault) => ({ route, request, ...fault })),
  );

  test.concurrent.for(each)("$route says so, while $store fails ($kind)", async ({ route, request, store, kind }) => {
    const ofJobs = request.path.replace("{job}", job).replace("{range}", range);
    const path = ofJobs.replace("call-2", doomedCall({ store, kind }));
    const faults: Faults = { [store]: kind };
    const headers = { [FAULTS_HEADER]: JSON.stringify(faults) };
    const response = await requestApi(faulty.url, route.split(" ")[0] ?? "", { ...request, path }, headers);
    const body = await response.text();
    expectPrivate(response, body);
    if (!request.needs.includes(store)) {
      expect(response.status, body).toBe(request.status);
      return;
    }
    expect(response.status, body).toBe(503);
    expect(response.headers.get("Retry-After")).toMatch(/^\d+$/);
    expect(JSON.parse(body)).toMatchObject({ type: "urn:problem-type:call-ledger:store-unavailable", status: 503 });
    expect(body).not.toMatch(/connection lost|internal error|10001/i);
  });
});

describe("quarantine", () => {
  test("lists what did not fit with the reason, page by page", async () => {
    await post(ledger.url, "[]");
    await post(ledger.url, { event: "call.transferred" });
    await post(ledger.url, documentedCall({ call_id: "x" }).start({ timestamp: "noon" }));
    const call = documentedCall({ call_id: "twice" });
    await post(ledger.url, call.start({ id: "the same" }));
    await post(ledger.url, call.start({ id: "the same", caller_phone: "+15550000000" }));
    const seen: unknown[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const { body } = await ask(`/api/quarantine?limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      const page: { quarantine: unknown[]; next_cursor: string | null } = JSON.parse(JSON.stringify(body));
      seen.push(...page.quarantine);
      cursor = page.next_cursor;
    }
    expect(seen).toHaveLength(4);
    const item = {
      key: expect.stringMatching(/^quarantine\/\d{4}\/\d\d\/\d\d\/[0-9a-f]{64}\.json$/),
      platform: "atoms",
      detail: expect.stringMatching(/\w/),
      received_at: expect.stringMatching(/Z$/),
      size: expect.any(Number),
    };
    expect(seen).toContainEqual({ ...item, reason: "not-an-object", size: 2 });
    expect(seen).toContainEqual({ ...item, reason: "unrecognised" });
    expect(seen).toContainEqual({ ...item, reason: "invalid", detail: expect.stringContaining("timestamp: ") });
    expect(seen).toContainEqual({ ...item, reason: "id-reused", detail: expect.stringContaining("the same") });
    expect((await command("quarantine", "--json")).trim().split("\n")).toHaveLength(4);
  });

  test("lists the newest day first, through months and years, page by page", async () => {
    const days = ["2023/12/31", "2024/01/02", "2024/01/10", "2024/11/01", "2025/02/01"];
    const keys = days.flatMap((day) => ["a", "b", "c"].map((name) => `quarantine/${day}/${name.repeat(64)}.json`));
    for (const key of keys) await ledger.ARCHIVE.put(key, "{}");
    for (const limit of [1, 2, 3, 4, 15, 16]) {
      const seen: string[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const query = new URLSearchParams({ limit: String(limit), ...(cursor !== "" && { cursor }) });
        const { body } = await ask(`/api/quarantine?${query}`);
        const page: { quarantine: { key: string }[]; next_cursor: string | null } = JSON.parse(JSON.stringify(body));
        seen.push(...page.quarantine.map(({ key }) => key));
        cursor = page.next_cursor;
      }
      expect(seen).toEqual(days.toReversed().flatMap((day) => keys.filter((key) => key.includes(day))));
    }
  });

  test("what fits by now is taken in as if it had come then, the rest stays", async () => {
    await post(ledger.url, "[]");
    // As an event looks that came before its format was known.
    const body = JSON.stringify(documentedCall({ call_id: "late" }).analytics());
    const received_at = "2024-07-16T00:00:00.000Z";
    const sha256 = "0".repeat(64);
    const key = `quarantine/2024/07/16/${sha256}.json`;
    await ledger.ARCHIVE.put(key, body, {
      customMetadata: { platform: "atoms", reason: "unrecognised", detail: "", received_at, sha256 },
    });
    expect(await ask("/api/quarantine/replay", { method: "POST", body: '{"key":"parked/x"}' })).toMatchObject({
      status: 400,
    });
    expect(await ask("/api/quarantine/replay", { method: "POST", body: '{"key":"quarantine/x"}' })).toMatchObject({
      status: 404,
    });
    expect(await command("replay")).toBe("1 recovered, 1 still in quarantine\n");
    expect(await ledger.ARCHIVE.head(key)).toBeNull();
    expect(await ledger.DB.prepare("SELECT * FROM events").first()).toMatchObject({ call_id: "late", received_at });
    await vi.waitFor(() => expect(downstream.deliveriesOf("late")).toHaveLength(1), { timeout: 100_000 });
    expect((await ask("/api/quarantine")).body).toMatchObject({ quarantine: [{ reason: "not-an-object" }] });
  });

  test("one body is replayed by its key, and the others stay", async () => {
    await post(ledger.url, "[]");
    await post(ledger.url, "[1]");
    const [first] = (await ledger.ARCHIVE.list({ prefix: "quarantine/" })).objects;
    const { body } = await ask("/api/quarantine/replay", { method: "POST", body: JSON.stringify({ key: first?.key }) });
    expect(body).toEqual({ recovered: 0, still_in_quarantine: 1, next_cursor: null });
    expect((await ledger.ARCHIVE.list({ prefix: "quarantine/" })).objects).toHaveLength(2);
  });
});

const deliveries = z.object({
  deliveries: z.array(
    z.looseObject({
      call_id: z.string(),
      event_id: z.string(),
      last_error: z.string().nullable(),
      attempts: z.number(),
    }),
  ),
  next_cursor: z.string().nullable(),
});

describe("deliveries", () => {
  const list = async (query: string) => deliveries.parse((await ask(`/api/deliveries?${query}`)).body);
  const states = async (state: string) => (await list(`state=${state}`)).deliveries;

  test("failed ones are listed with their reason, and sending them again really delivers", async () => {
    const calls = ["retry-1", "retry-2", "retry-3"];
    let down = true;
    for (const call_id of calls) {
      downstream.behave(call_id, (response) => response.writeHead(down ? 404 : 200).end());
      await post(ledger.url, documentedCall({ call_id }).analytics());
    }
    await vi.waitFor(async () => expect(await states("failed")).toHaveLength(3), { timeout: 100_000 });
    expect(await states("failed")).toContainEqual({
      call_id: "retry-2",
      event: "analytics.completed",
      event_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      destination: "webhook",
      state: "failed",
      occurred_at: "2024-07-15T14:36:00.000Z",
      attempts: 1,
      last_error: "HTTP 404",
      next_attempt_at: null,
      updated_at: expect.stringMatching(/Z$/),
      overdue_at: null,
      caller_phone: null,
      agent_id: "agent_1",
    });

    down = false;
    const event_id = await ledger.DB.prepare("SELECT event_id FROM events WHERE call_id = 'retry-1'").first<string>(
      "event_id",
    );
    expect(await command("retry", "--yes", "--event-id", event_id ?? "")).toBe("1 sent again\n");
    await vi.waitFor(
      async () => expect(await states("delivered")).toMatchObject([{ call_id: "retry-1", attempts: 2 }]),
      { timeout: 100_000 },
    );
    expect(await states("failed")).toHaveLength(2);
    await expect(command("retry", "--destination", "nowhere")).rejects.toThrow("There is no destination nowhere");
    expect(await command("retry", "--yes")).toBe("2 sent again\n");
    await vi.waitFor(async () => expect(await states("delivered")).toHaveLength(3), { timeout: 100_000 });
    expect((await command("deliveries", "--json", "--state", "delivered")).trim().split("\n")).toHaveLength(3);
    for (const call_id of calls) expect(downstream.deliveriesOf(call_id)).toHaveLength(2);
  });

  test("are listed newest first, page by page, whatever the state", async () => {
    const insert = ledger.DB.prepare(
      `INSERT INTO sync_deliveries (call_id, event, event_id, destination, state, occurred_at, attempts, updated_at, overdue_at)
       SELECT 'call ' || (900 - value), 'analytics.completed', value, 'webhook', ?2, printf('2024-%04d', value), 1, '2024', iif(?2 = 'pending', printf('2999-%04d', 900 - value), NULL)
       FROM json_each(?1)`,
    );
    const numbers = Array.from({ length: 30 }, (_, index) => index);
    const states = ["pending", "failed", "delivered"];
    const listed = `SELECT 'call ' || (900 - value) AS call_id, value AS event_id FROM json_each(?)`;
    const told = [
      `INSERT INTO events (call_id, event, event_id, agent_id, occurred_at, received_at, format, ledger_sha256, ledger_ingest_id)
       SELECT call_id, 'analytics.completed', event_id, '', '', '', 'documented', '', '' FROM (${listed})`,
      `INSERT INTO calls (call_id, platform, agent_id, status, updated_at, ledger_first_received_at, ledger_column_versions)
       SELECT call_id, 'atoms', '', 'analyzed', '', '', '{}' FROM (${listed})`,
    ];
    await ledger.DB.batch([
      ...told.map((sql) => ledger.DB.prepare(sql).bind(JSON.stringify(numbers))),
      ...states.map((state, index) =>
        insert.bind(JSON.stringify(numbers.filter((number) => number % 3 === index)), state),
      ),
    ]);
    const all = numbers.toReversed();
    for (const [index, state] of [...states.entries(), [3, ""] as const]) {
      const seen: number[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const query = new URLSearchParams({ limit: "7", ...(state && { state }), ...(cursor !== "" && { cursor }) });
        const page = await list(query.toString());
        seen.push(...page.deliveries.map(({ event_id }) => Number(event_id)));
        cursor = page.next_cursor;
      }
      expect(seen).toEqual(state === "" ? all : all.filter((number) => number % 3 === index));
    }
    await ledger.DB.exec("DELETE FROM calls");
  });

  test("a page of them reads as many rows as it has, and some of its index", async () => {
    const plans = [
      "SELECT *, rowid FROM sync_deliveries WHERE state IN ('pending', 'failed') AND state = 'failed' ORDER BY occurred_at DESC, rowid DESC LIMIT 50",
      "SELECT *, rowid FROM sync_deliveries WHERE occurred_at >= '2024' AND occurred_at < '2025' ORDER BY occurred_at DESC, rowid DESC LIMIT 50",
      "SELECT *, rowid FROM sync_deliveries ORDER BY occurred_at DESC, rowid DESC LIMIT 50",
      "SELECT *, rowid FROM sync_deliveries WHERE overdue_at < '2024' AND state = 'pending' ORDER BY overdue_at LIMIT 50",
    ];
    for (const sql of plans) {
      const { results } = await ledger.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).all<{ detail: string }>();
      expect(results.map(({ detail }) => detail).join()).not.toContain("TEMP B-TREE");
    }
  });

  test("those of one call are listed, and sent again, and nothing else is", async () => {
    const calls = ["one-of-two", "other-of-two"];
    let down = true;
    for (const call_id of calls) {
      downstream.behave(call_id, (response) => response.writeHead(down ? 404 : 200).end());
      await post(ledger.url, documentedCall({ call_id }).analytics());
    }
    await vi.waitFor(async () => expect(await states("failed")).toHaveLength(2), { timeout: 100_000 });
    expect((await list("call_id=one-of-two")).deliveries).toMatchObject([{ call_id: "one-of-two" }]);
    expect((await list("destination=webhook")).deliveries).toHaveLength(2);
    expect((await list("destination=elsewhere")).deliveries).toEqual([]);

    down = false;
    const retry = await ask("/api/deliveries/retry", { method: "POST", body: '{"call_id":"one-of-two"}' });
    expect(retry.body).toEqual({ retried: 1, more: false });
    await vi.waitFor(async () => expect(await states("delivered")).toMatchObject([{ call_id: "one-of-two" }]), {
      timeout: 100_000,
    });
    expect(await states("failed")).toMatchObject([{ call_id: "other-of-two" }]);
  });

  test("pages meet every delivery once, those of the same event id too", async () => {
    const calls = ["page-1", "page-2", "page-3"];
    for (const call_id of calls) await post(ledger.url, documentedCall({ call_id }).analytics({ id: "the same" }));
    await vi.waitFor(async () => expect(await states("delivered")).toHaveLength(3), { timeout: 100_000 });
    for (const query of ["limit=1", "limit=2", "limit=2&state=delivered", "limit=3", "limit=2&event_id=the%20same"]) {
      const seen: string[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const page: z.infer<typeof deliveries> = await list(`${query}&cursor=${encodeURIComponent(cursor)}`);
        seen.push(...page.deliveries.map(({ call_id }) => call_id));
        cursor = page.next_cursor;
      }
      expect(seen, query).toEqual(calls.toReversed());
    }
  });

  test("a delivery whose message was never sent is sent by the cron, once", async () => {
    const now = Date.now();
    await ledger.DB.batch([
      ledger.DB.prepare(
        `INSERT INTO events (call_id, event, event_id, agent_id, occurred_at, received_at, format, payload, ledger_sha256, ledger_ingest_id)
         VALUES ('forgotten', 'analytics.completed', 'forgotten', 'a', '2024-07-15T14:36:00.000Z', '2024-07-15T14:36:00.000Z',
           'documented', '{}', '', '')`,
      ),
      ledger.DB.prepare(
        `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions)
         VALUES ('forgotten', 'atoms', 'a', 'analyzed', '', '', '', '{}')`,
      ),
      ledger.DB.prepare(
        `INSERT INTO sync_deliveries (call_id, event, event_id, destination, state, occurred_at, attempts, updated_at, overdue_at)
         VALUES ('forgotten', 'analytics.completed', 'forgotten', 'webhook', 'pending', '2024-07-15T14:36:00.000Z', 0, '', ?)`,
      ).bind(new Date(now).toISOString()),
    ]);
    const cron = (milliseconds: number) =>
      ledger.worker.scheduled({ cron: "* * * * *", scheduledTime: new Date(milliseconds) });
    ledger.harness.clearLogs();
    const sent = () =>
      ledger.harness.getLogs().flatMap(({ message }) => /"overdue deliveries","sent":(\d+)/.exec(message)?.[1] ?? []);
    await cron(now - 1000);
    await vi.waitFor(() => expect(sent()).toEqual(["0"]), { timeout: 100_000 });
    await Promise.all([cron(now + 1000), cron(now + 1000)]);
    await vi.waitFor(() => expect(sent().sort()).toEqual(["0", "0", "1"]), { timeout: 100_000 });
    await vi.waitFor(async () => expect(await states("delivered")).toHaveLength(1), { timeout: 100_000 });
    await cron(now + 2000);
    expect(downstream.deliveriesOf("forgotten")).toHaveLength(1);
  });
});

test("a schedule that nobody wrote a job for throws", async () => {
  const result = await ledger.worker.scheduled({ cron: "0 0 * * *", scheduledTime: new Date() });
  expect(result.outcome).toBe("exception");
});

test.each(["parked", "quarantine", "deliveries"])(
  "npm run %s says that there is nothing, but not to programs",
  async (name) => {
    expect(await run(name)).toEqual({ stdout: "", stderr: expect.stringMatching(/none\n$/) });
  },
);

test("parked bodies are listed, oldest first, with the store that failed and its words", async () => {
  const park = (key: string, more: Record<string, string>) =>
    ledger.ARCHIVE.put(key, "{", { customMetadata: { platform: "atoms", sha256: "aa", ...more } });
  const [older, newer] = ["parked/2024-07-14T14:30:00.000Z/aa.json", "parked/2024-07-15T14:30:00.000Z/bb.json"];
  await park(newer, { reason: "R2", detail: "lost", received_at: "2024-07-15T14:30:00.000Z" });
  await park(older, { reason: "D1", detail: "hangs", received_at: "2024-07-14T14:30:00.000Z" });
  const common = { platform: "atoms", size: 1 };
  const first = { key: older, reason: "D1", detail: "hangs", received_at: "2024-07-14T14:30:00.000Z", ...common };
  const second = { key: newer, reason: "R2", detail: "lost", received_at: "2024-07-15T14:30:00.000Z", ...common };
  expect((await ask("/api/parked")).body).toEqual({ parked: [first, second], next_cursor: null });
  expect((await ask("/api/parked?limit=1")).body).toEqual({ parked: [first], next_cursor: older });
  expect((await ask(`/api/parked?limit=1&cursor=${encodeURIComponent(older)}`)).body).toMatchObject({
    parked: [second],
    next_cursor: null,
  });
  expect((await command("parked")).trim().split("\n")).toHaveLength(2);
});
