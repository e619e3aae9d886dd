import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { callIdOf, endedCall, type Fault, startAtomsConversations } from "./platform-apis/atoms-conversations.ts";
import { ask } from "./support/ask.ts";
import { SYNC_SECRET, startDownstream } from "./support/downstream.ts";
import { atomsCall } from "./support/events.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { post } from "./support/post.ts";
import { runCommandAt } from "./support/run-command.ts";
import { signIn } from "./support/sign-in.ts";
import { runCron } from "./support/stores/relay.ts";

let atoms: Awaited<ReturnType<typeof startAtomsConversations>>;
let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
const lines: string[] = [];
beforeAll(async () => {
  atoms = await startAtomsConversations();
  downstream = await startDownstream();
  ledger = await bootOnNetwork({
    main: "test/support/fetching-ledger.ts",
    env: {
      ATOMS_API_KEY: "sk_atoms",
      ATOMS_API_BASE: atoms.url,
      SYNC_URL: downstream.url,
      SYNC_SECRET,
      SYNC_EVENTS: "call.end",
    },
    onLog: (line) => lines.push(line),
  });
});
afterAll(async () => {
  await ledger.close();
  await atoms.close();
  await downstream.close();
});
beforeEach(async () => {
  atoms.reset();
  lines.length = 0;
  downstream.deliveries.length = 0;
  const tables = ["calls", "ledger_jobs", "ledger_fetches", "ledger_erased_calls"];
  await ledger.DB.batch(tables.map((table) => ledger.DB.prepare(`DELETE FROM ${table}`)));
  for (const { key } of (await ledger.ARCHIVE.list()).objects) await ledger.ARCHIVE.delete(key);
});

const fetchRow = z.object({
  job: z.string(),
  complete_until: z.string().nullable(),
  day: z.string().nullable(),
  failing_since: z.string().nullable(),
  reason: z.string().nullable(),
  missed: z.number(),
});
const stateOf = async () =>
  fetchRow.nullable().parse(await ledger.DB.prepare("SELECT * FROM ledger_fetches WHERE platform = 'atoms'").first());
const jobView = z.object({ status: z.string(), output: z.looseObject({ reason: z.string().nullable() }) });
const jobOf = async (job: string) => jobView.parse((await ask(ledger.url, `/api/jobs/${job}`)).body);
const over = (job: string) =>
  vi.waitFor(
    async () => {
      const view = await jobOf(job);
      expect(view.status).not.toBe("running");
      return view;
    },
    { timeout: 25_000, interval: 30 },
  );

/** Runs the cron of a quarter of an hour, and waits for the end of the run. */
async function runs(at = new Date()) {
  await runCron(ledger.url, at, undefined, "*/15 * * * *");
  return over((await stateOf())?.job ?? "");
}

const eventsOf = async (callId: string) =>
  (
    await ledger.DB.prepare("SELECT event, format FROM events WHERE call_id = ? ORDER BY rowid")
      .bind(callId)
      .all<{ event: string; format: string }>()
  ).results;
const callOf = (callId: string) =>
  ledger.DB.prepare("SELECT * FROM calls WHERE call_id = ?").bind(callId).first<Record<string, unknown>>();
const fetched = (event: string) => ({ event, format: "atoms-api" });
const EVERY_EVENT = ["call.start", "call.end", "analytics.completed"];

describe("what never reached the ledger", () => {
  test("comes back whole, by the door of webhooks, and goes downstream", async () => {
    const callId = callIdOf(60);
    atoms.put(endedCall(callId));
    expect(await runs()).toMatchObject({ status: "complete", output: { fetched: 1, missed: 1, failed: 0 } });
    expect(await eventsOf(callId)).toEqual(EVERY_EVENT.map(fetched));
    const start = Number(callId.slice(5, 18));
    expect(await callOf(callId)).toMatchObject({
      status: "analyzed",
      platform: "atoms",
      agent_id: "69fc7dd072a0c1d28d948ace",
      call_direction: "outbound",
      caller_phone: "+15551234567",
      started_at: new Date(start).toISOString(),
      ended_at: new Date(start + 62_200).toISOString(),
      duration_seconds: 49.350622,
      disposition: "completed",
      metrics: '{"call_resolved":"true"}',
      summary: "The caller asked about an invoice.",
      transcript_turns: 2,
    });
    expect((await ask(ledger.url, `/api/calls/${callId}/transcript`)).body).toMatchObject({
      turns: [{ content: "Hello, this is Nisha." }, { content: "I have not got my invoice." }],
    });
    await vi.waitFor(() => expect(downstream.deliveriesOf(callId)).toHaveLength(1), { timeout: 10_000 });
  });

  test("keeps no prompt, no header of a customer's API and no key, in no store and no line of the log", async () => {
    atoms.about.log = "list";
    atoms.put(endedCall(callIdOf(60)));
    await runs();
    const stored: string[] = [];
    for (const { key } of (await ledger.ARCHIVE.list()).objects) {
      stored.push((await (await ledger.ARCHIVE.get(key))?.text()) ?? "");
    }
    for (const table of ["events", "calls", "ledger_jobs", "ledger_fetches"]) {
      stored.push(JSON.stringify((await ledger.DB.prepare(`SELECT * FROM ${table}`).all()).results));
    }
    expect(stored.join()).toContain("I have not got my invoice.");
    expect(stored.join() + lines.join()).not.toMatch(/SECRET-|sk_atoms/);
  });

  test("is an analysis alone, which takes no request of its own", async () => {
    const callId = callIdOf(60);
    const call = atomsCall({ call_id: callId });
    await post(ledger.url, call.start());
    await post(ledger.url, call.end());
    atoms.put(endedCall(callId));
    expect(await runs()).toMatchObject({ output: { fetched: 1, missed: 0 } });
    expect((await eventsOf(callId)).at(-1)).toEqual(fetched("analytics.completed"));
    expect(await eventsOf(callId)).toHaveLength(3);
    expect(atoms.countOf(/GET \/conversation\/CALL/)).toBe(0);
  });

  test("is the end of a call that only started, if the lists leave it out too", async () => {
    const callId = callIdOf(180);
    await post(ledger.url, atomsCall({ call_id: callId }).start());
    atoms.put(endedCall(callId, { isRetry: true }));
    expect(await runs()).toMatchObject({ output: { fetched: 1, missed: 1 } });
    expect((await callOf(callId))?.["status"]).toBe("analyzed");
  });

  test("is left alone while it goes on, and in its first five minutes", async () => {
    const [going, unknown, fresh] = [callIdOf(30), callIdOf(30), callIdOf(2)];
    atoms.put(endedCall(going, { status: "in_progress" }));
    atoms.put(endedCall(unknown, { status: "ringing-somewhere" }));
    atoms.put(endedCall(fresh));
    expect(await runs()).toMatchObject({ status: "complete", output: { fetched: 0, running: 3 } });
    expect(await callOf(going)).toBeNull();
    atoms.put(endedCall(going));
    expect(await runs()).toMatchObject({ output: { fetched: 1 } });
  });

  test("is never a call that left the database", async () => {
    const callId = callIdOf(60);
    await ledger.DB.prepare("INSERT INTO ledger_left_calls (call_id, day, hour) VALUES (?, '2024-07-15', 14)")
      .bind(callId)
      .run();
    atoms.put(endedCall(callId));
    expect(await runs()).toMatchObject({ output: { fetched: 0, failed: 0, refused: 1 } });
    expect(atoms.countOf(new RegExp(callId))).toBe(0);
  });

  test("is never a call that was erased", async () => {
    const callId = callIdOf(60);
    await post(ledger.url, atomsCall({ call_id: callId }).end());
    const { job } = z
      .object({ job: z.string() })
      .parse((await ask(ledger.url, `/api/calls/${callId}`, { method: "DELETE" })).body);
    await vi.waitFor(
      async () => expect((await ask(ledger.url, `/api/jobs/${job}`)).body).toMatchObject({ status: "complete" }),
      { timeout: 20_000 },
    );
    atoms.put(endedCall(callId));
    expect(await runs()).toMatchObject({ output: { fetched: 0, refused: 1 } });
    expect(await callOf(callId)).toBeNull();
    expect(atoms.countOf(/GET \/conversation\/CALL/)).toBe(0);
  });

  test("is nothing of a history before the first run's day: an import is for that", async () => {
    const old = callIdOf(26 * 60);
    atoms.put(endedCall(old));
    await runs();
    expect(await callOf(old)).toBeNull();
  });
});

describe("webhooks and what was fetched", () => {
  test("a call that came by webhooks is asked for no more, and a run without anything missing is short", async () => {
    const callId = callIdOf(60);
    const call = atomsCall({ call_id: callId });
    for (const event of [call.start(), call.end(), call.analytics()]) await post(ledger.url, event);
    const before = await callOf(callId);
    atoms.put(endedCall(callId));
    expect(await runs()).toMatchObject({ output: { fetched: 0, seen: 1 } });
    expect(await callOf(callId)).toEqual(before);
    expect(atoms.countOf(/GET \/conversation\/CALL/)).toBe(0);
  });

  test.each(["before", "after"])(
    "a webhook that comes %s it wins, also where the end was worked out",
    async (order) => {
      const callId = callIdOf(60);
      const end = atomsCall({ call_id: callId }).end({
        callData: {
          endTime: new Date(Number(callId.slice(5, 18)) + 1_000).toISOString(),
          callStatus: "no-answer",
          callDuration: 0,
        },
        variables: { by: "webhook" },
      });
      // No event states the end, and the last turn lies after the webhook's.
      atoms.put(endedCall(callId, { events: [] }));
      if (order === "before") await post(ledger.url, end);
      await runs();
      if (order === "after") {
        expect(await callOf(callId)).toMatchObject({ disposition: "completed" });
        expect(await post(ledger.url, end)).toMatchObject({ status: 200, body: { status: "stored" } });
      }
      expect(await callOf(callId)).toMatchObject({
        disposition: "no_answer",
        variables: '{"by":"webhook"}',
        ended_at: new Date(Number(callId.slice(5, 18)) + 1_000).toISOString(),
        duration_seconds: 0,
        summary: "The caller asked about an invoice.",
      });
      expect(await eventsOf(callId)).toHaveLength(order === "before" ? 2 : 4);
    },
  );

  test("a body whose events came meanwhile is dropped at the door, its object too", async () => {
    const callId = callIdOf(60);
    const call = atomsCall({ call_id: callId });
    atoms.put(endedCall(callId));
    atoms.about.beforePage = () => {};
    // The webhook arrives between the look into the ledger and the detail.
    const send = post(ledger.url, call.start());
    await send;
    const detail = new RegExp(`GET /conversation/${callId}`);
    atoms.fail(detail, "hang");
    const running = runs();
    await vi.waitFor(() => expect(atoms.countOf(detail)).toBe(1), { timeout: 10_000 });
    await post(ledger.url, call.end());
    await running;
    expect(await eventsOf(callId)).toEqual([
      { event: "call.start", format: "atoms" },
      { event: "call.end", format: "atoms" },
      fetched("analytics.completed"),
    ]);
    const keys = (await ledger.ARCHIVE.list({ prefix: `calls/${callId}/` })).objects.map(({ key }) => key);
    expect(keys).toEqual([`calls/${callId}/transcript.json`]);
    expect(await (await ledger.ARCHIVE.get(keys[0] ?? ""))?.text()).toContain("¿Hablan español?");
  });
});

describe("the log of deliveries", () => {
  test.each(["list", "events"] as const)(
    "gives bodies as they were sent, and saves the request for each (%s)",
    async (log) => {
      const callId = callIdOf(60);
      const call = atomsCall({ call_id: callId });
      atoms.about.log = log;
      const delivered = (payload: object, eventType: string) => ({ _id: "1", eventType, payload, status: "FAILED" });
      atoms.deliveries.push(
        delivered(call.end(), "post-conversation"),
        delivered(call.analytics().metadata, "analytics-completed"),
        { payload: null },
        delivered({ metadata: {} }, "post-conversation"),
      );
      expect(await runs()).toMatchObject({ output: { fetched: 2, unavailable: [] } });
      expect(await eventsOf(callId)).toEqual([fetched("call.end"), fetched("analytics.completed")]);
      expect((await callOf(callId))?.["ended_at"]).toBe("2024-07-15T14:31:03.350Z");
      expect(atoms.countOf(/GET \/conversation\/CALL/)).toBe(0);
      // The same body by its webhook after all.
      expect(await post(ledger.url, call.end())).toMatchObject({ body: { status: "stored" } });
    },
  );

  test("may be missing: the lists do without it", async () => {
    atoms.put(endedCall(callIdOf(60)));
    expect(await runs()).toMatchObject({ status: "complete", output: { fetched: 1, unavailable: ["delivery log"] } });
  });
});

describe("faults of the platform", () => {
  test.each<Fault>(["429 with a header", "429 with retry_after", "429 with rateLimit"])(
    "%s is waited for, and the run goes on where it was",
    async (fault) => {
      atoms.put(endedCall(callIdOf(60)));
      atoms.put(endedCall(callIdOf(61)));
      atoms.fail(/GET \/conversation\/CALL/, fault);
      const began = Date.now();
      expect(await runs()).toMatchObject({ status: "complete", output: { fetched: 2, failed: 0, reason: null } });
      expect(Date.now() - began).toBeGreaterThan(950);
    },
  );

  test.each<Fault>(["500", "502 as a page", "a page with 200", "hang", "half of an answer", "429 without a word"])(
    "%s once makes no difference, in the list and in a detail",
    async (fault) => {
      atoms.put(endedCall(callIdOf(60)));
      atoms.fail(/GET \/conversation$/, fault);
      atoms.fail(/GET \/conversation\/CALL/, fault);
      expect(await runs()).toMatchObject({ status: "complete", output: { fetched: 1, failed: 0 } });
    },
  );

  test.each<Fault>(["401", "403"])("%s stops the run, which says so", async (fault) => {
    atoms.put(endedCall(callIdOf(60)));
    atoms.fail(/GET \/conversation$/, fault, 9);
    expect(await runs()).toMatchObject({
      status: "errored",
      output: { reason: `GET /conversation: ${fault} (request-1)` },
    });
    expect(atoms.countOf(/GET \/conversation\?/)).toBe(1);
    expect(await stateOf()).toMatchObject({ complete_until: null, reason: expect.stringContaining(fault) });
  });

  test.each<Fault>(["500", "another shape"])(
    "a list that stays broken (%s) fails the run; the next good one makes up for it",
    async (fault) => {
      const callId = callIdOf(60);
      atoms.put(endedCall(callId));
      // An answer is asked for three times, one of another shape once.
      atoms.fail(/GET \/conversation$/, fault, fault === "500" ? 3 : 1);
      expect(await runs()).toMatchObject({ status: "errored" });
      expect((await stateOf())?.failing_since).not.toBeNull();
      expect(await runs()).toMatchObject({ status: "complete", output: { fetched: 1 } });
      expect(await stateOf()).toMatchObject({ failing_since: null, reason: null });
    },
  );

  test.each<Fault>(["404", "another shape"])(
    "one call that cannot be had (%s) does not stop the others",
    async (fault) => {
      const [broken, good] = [callIdOf(60), callIdOf(61)];
      atoms.put(endedCall(good));
      atoms.put(endedCall(broken));
      atoms.fail(new RegExp(`GET /conversation/${broken}`), fault, 99);
      expect(await runs()).toMatchObject({ status: "complete", output: { fetched: 1, failed: 1 } });
      expect(await callOf(good)).not.toBeNull();
    },
  );

  test("nulls, numbers as times, another word for the agent and an unknown type are taken as they are", async () => {
    const [bare, odd] = [callIdOf(60), callIdOf(61)];
    const nothing = { duration: null, from: null, to: null, type: null, recordingUrl: null, transcript: null };
    atoms.put({
      callId: bare,
      status: "no_answer",
      ...nothing,
      variables: null,
      events: null,
      postCallAnalytics: null,
      agentId: null,
    });
    atoms.put(
      endedCall(odd, {
        type: "whatsapp",
        duration: 49_350,
        events: [{ event_type: 7 }, null, "x"],
        transcript: [
          { role: "assistant", content: "Hi.", timestamp: 1200 },
          null,
          { role: "user", content: 5, timestamp: null },
        ],
        postCallAnalytics: {
          summary: null,
          dispositionMetrics: [
            null,
            { identifier: "a", value: null, confidence: "1", reasoning: 4 },
            { identifier: "b", value: { c: 1 } },
          ],
        },
      }),
    );
    expect(await runs()).toMatchObject({ status: "complete", output: { fetched: 2, failed: 0 } });
    expect(await callOf(bare)).toMatchObject({ status: "ended", disposition: "no_answer", transcript_turns: null });
    expect(await callOf(odd)).toMatchObject({
      duration_seconds: 49_350,
      call_direction: null,
      metrics: '{"a":null,"b":null}',
    });
    expect((await ask(ledger.url, `/api/calls/${odd}/transcript`)).body).toMatchObject({
      turns: [{ role: "agent", content: "Hi.", timestamp: "1200" }],
    });
  });

  test("a call that moves between pages is taken in once, and none is passed over", async () => {
    const ids = Array.from({ length: 205 }, (_, index) => callIdOf(60 + index / 10));
    for (const id of ids) atoms.put(endedCall(id, { transcript: [] }));
    const calls = ids.slice(0, 195).map((id) => atomsCall({ call_id: id }));
    await Promise.all(calls.flatMap((call) => [post(ledger.url, call.end()), post(ledger.url, call.analytics())]));
    atoms.about.beforePage = (page) => {
      if (page === 2) atoms.put({ callId: ids[2] ?? "" });
    };
    // Twenty requests an instance: another one goes on.
    expect(await runs()).toMatchObject({ status: "complete", output: { fetched: 10 } });
    const { results } = await ledger.DB.prepare("SELECT count(*) AS calls FROM calls").all();
    expect(results).toEqual([{ calls: 205 }]);
  });

  test("a filter by date is never asked for in the list of a large account, and the day before comes by the other one", async () => {
    const yesterday = callIdOf(30 * 60);
    await runs();
    atoms.put(endedCall(yesterday, { isRetry: true }));
    const tomorrow = new Date(Date.now() + 24 * 60 * 60_000);
    tomorrow.setUTCHours(0, 45, 0, 0);
    const dayBefore = new Date(tomorrow.getTime() - 24 * 60 * 60_000).toISOString().slice(0, 10);
    const late = `CALL-${Date.parse(`${dayBefore}T00:00:00.000Z`)}-abcdef`;
    atoms.put(endedCall(late, { isRetry: true }));
    expect(await runs(tomorrow)).toMatchObject({ status: "complete", output: { fetched: 1 } });
    expect(await callOf(late)).not.toBeNull();
    expect((await stateOf())?.day).toBe(dayBefore);
    expect(atoms.countOf(/GET \/conversation\?.*(?:date|sortBy)/)).toBe(0);
    expect(await runs(tomorrow)).toMatchObject({ status: "complete" });
    expect(atoms.countOf(/call-counts-log/)).toBe(1);
  });
});

describe("how a run goes", () => {
  const health = async () => (await ask(ledger.url, "/healthz")).body;
  const alertRows = async () =>
    (await ledger.DB.prepare("SELECT alert, count FROM ledger_alerts WHERE alert = 'missed-calls'").all()).results;

  test("is in /healthz, an error once runs have failed for an hour, and an alert", async () => {
    atoms.fail(/GET \/conversation$/, "401", 1);
    const { output } = await runs();
    const hourAgo = new Date(Date.now() - 61 * 60_000).toISOString();
    await ledger.DB.prepare("UPDATE ledger_fetches SET failing_since = ?").bind(hourAgo).run();
    // The answer of the stores is kept for a while.
    const unhealthy = {
      status: 503,
      errors: [
        {
          path: "ATOMS_API_KEY",
          message: `is set, but missed calls could not be fetched since ${hourAgo}: ${output.reason}`,
        },
      ],
      fetching: [expect.objectContaining({ platform: "atoms", status: "errored", failing_since: hourAgo, missed: 0 })],
    };
    await vi.waitFor(async () => expect(await health()).toMatchObject(unhealthy), { timeout: 20_000, interval: 500 });
    await runCron(ledger.url, new Date());
    expect(await alertRows()).toEqual([{ alert: "missed-calls", count: 0 }]);
  });

  test("is on the overview: how many calls were missed and when, and why it fails", async () => {
    atoms.put(endedCall(callIdOf(60)));
    await runs();
    const overview = async () => (await (await signIn(ledger.url)).visit("/")).text;
    expect(await overview()).toMatch(/Missed calls .*? atoms 1 call at .*? complete/);
    atoms.fail(/GET \/conversation$/, "401", 1);
    const { output } = await runs();
    expect(await overview()).toMatch(/Missed calls .*? atoms 1 call at .* · fails since .*/);
    expect(await overview()).toContain(output.reason);
  });

  test("a second run waits for the first one, and the cron goes on with one that stands still", async () => {
    atoms.put(endedCall(callIdOf(60)));
    await runs();
    const job = (await stateOf())?.job ?? "";
    // As a killed runtime leaves it.
    await ledger.DB.prepare(
      `UPDATE ledger_jobs SET status = 'running', due_at = '2024-07-15T14:30:00.000Z', position = json_set(position, '$.stage', 0)`,
    ).run();
    await runCron(ledger.url, new Date(), undefined, "*/15 * * * *");
    expect((await stateOf())?.job).toBe(job);
    await runCron(ledger.url, new Date());
    expect(await over(job)).toMatchObject({ status: "complete" });
  });

  test("a run rests once it has made its requests, and goes on from there", async () => {
    const ids = Array.from({ length: 90 }, (_, index) => callIdOf(60 + index));
    for (const id of ids) atoms.put(endedCall(id));
    await runCron(ledger.url, new Date(), undefined, "*/15 * * * *");
    const job = (await stateOf())?.job ?? "";
    const due = z.object({ due_at: z.string() });
    const dueAt = async () =>
      due.parse(await ledger.DB.prepare("SELECT due_at FROM ledger_jobs WHERE id = ?").bind(job).first()).due_at;
    const rests = async () => expect(Date.parse(await dueAt())).toBeGreaterThan(Date.now() + 14 * 60_000);
    await vi.waitFor(rests, { timeout: 25_000, interval: 50 });
    // Four instances with twenty requests each.
    expect(atoms.requests).toHaveLength(80);
    await runCron(ledger.url, new Date(Date.now() + 16 * 60_000));
    expect(await over(job)).toMatchObject({ status: "complete", output: { fetched: 90, failed: 0 } });
  });
});

describe("an import", () => {
  const DAY_MS = 24 * 60 * 60_000;
  const start = (body: object) => ask(ledger.url, "/api/imports", { method: "POST", body: JSON.stringify(body) });
  const started = z.object({ job: z.string() });
  const dayOf = (ago: number) => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);
  /** A call on a day that long ago, at noon. */
  const callAt = (ago: number) => `CALL-${Date.parse(`${dayOf(ago)}T12:00:00.000Z`)}-${callIdOf(0).slice(-6)}`;

  test("takes in the days of its span and no others, sends nothing downstream, and is safe to repeat", async () => {
    const [before, first, second, after] = [callAt(13), callAt(12), callAt(11), callAt(10)];
    for (const id of [before, first, second, after]) atoms.put(endedCall(id));
    const span = { platform: "atoms", from: dayOf(12), to: dayOf(11) };
    const answer = await start(span);
    expect(answer.status).toBe(202);
    const { job } = started.parse(answer.body);
    expect(answer.headers.get("Location")).toBe(`/api/jobs/${job}`);
    expect(await over(job)).toMatchObject({ status: "complete", output: { seen: 2, fetched: 2, unavailable: [] } });
    expect(await Promise.all([before, first, second, after].map(async (id) => (await callOf(id)) !== null))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(await callOf(first)).toMatchObject({ called_at: `${dayOf(12)}T12:00:00.000Z` });
    const requests = atoms.requests.length;
    const again = started.parse((await start(span)).body).job;
    expect(await over(again)).toMatchObject({ status: "complete", output: { seen: 2, fetched: 0 } });
    expect(atoms.requests.length - requests).toBe(2);
    const { results } = await ledger.DB.prepare("SELECT count(*) AS deliveries FROM sync_deliveries").all();
    expect(results).toEqual([{ deliveries: 0 }]);
    const delivering = callAt(9);
    atoms.put(endedCall(delivering));
    const more = started.parse((await start({ ...span, from: dayOf(9), to: dayOf(9), deliver: true })).body).job;
    await over(more);
    await vi.waitFor(() => expect(downstream.deliveriesOf(delivering)).toHaveLength(1), { timeout: 10_000 });
  });

  test("is started by a command, which shows how far it is, and again how it ended", async () => {
    atoms.put(endedCall(callAt(12)));
    const parameters = ["--platform", "atoms", "--from", dayOf(12), "--to", dayOf(11)];
    const { stdout, stderr } = await runCommandAt(ledger.url, "import", parameters);
    expect(stdout).toMatch(/^complete: 1 calls seen, 1 fetched, in 3 requests\n$/);
    expect(stderr).toContain("npm run import -- --stop ");
    await expect(runCommandAt(ledger.url, "import", ["--platform", "atoms"])).rejects.toMatchObject({ code: 2 });
    await expect(
      runCommandAt(ledger.url, "import", ["--platform", "custom", "--from", "2026-01-01"]),
    ).rejects.toMatchObject({ code: 1 });
  });

  test("reads the other list to its end where the one by date is broken", async () => {
    const [inside, outside] = [callAt(12), callAt(3)];
    for (const id of [inside, outside]) atoms.put(endedCall(id));
    atoms.fail(/call-counts-log/, "500", 3);
    const { job } = started.parse((await start({ platform: "atoms", from: dayOf(12), to: dayOf(11) })).body);
    expect(await over(job)).toMatchObject({
      status: "complete",
      output: { fetched: 1, unavailable: ["calls by date"] },
    });
    expect(await callOf(outside)).toBeNull();
  });

  test("is one at a time, can be stopped, and says what it lacks", async () => {
    atoms.put(endedCall(callAt(12)));
    atoms.fail(/call-counts-log/, "429 with a header", 99);
    const span = { platform: "atoms", from: dayOf(12) };
    const { job } = started.parse((await start(span)).body);
    expect(started.parse((await start(span)).body).job).toBe(job);
    expect(await start({ ...span, from: dayOf(13) })).toMatchObject({
      status: 409,
      body: { type: expect.stringContaining("cannot-import") },
    });
    await vi.waitFor(async () => expect((await jobOf(job)).output.reason).toBe("GET /analytics/call-counts-log: 429"), {
      timeout: 10_000,
    });
    expect((await ask(ledger.url, `/api/jobs/${job}/stop`, { method: "POST" })).body).toMatchObject({
      status: "stopped",
    });
    expect(await start({ platform: "vonage", from: dayOf(12) })).toMatchObject({ status: 400 });
  });
});
