import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { SYNC_SECRET, startDownstream, webhookId } from "./support/downstream.ts";
import { documentedCall } from "./support/events.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { post } from "./support/post.ts";
import { setFaults } from "./support/stores/relay.ts";

const patience = { timeout: 100_000, interval: 50 };
let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
// Prepared once: miniflare's prepare blocks this process until the runtime answers, and a runtime that has much to log
// waits for this process to read it.
let allRows: D1PreparedStatement;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootOnNetwork({ env: { SYNC_URL: downstream.url, SYNC_SECRET }, maxRetries: 1 });
  allRows = ledger.DB.prepare("SELECT * FROM sync_deliveries");
});
afterAll(async () => {
  await ledger.close();
  await downstream.close();
});

const row = async (call_id: string) =>
  (await allRows.all<Record<string, unknown>>()).results.find((row) => row["call_id"] === call_id) ?? null;
const settled = (call_id: string, expected: object) =>
  vi.waitFor(async () => expect(await row(call_id)).toMatchObject(expected), patience);

test("a finished analysis reaches the downstream once, signed, with every column of its call", async () => {
  const call_id = "delivered";
  const { start, end, analytics } = documentedCall({ call_id });
  for (const event of [start(), end()]) await post(ledger.url, event);
  expect(await row(call_id)).toBeNull();
  const answer = await post(ledger.url, analytics());
  await settled(call_id, { destination: "webhook", state: "delivered", attempts: 1, last_error: null });

  const event_id = JSON.parse(JSON.stringify(answer.body)).event_id;
  expect(downstream.deliveriesOf(call_id)).toEqual([
    {
      id: webhookId(call_id, "analytics.completed", event_id),
      headers: expect.objectContaining({ "content-type": "application/json" }),
      payload: {
        type: "analytics.completed",
        timestamp: "2024-07-15T14:36:00.000Z",
        data: {
          event_id,
          call: {
            id: expect.any(Number),
            call_id,
            platform: "atoms",
            agent_id: "agent_1",
            status: "analyzed",
            call_direction: "inbound",
            caller_phone: "+15551234567",
            agent_phone: "+15559876543",
            called_at: "2024-07-15T14:30:00.000Z",
            started_at: "2024-07-15T14:30:00.000Z",
            ended_at: "2024-07-15T14:35:00.000Z",
            analyzed_at: "2024-07-15T14:36:00.000Z",
            duration_seconds: 300,
            cost_usd: null,
            latency_ms: null,
            agent_version: null,
            disposition: "successful",
            variables: { customer_name: "Robin Example" },
            metrics: { satisfaction_score: 4, issue_resolved: true, product_discussed: "Widget Pro" },
            summary: null,
            recording_url: null,
            recording_key: null,
            tool_calls: [],
            transcript_key: "calls/delivered/transcript.json",
            transcript_turns: 1,
            updated_at: expect.stringMatching(/Z$/),
          },
        },
      },
    },
  ]);
  expect(downstream.unverified).toEqual([]);
});

test("two calls whose events have one id are two deliveries to whoever receives them", async () => {
  for (const call_id of ["one of two", "other of two"]) {
    await post(ledger.url, documentedCall({ call_id }).analytics({ id: "evt_1" }));
    await settled(call_id, { state: "delivered", event_id: "evt_1" });
  }
  const idOf = (call_id: string) => downstream.deliveriesOf(call_id).map(({ id }) => id);
  expect(idOf("one of two")).toEqual([webhookId("one of two", "analytics.completed", "evt_1")]);
  expect(idOf("other of two")).toEqual([webhookId("other of two", "analytics.completed", "evt_1")]);
});

test("a redelivered analysis is not delivered again", async () => {
  const { analytics } = documentedCall({ call_id: "once" });
  await Promise.all([1, 2, 3].map(() => post(ledger.url, analytics())));
  await settled("once", { state: "delivered", attempts: 1 });
  // A message sent by hand is what a queue that delivers twice looks like.
  const event_id = await ledger.DB.prepare("SELECT event_id FROM events WHERE call_id = 'once'").first("event_id");
  const message = { event: "analytics.completed", timestamp: "", agent_id: "a", call_id: "once" };
  await ledger.SYNC_QUEUE.send({ ...message, event_id, destination: "webhook" });
  await post(ledger.url, documentedCall({ call_id: "after once" }).analytics());
  await settled("after once", { state: "delivered" });
  expect(downstream.deliveriesOf("once")).toHaveLength(1);
});

test("queues may have any names: one of dead letters ends in -dead-letters, every other is the sync queue", async () => {
  const call_id = "by queues of other names";
  await post(ledger.url, documentedCall({ call_id }).analytics());
  await settled(call_id, { state: "delivered" });
  const { event_id } = Object(await row(call_id));
  const consume = async (queue: string, generation: number) => {
    await ledger.DB.prepare("UPDATE sync_deliveries SET state = 'pending', ledger_generation = ? WHERE call_id = ?")
      .bind(generation, call_id)
      .run();
    const body = { event: "analytics.completed", call_id, event_id, destination: "webhook", generation };
    return ledger.worker.queue(queue, [{ id: "1", timestamp: new Date(), attempts: 1, body }]);
  };
  expect(await consume("calls-of-acme", 1)).toMatchObject({ explicitAcks: ["1"] });
  expect(await row(call_id)).toMatchObject({ state: "delivered" });
  expect(downstream.deliveriesOf(call_id)).toHaveLength(2);
  expect(await consume("calls-of-acme-dead-letters", 2)).toMatchObject({ explicitAcks: ["1"] });
  expect(await row(call_id)).toMatchObject({ state: "failed" });
});

test("an event larger than a message is delivered whole", async () => {
  const note = "n".repeat(300_000);
  await post(ledger.url, documentedCall({ call_id: "bulky" }).analytics({ metrics: { note } }));
  await settled("bulky", { state: "delivered" });
  expect(downstream.deliveriesOf("bulky")[0]?.payload).toMatchObject({ data: { call: { metrics: { note } } } });
});

describe.concurrent("a downstream that fails", () => {
  test.each([408, 425, 429, 500, 503])("HTTP %i is tried again and delivered", async (status) => {
    const call_id = `fails-once-${status}`;
    downstream.behave(call_id, (response, _delivery, nth) => response.writeHead(nth === 1 ? status : 200).end());
    await post(ledger.url, documentedCall({ call_id }).analytics());
    await settled(call_id, { state: "delivered", attempts: 2, last_error: `HTTP ${status}` });
  });

  test.each([301, 400, 404, 410])("HTTP %i is permanent: failed at once, with the reason", async (status) => {
    const call_id = `refuses-${status}`;
    downstream.behave(call_id, (response) => response.writeHead(status, { Location: downstream.url }).end());
    await post(ledger.url, documentedCall({ call_id }).analytics());
    await settled(call_id, { state: "failed", attempts: 1, last_error: `HTTP ${status}` });
    expect(downstream.deliveriesOf(call_id)).toHaveLength(1);
  });

  test("Retry-After is honoured", async () => {
    const call_id = "asks-for-patience";
    const times: number[] = [];
    downstream.behave(call_id, (response, _delivery, nth) => {
      times.push(Date.now());
      response.writeHead(nth === 1 ? 429 : 200, { "Retry-After": "8" }).end();
    });
    await post(ledger.url, documentedCall({ call_id }).analytics());
    await settled(call_id, { state: "delivered", attempts: 2 });
    const [first = 0, second = 0] = times;
    // Without it, the first back-off explains five seconds at the most.
    expect(second - first).toBeGreaterThan(7_500);
  });

  test("a delivery that arrives while it is being sent anew is delivered, and not made again", async () => {
    const call_id = "sent anew meanwhile";
    const { promise: isSentAnew, resolve } = Promise.withResolvers<void>();
    downstream.behave(call_id, (response) => void isSentAnew.then(() => response.writeHead(200).end()));
    await post(ledger.url, documentedCall({ call_id }).analytics());
    await vi.waitFor(() => expect(downstream.deliveriesOf(call_id)).toHaveLength(1), patience);
    await ledger.DB.prepare("UPDATE sync_deliveries SET ledger_generation = 1 WHERE call_id = ?").bind(call_id).run();
    const { event_id } = await row(call_id).then((found) => Object(found));
    const message = { event: "analytics.completed", timestamp: "", agent_id: "agent_1", call_id, event_id };
    await ledger.SYNC_QUEUE.send({ ...message, destination: "webhook", generation: 1 });
    resolve();
    await settled(call_id, { state: "delivered", ledger_generation: 1 });
    expect(downstream.deliveriesOf(call_id)).toHaveLength(1);
  });

  test("what runs out of retries ends as failed, by way of the dead-letter queue", async () => {
    const call_id = "always-down";
    downstream.behave(call_id, (response) => response.writeHead(500).end());
    await post(ledger.url, documentedCall({ call_id }).analytics());
    await settled(call_id, { state: "failed", attempts: 2, last_error: "out of retries: HTTP 500" });
  });

  test("a hundred messages of which one always fails: the others are delivered, once each", async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `crowd-${String(index).padStart(3, "0")}`);
    downstream.behave("crowd-042", (response) => response.writeHead(500).end());
    await Promise.all(ids.map((call_id) => post(ledger.url, documentedCall({ call_id }).analytics())));
    await settled("crowd-042", { state: "failed" });
    const { results } = await ledger.DB.prepare(
      "SELECT call_id FROM sync_deliveries WHERE call_id LIKE 'crowd-%' AND state = 'delivered' AND attempts = 1",
    ).all();
    expect(results).toHaveLength(99);
    for (const call_id of ids) expect(downstream.deliveriesOf(call_id)).toHaveLength(call_id === "crowd-042" ? 2 : 1);
  });

  test("a body that never ends does not hold the delivery up", async () => {
    const call_id = "endless";
    downstream.behave(call_id, (response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write("drip"), 20);
      response.on("close", () => clearInterval(drip));
    });
    await post(ledger.url, documentedCall({ call_id }).analytics());
    await settled(call_id, { state: "delivered", attempts: 1 });
  });
});

test("a delivery that arrives while D1 cannot record it is made again under the same id", async () => {
  const call_id = "unrecorded";
  const faulty = await bootOnNetwork({
    main: "test/support/stores/faulty-ledger.ts",
    env: { SYNC_URL: downstream.url, SYNC_SECRET },
  });
  downstream.behave(call_id, async (response, _delivery, nth) => {
    if (nth === 1) await setFaults(faulty.url, { D1: "before" });
    response.writeHead(200).end();
  });
  // Its message is lost, so that the test alone delivers it.
  await setFaults(faulty.url, { queue: "before" });
  const { body } = await post(faulty.url, documentedCall({ call_id }).analytics());
  const { event_id } = Object(body);
  await setFaults(faulty.url, {});
  const message = { event: "analytics.completed", call_id, event_id, destination: "webhook" };
  const consume = () =>
    faulty.worker.queue("calls-sync", [{ id: "1", timestamp: new Date(), attempts: 1, body: message }]);

  expect(await consume()).toMatchObject({ explicitAcks: [], retryBatch: { retry: true } });
  await setFaults(faulty.url, {});
  expect(await consume()).toMatchObject({ explicitAcks: ["1"] });
  expect(await faulty.DB.prepare("SELECT state, attempts FROM sync_deliveries").first()).toEqual({
    state: "delivered",
    attempts: 1,
  });
  const id = webhookId(call_id, "analytics.completed", event_id);
  expect(downstream.deliveriesOf(call_id).map((delivery) => delivery.id)).toEqual([id, id]);
  await faulty.close();
});

describe("settings of the downstream", () => {
  const withSettings = async (env: Record<string, string>, expected: object | null) => {
    const other = await bootOnNetwork({ env, maxRetries: 0 });
    try {
      const rows = other.DB.prepare("SELECT state, last_error FROM sync_deliveries");
      const read = async () => (await rows.all()).results[0] ?? null;
      await post(other.url, documentedCall({ call_id: "x" }).analytics());
      if (expected === null) expect(await read()).toBeNull();
      else await vi.waitFor(async () => expect(await read()).toMatchObject(expected), patience);
    } finally {
      await other.close();
    }
  };

  test("without SYNC_URL nothing is planned", () => withSettings({ SYNC_URL: "" }, null));

  test("without SYNC_SECRET nothing is sent unsigned", () =>
    withSettings(
      { SYNC_URL: downstream.url, SYNC_SECRET: "" },
      { state: "failed", last_error: "out of retries: SYNC_SECRET is not set" },
    ));

  test("a user name and a password in SYNC_URL travel in a header", async () => {
    const url = new URL(downstream.url);
    url.username = "ledger";
    url.password = "p@ss:word";
    await withSettings({ SYNC_URL: url.href, SYNC_SECRET }, { state: "delivered" });
    const authorization = downstream.deliveriesOf("x").at(-1)?.headers.authorization;
    expect(authorization).toBe(`Basic ${Buffer.from("ledger:p@ss:word").toString("base64")}`);
  });

  test("a host that does not exist is a failed connection", () =>
    withSettings(
      { SYNC_URL: "http://ledger.invalid/", SYNC_SECRET },
      { state: "failed", last_error: "out of retries: the connection failed" },
    ));

  test("a downstream that does not speak TLS is a failed connection", async () => {
    const plain = createServer((socket) => socket.end("not TLS"));
    await new Promise<void>((listening) => plain.listen(0, "127.0.0.1", listening));
    const address = plain.address();
    const port = typeof address === "object" ? address?.port : undefined;
    await withSettings(
      { SYNC_URL: `https://127.0.0.1:${port}/`, SYNC_SECRET },
      { state: "failed", last_error: "out of retries: the connection failed" },
    );
    plain.close();
  });
});
