import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { ask } from "./support/ask.ts";
import { SYNC_SECRET, startDownstream, webhookId } from "./support/downstream.ts";
import { documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";
import { runCommandAt } from "./support/run-command.ts";
import { signIn } from "./support/sign-in.ts";
import { runCron, setFaults } from "./support/stores/relay.ts";

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootLedger({
    // Four messages a step, and a pause of a second.
    main: "test/support/stores/faulty-ledger.ts",
    env: { SYNC_URL: downstream.url, SYNC_SECRET },
  });
});
afterAll(async () => {
  await ledger.harness.close();
  await downstream.close();
});
beforeEach(async () => {
  await setFaults(ledger.url, {});
  await ledger.DB.batch(["calls", "ledger_jobs"].map((table) => ledger.DB.prepare(`DELETE FROM ${table}`)));
  downstream.deliveries.length = 0;
});

const patience = { timeout: 25_000, interval: 50 };
const MONDAY = { from: "2024-07-15", to: "2024-07-15" };
const minutes = (count: number) => new Date(Date.now() + count * 60_000);

const retry = (body: object) =>
  ask(ledger.url, "/api/deliveries/retry", { method: "POST", body: JSON.stringify(body) });
const preview = (body: object) =>
  ask(ledger.url, "/api/deliveries/retry/preview", { method: "POST", body: JSON.stringify(body) });
const jobOf = async (job: string) => Object((await ask(ledger.url, `/api/jobs/${job}`)).body);
const eventually = (holds: () => Promise<void> | void) => vi.waitFor(holds, patience);
const rows = async () =>
  (await ledger.DB.prepare("SELECT * FROM sync_deliveries ORDER BY call_id").all<Record<string, unknown>>()).results;

const started = z.object({ job: z.string(), deliveries: z.number() });
async function start(body: object): Promise<z.infer<typeof started>> {
  const answer = await retry(body);
  expect(answer).toMatchObject({ status: 202 });
  const { job, deliveries } = started.parse(answer.body);
  expect(answer.headers.get("Location")).toBe(`/api/jobs/${job}`);
  return { job, deliveries };
}

/** Calls of that Monday whose analyses have arrived. */
async function delivered(...callIds: string[]) {
  for (const call_id of callIds) {
    const call = documentedCall({ call_id });
    await post(ledger.url, call.end());
    await post(ledger.url, call.analytics());
  }
  await eventually(async () => {
    const states = (await rows()).map(({ call_id, state }) => [call_id, state]);
    for (const call_id of callIds) expect(states).toContainEqual([call_id, "delivered"]);
  });
}

const times = (call_id: string) => downstream.deliveriesOf(call_id).length;
const ids = (count: number) => Array.from({ length: count }, (_, nth) => `call-${nth}`);

describe("a range", () => {
  test("is counted before anything is sent, and sent again at a pace, delivered or not", async () => {
    const calls = ids(6);
    await delivered(...calls);
    const other = documentedCall({ call_id: "tuesday" });
    await post(ledger.url, other.start({ timestamp: "2024-07-16T00:00:00Z" }));
    await post(ledger.url, other.analytics({ timestamp: "2024-07-16T00:05:00Z" }));
    await eventually(() => expect(times("tuesday")).toBe(1));

    expect(await preview(MONDAY)).toMatchObject({ status: 200, body: { deliveries: 6, more: false } });
    expect(calls.map(times)).toEqual(calls.map(() => 1));

    const { job, deliveries } = await start(MONDAY);
    expect(deliveries).toBe(6);
    const first = await vi.waitFor(async () => {
      const view = await jobOf(job);
      expect(view.output.sent).toBeGreaterThan(0);
      return view;
    }, patience);
    expect(first).toEqual({ status: "running", output: { sent: 4, left_alone: 0, of: 6 } });
    await eventually(async () =>
      expect(await jobOf(job)).toMatchObject({ status: "complete", output: { sent: 6, left_alone: 0, of: 6 } }),
    );
    await eventually(() => expect(calls.map(times)).toEqual(calls.map(() => 2)));
    // A receiver tells a repetition.
    const [one, again] = downstream.deliveriesOf("call-0");
    expect(one?.id).toBe(again?.id);
    expect(times("tuesday")).toBe(1);
    await eventually(async () => {
      for (const row of await rows()) {
        expect(row).toMatchObject({ state: "delivered", ledger_generation: row["call_id"] === "tuesday" ? 0 : 1 });
      }
    });
  });

  test("reaches a destination that is new: events have no deliveries there yet", async () => {
    await delivered("early", "earlier");
    await ledger.DB.prepare("DELETE FROM sync_deliveries").run();
    const { job } = await start({ ...MONDAY, destination: "webhook" });
    await eventually(async () => expect(await jobOf(job)).toMatchObject({ status: "complete", output: { sent: 2 } }));
    await eventually(() => expect([times("early"), times("earlier")]).toEqual([2, 2]));
    await eventually(async () =>
      expect(await rows()).toEqual(
        ["earlier", "early"].map((call_id) =>
          expect.objectContaining({ call_id, event: "analytics.completed", state: "delivered", ledger_generation: 0 }),
        ),
      ),
    );
  });

  test("leaves alone what is on its way", async () => {
    await delivered("one", "two");
    await ledger.DB.prepare("UPDATE sync_deliveries SET state = 'pending', overdue_at = ? WHERE call_id = 'two'")
      .bind(minutes(60).toISOString())
      .run();
    const { job } = await start(MONDAY);
    await eventually(async () =>
      expect(await jobOf(job)).toMatchObject({ status: "complete", output: { sent: 1, left_alone: 1, of: 2 } }),
    );
    await eventually(() => expect(times("one")).toBe(2));
    expect(times("two")).toBe(1);
  });

  test("takes in an event that no destination wanted when it came, once it is named", async () => {
    await delivered("unwanted");
    expect(await preview(MONDAY)).toMatchObject({ body: { deliveries: 1 } });
    expect(await preview({ ...MONDAY, event: "call.end" })).toMatchObject({ body: { deliveries: 1 } });
    await start({ ...MONDAY, event: "call.end" });
    await eventually(() => expect(times("unwanted")).toBe(2));
    expect(downstream.deliveriesOf("unwanted")[1]?.payload).toMatchObject({ type: "call.end" });
  });

  test("ends with what there was when it began: fresh events go out once, and erased calls not at all", async () => {
    await delivered(...ids(8), "erased");
    const { job } = await start(MONDAY);
    await eventually(async () => expect((await jobOf(job)).output.sent).toBe(4));
    await ask(ledger.url, "/api/calls/erased", { method: "DELETE" });
    await delivered("fresh");
    await eventually(async () =>
      expect(await jobOf(job)).toMatchObject({ status: "complete", output: { sent: 8, left_alone: 0, of: 9 } }),
    );
    await eventually(() => expect(ids(8).map(times)).toEqual(Array(8).fill(2)));
    expect([times("fresh"), times("erased")]).toEqual([1, 1]);
    expect(await rows()).not.toContainEqual(expect.objectContaining({ call_id: "erased" }));
  });

  test("is stopped, and says how far it came; what has ended stays so", async () => {
    await delivered(...ids(9));
    const { job } = await start(MONDAY);
    await eventually(async () => expect((await jobOf(job)).output.sent).toBe(4));
    const stop = () => ask(ledger.url, `/api/jobs/${job}/stop`, { method: "POST" });
    expect(await stop()).toMatchObject({ status: 200, body: { status: "stopped", output: { sent: 4, of: 9 } } });
    const instance = await ledger.SEND_AGAIN.get(job);
    await eventually(async () => expect(await instance.status()).toMatchObject({ status: "complete" }));
    await runCron(ledger.url, minutes(20));
    expect(await jobOf(job)).toMatchObject({ status: "stopped", output: { sent: 4, of: 9 } });
    expect(await stop()).toMatchObject({ body: { status: "stopped" } });
    expect(await ask(ledger.url, "/api/jobs/none/stop", { method: "POST" })).toMatchObject({ status: 404 });
  });

  test("is refused with the reason when it is bound to fail, and nothing is sent", async () => {
    await delivered("kept");
    for (const body of [{ ...MONDAY, destination: "nowhere" }, { destination: "nowhere" }]) {
      const detail = "There is no destination nowhere, or it is switched off.";
      for (const request of [retry, preview]) {
        expect(await request(body)).toMatchObject({ status: 409, body: { detail } });
      }
    }
    for (const body of [
      { from: MONDAY.from },
      { ...MONDAY, event: "call.transferred" },
      { ...MONDAY, call_id: "kept" },
      { ...MONDAY, last_error: "HTTP 400" },
    ]) {
      expect(await retry(body)).toMatchObject({ status: 400 });
    }
    expect(times("kept")).toBe(1);
  });

  test("is refused while another one is under way: two would have twice the pace", async () => {
    await delivered(...ids(5));
    const { job } = await start(MONDAY);
    expect(await retry(MONDAY)).toMatchObject({ status: 409, body: { detail: expect.stringContaining(job) } });
    await ask(ledger.url, `/api/jobs/${job}/stop`, { method: "POST" });
    await start(MONDAY);
  });
});

describe("faults", () => {
  const from = "2024-07-15T00:00:00.000Z";
  const beginning = { occurred_at: from, event: "", id: 0 };

  /** As a job whose runtime was killed: a row, and no instance that works on it. */
  async function killed(position: object, output: object) {
    const targets = [{ event: "analytics.completed", destination: "webhook" }];
    const subject = { from, to: "2024-07-16T00:00:00.000Z", until: minutes(0).toISOString(), targets };
    await ledger.DB.prepare("INSERT INTO ledger_jobs VALUES ('killed', 'send-again', 'running', ?, ?, ?, ?, ?)")
      .bind(
        ...[subject, output, position].map((value) => JSON.stringify(value)),
        ...[minutes(5).toISOString(), minutes(-5).toISOString()],
      )
      .run();
  }

  test("the cron goes on where a job was killed, and what was sent before is not sent again", async () => {
    await delivered(...ids(3));
    const event = await ledger.DB.prepare(
      "SELECT occurred_at, event, rowid AS id FROM events WHERE call_id = 'call-0' AND event = 'analytics.completed'",
    ).first();
    await killed({ ...event }, { sent: 1, left_alone: 0, of: 3 });
    await runCron(ledger.url, minutes(4));
    expect(await jobOf("killed")).toMatchObject({ status: "running", output: { sent: 1 } });
    await runCron(ledger.url, minutes(6));
    expect(await jobOf("killed")).toMatchObject({ status: "complete", output: { sent: 3, of: 3 } });
    await eventually(() => expect(ids(3).map(times)).toEqual([1, 2, 2]));
  });

  test.each(["before", "after", "every-second"] as const)(
    "D1 that fails %s in the middle of a range loses nothing, and nothing is counted twice",
    async (afterwards) => {
      await delivered(...ids(3));
      await killed(beginning, { sent: 0, left_alone: 0, of: 3 });
      // The job and its page are read, then the transaction fails, or its answer is lost.
      await setFaults(ledger.url, { D1: { works: 0, of: "batch", about: "killed", afterwards } });
      await runCron(ledger.url, minutes(6));
      await setFaults(ledger.url, {});
      for (let run = 7; run < 14; run++) await runCron(ledger.url, minutes(run));
      expect(await jobOf("killed")).toMatchObject({ status: "complete", output: { sent: 3, left_alone: 0, of: 3 } });
      await eventually(() => expect(ids(3).map(times)).toEqual([2, 2, 2]));
    },
  );

  test("a queue that fails delays what it did not take, and nothing else", async () => {
    await delivered("late");
    await killed(beginning, { sent: 0, left_alone: 0, of: 1 });
    await setFaults(ledger.url, { queue: "before" });
    await runCron(ledger.url, minutes(6));
    expect(await jobOf("killed")).toMatchObject({ status: "complete", output: { sent: 1 } });
    await setFaults(ledger.url, {});
    expect(times("late")).toBe(1);
    await runCron(ledger.url, minutes(10));
    await eventually(() => expect(times("late")).toBe(2));
  });
});

test("an erasure cannot be stopped", async () => {
  await post(ledger.url, documentedCall({ call_id: "gone" }).start());
  const { body } = await ask(ledger.url, "/api/calls/gone", { method: "DELETE" });
  const { job } = z.object({ job: z.string() }).parse(body);
  expect(await ask(ledger.url, `/api/jobs/${job}/stop`, { method: "POST" })).toMatchObject({ status: 409 });
});

test("settings that are missing are named, and an event that no destination takes has to be told where to go", async () => {
  const boot = (env: Record<string, string>) =>
    bootLedger({ env: { SYNC_URL: downstream.url, SLACK_WEBHOOK_URL: "http://127.0.0.1:9/", ...env } });
  const unset = await boot({});
  const set = await boot({ SYNC_SECRET });
  const again = (url: string, body: object) =>
    ask(url, "/api/deliveries/retry", { method: "POST", body: JSON.stringify(body) });
  for (const body of [MONDAY, {}, { destination: "webhook" }]) {
    expect(await again(unset.url, body)).toMatchObject({ status: 409, body: { detail: "SYNC_SECRET is not set." } });
  }
  expect(await again(unset.url, { destination: "slack" })).toMatchObject({ status: 200 });
  expect(await again(set.url, { ...MONDAY, event: "call.start" })).toMatchObject({
    status: 409,
    body: { detail: "None of the destinations takes call.start: name the one that is to get it." },
  });
  expect(await again(set.url, { ...MONDAY, event: "call.start", destination: "webhook" })).toMatchObject({
    status: 202,
  });
  await unset.harness.close();
  await set.harness.close();
});

test("npm run retry counts a range, sends it with --yes, and says how far it is", async () => {
  await delivered("from here");
  const run = (...parameters: string[]) => runCommandAt(ledger.url, "retry", parameters);
  const range = ["--from", MONDAY.from, "--to", MONDAY.to];
  await expect(run(...range)).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^The range has 1 delivery\.\n\nNothing is sent: there is no terminal/),
  });
  await expect(run("--from", MONDAY.from)).rejects.toThrow("--to <time>");
  await expect(run(...range, "--destination", "nowhere")).rejects.toThrow("There is no destination nowhere");
  expect((await run(...range, "--yes")).stdout).toBe("1 of 1 sent again\n");
  await eventually(() => expect(times("from here")).toBe(2));
});

test("the page counts a range, asks, sends it, shows how far it is, and stops it", async () => {
  await delivered(...ids(5));
  const pages = await signIn(ledger.url);
  expect((await pages.visit("/deliveries")).html).toContain('href="/deliveries/range"');
  const counted = `/deliveries/range?from=${MONDAY.from}&to=${MONDAY.to}`;
  const asked = await pages.visit(counted);
  expect(asked.text).toContain("Send 5 deliveries again");
  for (const [name, value] of Object.entries(MONDAY)) expect(asked.html).toContain(`name="${name}" value="${value}"`);
  expect((await pages.visit(`${counted}&destination=nowhere`)).text).toContain("There is no destination nowhere");
  const sent = await pages.submit(counted, "/deliveries/range/send", MONDAY);
  expect(sent.status).toBe(303);
  const path = sent.headers.get("Location") ?? "";
  await eventually(async () => expect((await pages.visit(path)).text).toContain("Sent again 4 of 5"));
  expect((await pages.visit(counted)).html).toContain(`href="${path}"`);
  expect((await pages.submit(path, `${path}/stop`, {})).status).toBe(303);
  expect((await pages.visit(path)).text).toContain("No more of the range is sent");
  expect(downstream.deliveriesOf("call-0")[0]?.id).toBe(
    webhookId("call-0", "analytics.completed", String((await rows())[0]?.["event_id"])),
  );
});
