import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { alertName } from "../src/alerts/thresholds.ts";
import { ask } from "./support/ask.ts";
import { SYNC_SECRET } from "./support/downstream.ts";
import { documentedCall } from "./support/events.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { post } from "./support/post.ts";
import { type ReceivedRequest, startReceiver } from "./support/receiver.ts";
import { signIn } from "./support/sign-in.ts";
import { runCron, setFaults } from "./support/stores/relay.ts";

describe("a ledger with Slack and a receiver", () => {
  let slack: Awaited<ReturnType<typeof startReceiver>>;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
  const lines: string[] = [];
  /** Cron's time: goes on from test to test. */
  let minute = Math.floor(Date.now() / 60_000);
  beforeAll(async () => {
    slack = await startReceiver();
    receiver = await startReceiver();
    ledger = await bootOnNetwork({
      main: "test/support/stores/faulty-ledger.ts",
      env: {
        SLACK_WEBHOOK_URL: `${slack.url}/services/hush-hush`,
        ALERT_URL: `${receiver.url}/alerts`,
        SYNC_SECRET,
        PUBLIC_URL: "https://ledger.example.com",
        SILENCE_MINUTES: "60",
      },
      onLog: (line) => lines.push(line),
    });
  });
  beforeEach(async () => {
    await ledger.DB.batch(["calls", "ledger_alerts"].map((table) => ledger.DB.prepare(`DELETE FROM ${table}`)));
    const { objects } = await ledger.ARCHIVE.list();
    await ledger.ARCHIVE.delete(objects.map(({ key }) => key));
    slack.reset();
    receiver.reset();
  });
  afterEach(() => setFaults(ledger.url, {}));
  afterAll(async () => {
    expect(lines.join("\n")).not.toContain("hush-hush");
    await ledger.close();
    await slack.close();
    await receiver.close();
  });

  /** Runs the cron as the minutes pass, at every one of them or at some. */
  const pass = async (minutes: number, every = 1) => {
    for (const end = minute + minutes; minute < end; ) {
      minute = Math.min(minute + every, end);
      await runCron(ledger.url, new Date(minute * 60_000));
    }
  };
  const quarantine = () => post(ledger.url, "[]");
  const discard = async () => {
    const { objects } = await ledger.ARCHIVE.list({ prefix: "quarantine/" });
    await ledger.ARCHIVE.delete(objects.map(({ key }) => key));
  };
  const alert = z.strictObject({
    type: z.string(),
    timestamp: z.string(),
    data: z.strictObject({
      alert: alertName,
      since: z.string(),
      count: z.number(),
      message: z.string(),
      test: z.literal(true).optional(),
    }),
  });
  const verified = ({ text, headers }: ReceivedRequest) => {
    const signature = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => [
      name,
      String(headers[name]),
    ]);
    return alert.parse(new Webhook(SYNC_SECRET).verify(text, Object.fromEntries(signature)));
  };
  const kinds = () => receiver.requests.map(verified).map(({ type, data }) => `${type} ${data.alert}`);
  const texts = () => slack.requests.map(({ text }) => z.object({ text: z.string() }).parse(JSON.parse(text)).text);
  const rows = async () => (await ledger.DB.prepare("SELECT * FROM ledger_alerts ORDER BY channel").all()).results;

  test("tells both once when something piles up, and once when it is over", async () => {
    await quarantine();
    await pass(5);
    expect([...slack.requests, ...receiver.requests]).toEqual([]);
    await pass(10);
    expect(kinds()).toEqual(["alert.opened quarantined"]);
    const [opened] = receiver.requests.map(verified);
    expect(opened?.data).toMatchObject({ count: 1, message: expect.stringContaining("in quarantine (1)") });
    expect(Date.parse(opened?.timestamp ?? "") - Date.parse(opened?.data.since ?? "")).toBe(5 * 60_000);
    expect(texts()).toEqual([
      ":red_circle: *Call Ledger*: Bodies are in quarantine (1): they did not fit, and a person has to look. <https://ledger.example.com/|Overview>",
    ]);

    await discard();
    await pass(15);
    expect(kinds()).toEqual(["alert.opened quarantined", "alert.closed quarantined"]);
    expect(texts().at(-1)).toBe(
      ":white_check_mark: *Call Ledger*: The quarantine is empty. <https://ledger.example.com/|Overview>",
    );
    expect(new Set(receiver.requests.map(({ headers }) => headers["webhook-id"])).size).toBe(2);
    expect(await rows()).toEqual([]);
  });

  test("tells nothing of a body that fits after a minute", async () => {
    await quarantine();
    await pass(2);
    await discard();
    await pass(10);
    expect([...slack.requests, ...receiver.requests]).toEqual([]);
    expect(await rows()).toEqual([]);
  });

  test.each<[string, Parameters<Awaited<ReturnType<typeof startReceiver>>["reset"]>[0]]>([
    ["refuses", (response) => response.writeHead(410).end("channel_is_archived")],
    ["fails", (response) => response.writeHead(503).end()],
    ["redirects", (response) => response.writeHead(307, { Location: `${receiver.url}/elsewhere` }).end()],
    ["breaks off", (response) => response.destroy()],
  ])("one that %s loses no alert, and keeps none from the other", async (_, behave) => {
    slack.reset(behave);
    await quarantine();
    await pass(8);
    expect(kinds()).toEqual(["alert.opened quarantined"]);
    expect(receiver.requests.map(({ path }) => path)).toEqual(["/alerts"]);
    expect(await rows()).toMatchObject([
      { channel: "overview", told_at: expect.any(String) },
      { channel: "receiver", told_at: expect.any(String) },
      { channel: "slack", told_at: null },
    ]);
    await discard();
    await pass(8);
    expect(kinds()).toEqual(["alert.opened quarantined", "alert.closed quarantined"]);
    slack.reset();
    await pass(3);
    expect(texts()).toEqual([
      expect.stringContaining("Bodies are in quarantine (1)"),
      expect.stringContaining("empty"),
    ]);
    expect(await rows()).toEqual([]);
  });

  test("a database that fails between message and row: the message comes again under its id", async () => {
    await quarantine();
    await pass(5);
    // This run's only batch that names the receiver is the record of its message.
    await setFaults(ledger.url, { D1: { works: 0, of: "batch", about: "receiver", afterwards: "before" } });
    await pass(1);
    expect(kinds()).toEqual(["alert.opened quarantined"]);
    await setFaults(ledger.url, {});
    await pass(3);
    expect(kinds()).toEqual(["alert.opened quarantined", "alert.opened quarantined"]);
    expect(new Set(receiver.requests.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(texts()).toHaveLength(1);
  });

  test("a database that cannot be asked stops no other task, and nothing is told of what nobody knows", async () => {
    await quarantine();
    await pass(6);
    await setFaults(ledger.url, { D1: "before" });
    await discard();
    await pass(8);
    expect(kinds()).toEqual(["alert.opened quarantined"]);
    await setFaults(ledger.url, {});
    await pass(6);
    expect(kinds()).toEqual(["alert.opened quarantined", "alert.closed quarantined"]);
  });

  test("a queue that takes no messages: one alert, until the first is attempted", async () => {
    await setFaults(ledger.url, { queue: "before" });
    await post(ledger.url, documentedCall({ call_id: "c" }).analytics());
    await pass(40, 5);
    expect(kinds()).toEqual(["alert.opened deliveries-overdue"]);
    await setFaults(ledger.url, {});
    // The queue takes its time.
    await vi.waitFor(
      async () => {
        await pass(5, 5);
        expect(kinds()).toEqual(["alert.opened deliveries-overdue", "alert.closed deliveries-overdue"]);
      },
      { timeout: 60_000, interval: 50 },
    );
  });

  test("a bucket that does not answer opens nothing and closes nothing", async () => {
    await quarantine();
    await pass(6);
    await setFaults(ledger.url, { R2: "before" });
    await pass(8);
    expect(kinds()).toEqual(["alert.opened quarantined"]);
  });

  test("silence: no event where the week before had some, until one comes", async () => {
    const week = 7 * 24 * 60;
    const begun = (minutes: number) => new Date((minute - minutes) * 60_000).toISOString();
    const start = (call_id: string, timestamp: string) =>
      post(ledger.url, documentedCall({ call_id }).start({ timestamp }));
    await start("a week ago", begun(week - 70));
    const receipt = (call_id: string, minutes: number) =>
      ledger.DB.prepare("UPDATE events SET received_at = ? WHERE call_id = ?").bind(begun(minutes), call_id).run();
    await receipt("a week ago", 0);
    // The window of an hour meets that call of the week before 70 minutes from now on.
    await pass(69, 10);
    expect(receiver.requests).toEqual([]);
    await pass(4);
    expect(kinds()).toEqual(["alert.opened silence"]);
    expect(verified(receiver.requests[0] ?? expect.fail()).data.message).toMatch(/^No event came in for 7\d minutes/);
    // The week before was quiet here: no reason to be calm.
    await pass(80, 10);
    expect(kinds()).toEqual(["alert.opened silence"]);
    await start("back", begun(0));
    await receipt("back", 0);
    await pass(3);
    expect(kinds()).toEqual(["alert.opened silence", "alert.closed silence"]);
  });

  test("more than a listing has is 1,000+", async () => {
    const keys = Array.from(
      { length: 1001 },
      (_, nth) => `quarantine/2026/01/01/${String(nth).padStart(64, "0")}.json`,
    );
    await Promise.all(keys.map((key) => ledger.ARCHIVE.put(key, "{}")));
    await pass(6);
    expect(texts()).toEqual([expect.stringContaining("Bodies are in quarantine (1,000+)")]);
    await ledger.ARCHIVE.delete(keys.slice(0, 1000));
  });

  test("the overview shows what is open", async () => {
    await post(ledger.url, documentedCall({ call_id: "c" }).start());
    await quarantine();
    const pages = await signIn(ledger.url);
    await pass(5);
    expect((await pages.visit("/")).text).not.toContain("Bodies are in quarantine");
    await pass(1);
    const open = await pages.visit("/");
    expect(open.text).toMatch(/Bodies are in quarantine, since .*\. Look /);
    expect(open.html).toContain('<a href="/quarantine">Look</a>');
  });

  test("a test sends one of each kind, marked, and changes no state", async () => {
    const answer = await ask(ledger.url, "/api/alerts/test", { method: "POST", body: "{}" });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        channels: [
          { channel: "slack", sent: 7, reason: null },
          { channel: "receiver", sent: 7, reason: null },
        ],
      },
    });
    expect(kinds()).toEqual(alertName.options.map((name) => `alert.opened ${name}`));
    for (const request of receiver.requests) {
      expect(verified(request).data).toMatchObject({ test: true, message: expect.stringMatching(/^Test: /) });
    }
    expect(texts()).toHaveLength(7);
    for (const text of texts()) expect(text).toContain("Test: ");
    const times = slack.requests.map(({ at }) => at);
    for (const [nth, time] of times.entries()) if (nth > 0) expect(time - (times[nth - 1] ?? 0)).toBeGreaterThan(950);
    expect(await rows()).toEqual([]);
  });
});

test("a channel that is switched off, and silence without its setting, are forgotten without a word", async () => {
  const ledger = await bootOnNetwork();
  const at = new Date().toISOString();
  const row = ledger.DB.prepare("INSERT INTO ledger_alerts VALUES (?1, ?2, ?3, 1, NULL, ?3)");
  await ledger.DB.batch([row.bind("silence", "overview", at), row.bind("quarantined", "slack", at)]);
  await runCron(ledger.url, new Date());
  expect((await ledger.DB.prepare("SELECT * FROM ledger_alerts").all()).results).toEqual([]);
  await ledger.close();
});

test("settings of alerts that are wrong are named, without their values", async () => {
  const ledger = await bootOnNetwork({
    env: {
      SLACK_WEBHOOK_URL: "https://hush.example.com/",
      ALERT_URL: "hush",
      SILENCE_MINUTES: "-1",
      PUBLIC_URL: "hush",
    },
  });
  const response = await fetch(new URL("/healthz", ledger.url));
  const text = await response.text();
  const { errors } = z.object({ errors: z.array(z.object({ path: z.string() })) }).parse(JSON.parse(text));
  expect(errors.map(({ path }) => path)).toEqual([
    "SILENCE_MINUTES",
    "PUBLIC_URL",
    "SLACK_WEBHOOK_URL",
    "ALERT_URL",
    "SYNC_SECRET",
  ]);
  expect(text).not.toContain("hush");
  const { body } = await ask(ledger.url, "/api/alerts/test", { method: "POST", body: "{}" });
  expect(body).toMatchObject({ channels: [{ sent: 0 }, { sent: 0 }] });
  expect(JSON.stringify(body)).not.toContain("hush");
  await ledger.close();
});
