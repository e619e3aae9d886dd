import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { SYNC_SECRET, startDownstream } from "./support/downstream.ts";
import { documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post, readAnswer } from "./support/post.ts";

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootLedger>>;
let emptied: D1PreparedStatement[];
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootLedger({ env: { SYNC_URL: downstream.url, SYNC_SECRET }, maxRetries: 0 });
  emptied = ["calls", "events", "sync_deliveries", "parked_bodies"].map((table) =>
    ledger.DB.prepare(`DELETE FROM ${table}`),
  );
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
const run = (...parameters: string[]) => {
  const script = resolve(import.meta.dirname, "../src/commands/ledger.ts");
  const given = [...parameters, "--url", ledger.url, "--token", "token-of-the-tests"];
  return promisify(execFile)(process.execPath, [script, ...given]);
};
const command = async (...parameters: string[]) => (await run(...parameters)).stdout;

describe("every door", () => {
  test.each(doors)("%s %s is closed without the token", async (method, path) => {
    for (const headers of [
      {},
      { Authorization: "Bearer wrong" },
      { Authorization: "Bearer " },
      { Authorization: "token-of-the-tests" },
    ]) {
      const answer = await ask(path, { method, headers });
      expect(answer).toMatchObject({ status: 401, type: "application/problem+json" });
      expect(answer.headers.get("WWW-Authenticate")).toContain("Bearer");
    }
  });

  test.each(doors)("%s %s opens with it, says so to no cache, and refuses other methods", async (method, path) => {
    const answer = await ask(path, { method });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Cache-Control")).toBe("private, no-store");
    expect(await ask(path, { method: "DELETE" })).toMatchObject({ status: 405 });
  });

  test.each([
    ["GET", "/api/deliveries?state=lost", "state"],
    ["GET", "/api/deliveries?limit=0", "limit"],
    ["GET", "/api/deliveries?cursor=nonsense", "cursor"],
    ["GET", "/api/quarantine?limit=many", "limit"],
    ["GET", "/api/parked?limit=1001", "limit"],
  ])("%s %s is refused, and the parameter named", async (method, path, parameter) => {
    expect(await ask(path, { method })).toMatchObject({ status: 400, body: { errors: [{ path: parameter }] } });
  });

  test("a body that is not JSON is refused", async () => {
    const headers = { Authorization: "Bearer token-of-the-tests" };
    expect(await ask("/api/deliveries/retry", { method: "POST", body: "{", headers })).toMatchObject({ status: 400 });
  });

  test("nobody gets in while no token is set", async () => {
    const closed = await bootLedger({ env: { API_TOKEN: "" } });
    for (const Authorization of ["Bearer ", "Bearer undefined", ""]) {
      const response = await fetch(new URL("/api/parked", closed.url), { headers: { Authorization } });
      expect(response.status).toBe(401);
    }
    await closed.harness.close();
  });
});

describe("quarantine", () => {
  test("lists what did not fit with the reason, page by page", async () => {
    await post(ledger.url, "[]");
    await post(ledger.url, { event: "call.transferred" });
    await post(ledger.url, documentedCall({ call_id: "x" }).start({ timestamp: "noon" }));
    const seen: unknown[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const { body } = await ask(`/api/quarantine?limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      const page: { quarantine: unknown[]; next_cursor: string | null } = JSON.parse(JSON.stringify(body));
      seen.push(...page.quarantine);
      cursor = page.next_cursor;
    }
    expect(seen).toHaveLength(3);
    expect(seen).toContainEqual({
      key: expect.stringMatching(/^quarantine\/\d{4}\/\d\d\/\d\d\/[0-9a-f]{64}\.json$/),
      reason: "misfit",
      detail: expect.stringContaining("timestamp: "),
      received_at: expect.stringMatching(/Z$/),
      size: expect.any(Number),
    });
    expect((await command("quarantine")).trim().split("\n")).toHaveLength(3);
  });

  test("what fits by now is taken in as if it had come then, the rest stays", async () => {
    await post(ledger.url, "[]");
    // As an event looks that came before its format was known.
    const body = JSON.stringify(documentedCall({ call_id: "late" }).analytics());
    const received_at = "2024-07-16T00:00:00.000Z";
    const sha256 = "0".repeat(64);
    const key = `quarantine/2024/07/16/${sha256}.json`;
    await ledger.ARCHIVE.put(key, body, { customMetadata: { reason: "unrecognised", received_at, sha256 } });
    expect(await ask("/api/quarantine/replay", { method: "POST", body: '{"key":"parked/x"}' })).toMatchObject({
      status: 400,
    });
    expect(await ask("/api/quarantine/replay", { method: "POST", body: '{"key":"quarantine/x"}' })).toMatchObject({
      status: 404,
    });
    expect(await command("replay")).toBe("1 recovered, 1 still in quarantine\n");
    expect(await ledger.ARCHIVE.head(key)).toBeNull();
    expect(await ledger.DB.prepare("SELECT * FROM events").first()).toMatchObject({ call_id: "late", received_at });
    await vi.waitFor(() => expect(downstream.deliveriesOf("late")).toHaveLength(1), { timeout: 10_000 });
    expect((await ask("/api/quarantine")).body).toMatchObject({ quarantine: [{ reason: "not-an-object" }] });
  });
});

describe("deliveries", () => {
  const states = async (state: string) => {
    const { body } = await ask(`/api/deliveries?state=${state}`);
    const { deliveries }: { deliveries: { call_id: string; last_error: string | null }[] } = JSON.parse(
      JSON.stringify(body),
    );
    return deliveries;
  };

  test("failed ones are listed with their reason, and sending them again really delivers", async () => {
    const calls = ["retry-1", "retry-2", "retry-3"];
    let down = true;
    for (const call_id of calls) {
      downstream.behave(call_id, (response) => response.writeHead(down ? 404 : 200).end());
      await post(ledger.url, documentedCall({ call_id }).analytics());
    }
    await vi.waitFor(async () => expect(await states("failed")).toHaveLength(3), { timeout: 10_000 });
    expect(await states("failed")).toContainEqual(
      expect.objectContaining({ state: "failed", attempts: 1, last_error: "HTTP 404", destination: "webhook" }),
    );
    const page = await ask("/api/deliveries?state=failed&limit=2");
    const { next_cursor }: { next_cursor: string } = JSON.parse(JSON.stringify(page.body));
    expect(
      (await ask(`/api/deliveries?state=failed&limit=2&cursor=${encodeURIComponent(next_cursor)}`)).body,
    ).toMatchObject({
      deliveries: [{ state: "failed" }],
      next_cursor: null,
    });

    const health = await readAnswer(await fetch(new URL("/healthz", ledger.url)));
    expect(health.body).toMatchObject({ status: "ok", waiting: { failed_deliveries: { count: 3 } } });

    down = false;
    const event_id = await ledger.DB.prepare("SELECT event_id FROM events WHERE call_id = 'retry-1'").first<string>(
      "event_id",
    );
    expect(await command("retry", "--event", event_id ?? "")).toBe("1 sent again\n");
    await vi.waitFor(
      async () => expect(await states("delivered")).toMatchObject([{ call_id: "retry-1", attempts: 2 }]),
      { timeout: 10_000 },
    );
    expect(await states("failed")).toHaveLength(2);
    expect(await command("retry", "--destination", "nowhere")).toBe("0 sent again\n");
    expect(await command("retry")).toBe("2 sent again\n");
    await vi.waitFor(async () => expect(await states("delivered")).toHaveLength(3), { timeout: 10_000 });
    expect((await command("deliveries", "--state", "delivered")).trim().split("\n")).toHaveLength(3);
    for (const call_id of calls) expect(downstream.deliveriesOf(call_id)).toHaveLength(2);
  });

  test("a delivery whose message was never sent is sent by the cron, once", async () => {
    const now = Date.now();
    await ledger.DB.batch([
      ledger.DB.prepare(
        "INSERT INTO events VALUES ('forgotten', 'forgotten', 'a', 'analytics.completed', '2024-07-15T14:36:00.000Z', '2024-07-15T14:36:00.000Z', 'documented', '{}')",
      ),
      ledger.DB.prepare(
        "INSERT INTO calls (call_id, agent_id, status, updated_at, first_received_at, sources) VALUES ('forgotten', 'a', 'analyzed', '', '', '{}')",
      ),
      ledger.DB.prepare(
        "INSERT INTO sync_deliveries VALUES ('forgotten', 'webhook', 'forgotten', 'pending', 0, NULL, '', ?, 0)",
      ).bind(new Date(now).toISOString()),
    ]);
    const cron = (milliseconds: number) =>
      ledger.worker.scheduled({ cron: "* * * * *", scheduledTime: new Date(milliseconds) });
    ledger.harness.clearLogs();
    const sent = () =>
      ledger.harness.getLogs().flatMap(({ message }) => /"overdue deliveries","sent":(\d+)/.exec(message)?.[1] ?? []);
    await cron(now - 1000);
    await vi.waitFor(() => expect(sent()).toEqual(["0"]));
    await Promise.all([cron(now + 1000), cron(now + 1000)]);
    await vi.waitFor(() => expect(sent().sort()).toEqual(["0", "0", "1"]));
    await vi.waitFor(async () => expect(await states("delivered")).toHaveLength(1), { timeout: 10_000 });
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

test("what is parked is listed, and counted by the health check", async () => {
  await ledger.ARCHIVE.put("parked/2024-07-15T14:30:00.000Z/aa.json", "{", { customMetadata: { reason: "D1: lost" } });
  await ledger.DB.prepare(
    "INSERT INTO parked_bodies VALUES ('bb', 0, '2024-07-14T14:30:00.000Z', 'R2: lost', x'00')",
  ).run();
  expect((await ask("/api/parked")).body).toEqual({
    parked: [
      { store: "D1", digest: "bb", received_at: "2024-07-14T14:30:00.000Z", reason: "R2: lost" },
      { store: "R2", digest: "aa", received_at: "2024-07-15T14:30:00.000Z", reason: "D1: lost" },
    ],
    unreachable: [],
  });
  expect((await command("parked")).trim().split("\n")).toHaveLength(2);
  const health = await readAnswer(await fetch(new URL("/healthz", ledger.url)));
  expect(health.body).toMatchObject({ waiting: { parked: { count: 2, oldest: "2024-07-14T14:30:00.000Z" } } });
});
