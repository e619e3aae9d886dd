import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { slackProblems } from "../src/sync/destinations/slack.ts";
import { SYNC_SECRET } from "./support/downstream.ts";
import { documentedCall } from "./support/events.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { post } from "./support/post.ts";
import { startReceiver } from "./support/receiver.ts";

const TOKEN = "T0/B0/hush-hush";
let slack: Awaited<ReturnType<typeof startReceiver>>;
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
const lines: string[] = [];
beforeAll(async () => {
  slack = await startReceiver();
  ledger = await bootOnNetwork({
    env: { SLACK_WEBHOOK_URL: `${slack.url}/services/${TOKEN}`, PUBLIC_URL: "https://ledger.example.com/" },
    maxRetries: 2,
    onLog: (line) => lines.push(line),
  });
});
afterEach(() => slack.reset());
afterAll(async () => {
  expect(lines.join("\n")).not.toContain("hush-hush");
  await ledger.close();
  await slack.close();
});

const rowOf = (call_id: string) =>
  ledger.DB.prepare("SELECT event, destination, state, attempts, last_error FROM sync_deliveries WHERE call_id = ?")
    .bind(call_id)
    .all();
const settled = (call_id: string, expected: object) =>
  vi.waitFor(async () => expect((await rowOf(call_id)).results).toMatchObject([expected]), {
    timeout: 25_000,
    interval: 50,
  });
const message = z.object({ text: z.string() });
const texts = () => slack.requests.map(({ text }) => message.parse(JSON.parse(text)).text);
const analyzed = async (call_id: string, metrics: object, more: object = {}) => {
  const call = documentedCall({ call_id, agent_id: "Agent <1> & co" });
  await post(ledger.url, call.start());
  await post(ledger.url, call.end());
  await post(ledger.url, call.analytics({ metrics, ...more }));
};

/** Calls worth telling whose deliveries are pending once more, and the messages that name them. */
async function pendingAgain({ url, DB }: typeof ledger, name: string, count: number) {
  for (let nth = 0; nth < count; nth++) {
    await post(url, documentedCall({ call_id: `${name}-${nth}` }).analytics({ metrics: { rating: 1 } }));
  }
  const isDone = async () =>
    expect(await DB.prepare("SELECT count(*) AS n FROM sync_deliveries WHERE state = 'pending'").first("n")).toBe(0);
  await vi.waitFor(isDone, { timeout: 25_000, interval: 50 });
  await DB.prepare("UPDATE sync_deliveries SET state = 'pending' WHERE call_id LIKE ?").bind(`${name}-%`).run();
  const { results } = await DB.prepare(
    "SELECT call_id, event, event_id, destination FROM sync_deliveries WHERE state = 'pending' ORDER BY destination",
  ).all();
  return results.map((body, nth) => ({ id: String(nth), timestamp: new Date(), attempts: 1, body }));
}

test("a call worth telling is one line: agent, duration, why, a link, and nothing of what was said", async () => {
  await analyzed("unhappy 1", { satisfaction_score: 1, issue_resolved: false, sentiment: "Angry", note: "my dog" });
  await settled("unhappy 1", { event: "analytics.completed", destination: "slack", state: "delivered", attempts: 1 });
  expect(texts()).toEqual([
    "*Agent &lt;1&gt; &amp; co*, 5 min 0 s: satisfaction_score is 1; issue_resolved is false; sentiment is angry. <https://ledger.example.com/calls/unhappy%201|Open the call>",
  ]);
  const [request] = slack.requests;
  expect(request?.path).toBe(`/services/${TOKEN}`);
  expect(request?.text).not.toMatch(/5551234567|5559876543|dog|invoice|Robin/);
});

test("a tool that failed is worth telling, once however often it failed", async () => {
  await post(ledger.url, documentedCall({ call_id: "tool" }).end());
  await ledger.DB.batch(
    [1, 2].map((number) =>
      ledger.DB.prepare(
        "INSERT INTO tool_calls (call_id, number, name, status) VALUES ('tool', ?, 'look_up', 'error')",
      ).bind(number),
    ),
  );
  await post(ledger.url, documentedCall({ call_id: "tool" }).analytics({ metrics: { satisfaction_score: 5 } }));
  await settled("tool", { state: "delivered" });
  expect(texts()).toEqual([expect.stringContaining("*agent_1*, 5 min 0 s: the tool look_up failed. <")]);
});

test.each([
  ["content", { satisfaction_score: 3, issue_resolved: true, sentiment: "positive", call_rating: 5 }],
  ["of no opinion", {}],
  ["of texts in place of numbers", { satisfaction_score: "1", issue_resolved: "false", sentiment: -1 }],
  ["of a phone number in place of a score", { call_rating: -15551234567 }],
  ["of a sentence in place of a sentiment", { sentiment: "negative, since my dog is ill" }],
])("a caller who is %s is skipped: no message", async (call_id, metrics) => {
  await analyzed(call_id, metrics);
  await settled(call_id, { state: "skipped", last_error: null });
  expect(slack.requests).toEqual([]);
});

test("a score is rounded, a name is one line of literal text", async () => {
  await analyzed("odd names", { "csat\n<!channel> \u202e& co": 1.5551234567 });
  await settled("odd names", { state: "delivered" });
  expect(texts()[0]).toContain(": csat &lt;!channel&gt; &amp; co is 1.6. <");
});

test("a hostile call makes no long line", async () => {
  const metrics = Object.fromEntries(Array.from({ length: 500 }, (_, nth) => [`rating_${"x".repeat(500)}${nth}`, 1]));
  await analyzed("hostile", metrics);
  await settled("hostile", { state: "delivered" });
  expect(texts()[0]?.length).toBeLessThan(1_000);
  expect(texts()[0]).toContain("; 495 more.");
});

describe("Slack that fails", () => {
  test.each([
    [400, "invalid_payload", "HTTP 400: invalid_payload"],
    [410, "channel_is_archived", "HTTP 410: channel_is_archived"],
    [404, "no_service", "HTTP 404: no_service"],
    [403, `<p>No ${TOKEN}</p>`, "HTTP 403"],
    [302, "", "HTTP 302"],
  ])("%i %s is permanent, with Slack's own word", async (status, body, last_error) => {
    const call_id = `refused-${status}`;
    slack.reset((response) => response.writeHead(status, { Location: `${slack.url}/elsewhere` }).end(body));
    await analyzed(call_id, { rating: 1 });
    await settled(call_id, { state: "failed", attempts: 1, last_error });
    expect(slack.requests).toHaveLength(1);
  });

  test("a connection that breaks is tried again, and its address is told nowhere", async () => {
    slack.reset((response, nth) => (nth === 1 ? response.destroy() : response.writeHead(200).end("ok")));
    await analyzed("broken", { rating: 1 });
    await settled("broken", { state: "delivered", attempts: 2, last_error: "the connection failed" });
  });

  test("an error without an end does not hold the delivery up", async () => {
    slack.reset((response) => {
      response.writeHead(404);
      const drip = setInterval(() => response.write("drip "), 20);
      response.on("close", () => clearInterval(drip));
    });
    await analyzed("endless", { rating: 1 });
    await settled("endless", { state: "failed", attempts: 1 });
  });

  test("what follows a refusal in a batch is not sent: it comes back when Slack says, a second apart", async () => {
    const messages = await pendingAgain(ledger, "refused-crowd", 4);
    slack.reset((response) => response.writeHead(429, { "Retry-After": "30" }).end("rate_limited"));
    const { explicitAcks, retryMessages } = await ledger.worker.queue("calls-sync", messages);
    expect(explicitAcks).toEqual([]);
    expect(slack.requests).toHaveLength(1);
    const delays = retryMessages.map(({ delaySeconds = 0 }) => delaySeconds).sort((a, b) => a - b);
    expect(delays).toEqual([30, 31, 32, 33]);
    // Analyzed once each, attempted once before this batch; of the four one was attempted again.
    const { results } = await ledger.DB.prepare(
      "SELECT attempts, last_error FROM sync_deliveries WHERE call_id LIKE 'refused-crowd%' ORDER BY attempts DESC",
    ).all();
    expect(results.map(({ attempts }) => attempts)).toEqual([2, 1, 1, 1]);
    expect(new Set(results.map(({ last_error }) => last_error))).toEqual(
      new Set(["HTTP 429: rate_limited", "HTTP 429"]),
    );
  });
});

test("a batch goes to Slack one message a second, and holds up no other destination", async () => {
  const other = await startReceiver();
  const both = await bootOnNetwork({
    env: { SLACK_WEBHOOK_URL: `${slack.url}/services/${TOKEN}`, SYNC_URL: other.url, SYNC_SECRET },
  });
  const messages = await pendingAgain(both, "crowd", 3);
  slack.reset();
  other.reset();
  const { explicitAcks } = await both.worker.queue("calls-sync", messages);
  expect(explicitAcks).toHaveLength(6);
  const times = slack.requests.map(({ at }) => at);
  expect(times).toHaveLength(3);
  const pauses = times.slice(1).map((time, nth) => time - (times[nth] ?? 0));
  expect(Math.min(...pauses)).toBeGreaterThan(950);
  expect(other.requests).toHaveLength(3);
  expect(Math.max(...other.requests.map(({ at }) => at))).toBeLessThan((times[0] ?? 0) + 950);
  await both.close();
  await other.close();
});

test("its address is of Slack by https, or of this machine", () => {
  for (const url of ["https://hooks.slack.com/services/T/B/x", "http://localhost:8080/", "http://127.0.0.1:1/x"]) {
    expect(slackProblems(url), url).toEqual([]);
  }
  for (const url of [
    "http://hooks.slack.com/services/T/B/x",
    "https://hooks.slack.com.example.com/",
    "https://example.com/hooks.slack.com",
    "ftp://127.0.0.1/",
    "hush",
  ]) {
    expect(slackProblems(url), url).toEqual([
      { setting: "SLACK_WEBHOOK_URL", problem: "is not an https address of hooks.slack.com" },
    ]);
  }
});
