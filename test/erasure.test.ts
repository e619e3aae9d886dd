import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { ask } from "./support/ask.ts";
import { atomsCall, documentedCall } from "./support/events.ts";
import { queryExports, untilExported } from "./support/exports.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";
import { runCommandAt } from "./support/run-command.ts";
import { FAULTS_HEADER } from "./support/stores/faults.ts";
import { runCron } from "./support/stores/relay.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const PHONE = "+15550142001";
const OTHER_PHONE = "+15550142002";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger({
    main: "test/support/stores/faulty-ledger.ts",
    env: { SYNC_URL: "http://127.0.0.1:1/", RETENTION_DAYS: "30", EXPORT_PARQUET: "on" },
  });
});
afterAll(() => ledger.harness.close());

const tables = [
  "calls",
  "events",
  "ledger_caller_numbers",
  "ledger_recordings",
  "sync_deliveries",
  "tool_calls",
  "ledger_search_index",
  "ledger_hours",
  "ledger_stale_hours",
  "ledger_erased_calls",
  "ledger_jobs",
  "ledger_export_days",
];

/** What names the erased until the sweep: the tombstones and the subject of the job. */
const untilTheSweep = ["ledger_erased_calls", "ledger_jobs"];

/** Everything D1 and R2 have, as text, so that nothing that was erased can hide in a place that nobody thought of. */
async function everything(without = untilTheSweep): Promise<string> {
  const read = tables.filter((table) => !without.includes(table));
  const rows = await ledger.DB.batch(read.map((table) => ledger.DB.prepare(`SELECT * FROM ${table}`)));
  const texts = [JSON.stringify(rows.map(({ results }) => results))];
  const { objects } = await ledger.ARCHIVE.list({ include: ["customMetadata"] });
  for (const { key, customMetadata } of objects) {
    texts.push(key, JSON.stringify(customMetadata), (await (await ledger.ARCHIVE.get(key))?.text()) ?? "");
  }
  return texts.join("\n");
}

beforeEach(async () => {
  await ledger.DB.batch(tables.map((table) => ledger.DB.prepare(`DELETE FROM ${table}`)));
  const { objects } = await ledger.ARCHIVE.list();
  await ledger.ARCHIVE.delete(objects.map(({ key }) => key));
});

const keysUnder = async (prefix: string) => (await ledger.ARCHIVE.list({ prefix })).objects.map(({ key }) => key);
const failing = { [FAULTS_HEADER]: JSON.stringify({ D1: "before" }) };

const started = z.object({ job: z.string() });
const jobState = z.object({ status: z.string(), output: z.record(z.string(), z.unknown()) });

/** Follows a job until it has ended, as a client does. */
async function followJob(answer: Awaited<ReturnType<typeof ask>>): Promise<z.infer<typeof jobState>> {
  expect(answer).toMatchObject({ status: 202 });
  const { job } = started.parse(answer.body);
  expect(answer.headers.get("Location")).toBe(`/api/jobs/${job}`);
  return vi.waitFor(
    async () => {
      const state = jobState.parse((await ask(ledger.url, `/api/jobs/${job}`)).body);
      expect(state.status).toBe("complete");
      return state;
    },
    { timeout: 100_000, interval: 30 },
  );
}

const minutes = (count: number) => new Date(Date.now() + count * 60_000);

const eraseCall = async (call_id: string) =>
  followJob(await ask(ledger.url, `/api/calls/${encodeURIComponent(call_id)}`, { method: "DELETE" }));

const eraseCaller = async (caller_phone: string) =>
  followJob(await ask(ledger.url, "/api/erasures", { method: "POST", body: JSON.stringify({ caller_phone }) }));

const spoken = (content: string) => [{ role: "user", content, timestamp: "..." }];

/** A call with all that can be kept of one: corrections, more than a row holds, parked and quarantined bodies. */
async function sendEverythingOf(call_id: string, caller_phone: string) {
  const call = documentedCall({ call_id });
  const send = (body: unknown, headers: Record<string, string> = {}) => post(ledger.url, body, headers);
  await send(call.start({ caller_phone }));
  await send(call.end({ transcript: spoken(`First words of ${call_id}.`) }));
  await send(call.end({ transcript: spoken(`Better words of ${call_id}.`), timestamp: "2024-07-15T14:36:00Z" }));
  await send(call.end({ variables: { notes: `${call_id} `.repeat(200_000) }, timestamp: "2024-07-16T00:10:00Z" }));
  await send(call.analytics());
  expect(await send({ ...call.start({ caller_phone }), timestamp: "yesterday" })).toMatchObject({ status: 422 });
  expect(await send({ event: "call.transferred", call_id, from: caller_phone })).toMatchObject({
    body: { status: "quarantined", reason: "unrecognised" },
  });
  expect(await send(`{"event":"call.end","call_id":"${call_id}","caller_phone":"${caller_phone}"`)).toMatchObject({
    status: 400,
  });
  const late = (more: object) => call.end({ timestamp: "2024-07-15T14:37:00Z", ...more });
  for (const disposition of ["once", "twice"]) {
    expect(await send(late({ disposition }), failing)).toMatchObject({ body: { status: "parked" } });
  }
}

describe("DELETE /api/calls/{call_id}", () => {
  test("nothing of the call is left anywhere, and nothing of others is touched", async () => {
    await sendEverythingOf("call-gone", PHONE);
    await sendEverythingOf("call-kept", OTHER_PHONE);
    expect(await everything()).toContain("call-gone");
    const before = (await everything()).match(/call-kept/g)?.length;
    await eraseCall("call-gone");
    const after = await everything();
    expect(after).not.toContain("call-gone");
    expect(after.match(/call-kept/g)?.length).toBe(before);
    expect((await ask(ledger.url, "/api/calls?q=dog")).body).toMatchObject({ calls: [{ call_id: "call-kept" }] });
    expect(await ask(ledger.url, "/api/calls/call-gone")).toMatchObject({ status: 404 });
    expect(await ask(ledger.url, "/api/calls/call-gone", { method: "DELETE" })).toMatchObject({ status: 404 });
  });

  test("its words leave the pages of the index too", async () => {
    const call = documentedCall({ call_id: "spoken" });
    await post(ledger.url, call.end({ transcript: spoken("Zyzzyva.") }));
    await post(ledger.url, documentedCall({ call_id: "other" }).end({ transcript: spoken("Anteater.") }));
    const pages = async (word: string) =>
      ledger.DB.prepare("SELECT count(*) AS n FROM ledger_search_index_data WHERE instr(block, CAST(? AS BLOB)) > 0")
        .bind(word)
        .first("n");
    expect(await pages("zyzzyva")).not.toBe(0);
    await eraseCall("spoken");
    expect(await pages("zyzzyva")).toBe(0);
    expect(await pages("anteater")).not.toBe(0);
  });

  test("the job counts what went", async () => {
    const call = documentedCall({ call_id: "counted" });
    for (const event of [call.start(), call.end(), call.analytics()]) await post(ledger.url, event);
    expect((await eraseCall("counted")).output).toEqual({
      calls: 1,
      events: 3,
      deliveries: 1,
      words: 1,
      objects: 1,
      parked: 0,
      quarantined: 0,
      index_merged: true,
    });
  });

  test("a body is found in a crowd of others, however deep the id stands in it, and behind however many others", async () => {
    for (let nth = 0; nth < 40; nth++) await post(ledger.url, { event: "call.transferred", call_id: `other-${nth}` });
    await post(ledger.url, { event: "call.transferred", details: [{ deep: { callId: "hidden" } }] });
    const calls = [...Array.from({ length: 60 }, (_, nth) => `listed-${nth}`), "hidden"].map((call_id) => ({
      call_id,
    }));
    await post(ledger.url, { event: "call.transferred", calls });
    await post(ledger.url, documentedCall({ call_id: "hidden" }).start());
    await eraseCall("hidden");
    expect(await everything()).not.toContain("hidden");
    expect(await keysUnder("quarantine/")).toHaveLength(40);
  });

  test("a body is found whose call id is no text, or that is no JSON", async () => {
    const bodies = [
      { ...documentedCall({ call_id: "" }).end(), call_id: 20240715 },
      { event: "call.transferred", call: { id: "20240715" } },
      `{"event":"call.end","call_id":"20240715","transcript":[`,
    ];
    for (const body of bodies) await post(ledger.url, body);
    expect(await keysUnder("quarantine/")).toHaveLength(3);
    await eraseCall("20240715");
    expect(await keysUnder("quarantine/")).toEqual([]);
  });

  test.each(["1", "call-1", "300", "call.end", "customer"])(
    "the id %s takes no body away that is about another call",
    async (call_id) => {
      await post(ledger.url, documentedCall({ call_id }).start());
      await post(
        ledger.url,
        documentedCall({ call_id: "call-12" }).end({ timestamp: "yesterday", attempt: 1, by: "customer" }),
      );
      await post(ledger.url, `{"event":"call.end","call_id":"call-12","note":"see x-call-1`);
      await eraseCall(call_id);
      expect(await keysUnder("quarantine/")).toHaveLength(2);
    },
  );

  test("bodies that were parked while D1 failed go, of a call that the ledger never had", async () => {
    const call = documentedCall({ call_id: "only-parked" });
    await post(ledger.url, call.end({ timestamp: "2024-07-15T14:36:00Z" }), failing);
    await post(ledger.url, call.end({ variables: { notes: "only-parked ".repeat(150_000) } }), failing);
    await post(ledger.url, documentedCall({ call_id: "only-parked-2" }).end(), failing);
    expect(await keysUnder("")).toHaveLength(3);
    await eraseCall("only-parked");
    expect(await keysUnder("")).toEqual([expect.stringMatching(/^parked/)]);
  });

  test.each([
    ["the digest for an id", undefined],
    ["an id of its own", "ü".repeat(512)],
  ])("with %s, what was too large for the row goes also when a correction took its place", async (_, id) => {
    const call = documentedCall({ call_id: "corrected" });
    const notes = "corrected ".repeat(100_000);
    await post(ledger.url, call.analytics({ id, metrics: { notes } }));
    await post(ledger.url, call.end({ id: id?.replace("ü", "u"), variables: { notes } }));
    await post(ledger.url, call.analytics({ metrics: { csat: 4 }, timestamp: "2024-07-15T14:50:00Z" }));
    await post(ledger.url, call.end({ variables: { few: 1 }, timestamp: "2024-07-15T14:49:00Z" }));
    expect(await keysUnder("calls/corrected/overflow/")).toHaveLength(2);
    await eraseCall("corrected");
    expect(await everything()).not.toContain("corrected");
  });

  test("an id with every sort of character names that call only", async () => {
    const call_id = "../a b/%2F?#ä🙂\u0001";
    for (const id of [call_id, "../a b/"]) {
      await post(ledger.url, documentedCall({ call_id: id }).start());
      await post(ledger.url, documentedCall({ call_id: id }).end());
    }
    await eraseCall(call_id);
    const { results } = await ledger.DB.prepare("SELECT call_id FROM calls").all();
    expect(results).toEqual([{ call_id: "../a b/" }]);
    expect(await keysUnder("calls/")).toHaveLength(1);
  });

  test("an object of another call that a caller names is not deleted", async () => {
    await post(ledger.url, documentedCall({ call_id: "large" }).end({ variables: { notes: "x".repeat(2_000_000) } }));
    const [overflow] = await keysUnder("calls/large/overflow/");
    await post(ledger.url, documentedCall({ call_id: "liar" }).end({ variables: { mentioned: overflow } }));
    await eraseCall("liar");
    expect(await keysUnder("calls/large/")).toHaveLength(2);
  });

  test("a call of which only a quarantined body is left is erased too, and an unknown one is 404", async () => {
    await post(ledger.url, documentedCall({ call_id: "misread" }).end({ timestamp: "yesterday" }));
    expect(await ask(ledger.url, "/api/calls/unknown", { method: "DELETE" })).toMatchObject({ status: 404 });
    expect((await eraseCall("misread")).output).toMatchObject({ calls: 0, quarantined: 1 });
    expect(await everything()).not.toContain("misread");
  });
});

describe("an event of an erased call that arrives later", () => {
  const call = documentedCall({ call_id: "buried" });
  const nothingOfIt = async () => expect(await everything()).not.toContain("buried");

  test("is answered `erased`, and nothing of it is stored, whatever event it is", async () => {
    await post(ledger.url, call.start());
    await eraseCall("buried");
    for (const event of [call.start(), call.end(), call.end({ variables: { notes: "buried ".repeat(300_000) } })]) {
      expect(await post(ledger.url, event)).toMatchObject({
        status: 200,
        body: { status: "erased", call_id: "buried", event_id: expect.any(String) },
      });
    }
    expect(await post(ledger.url, call.analytics())).toMatchObject({ body: { status: "erased" } });
    await nothingOfIt();
  });

  test("is not put into quarantine when it does not fit", async () => {
    await post(ledger.url, call.start());
    await eraseCall("buried");
    for (const body of [
      call.end({ timestamp: "yesterday" }),
      { event: "call.transferred", data: { callId: "buried" } },
      { event: "call.transferred", calls: [..."abcdef", "buried"].map((call_id) => ({ call_id })) },
      `{"event":"call.end","call_id":"buried","transcript":[`,
    ]) {
      expect(await post(ledger.url, body)).toMatchObject({ status: 200, body: { status: "erased" } });
    }
    await nothingOfIt();
  });

  test("is dropped by recovery when it was parked during the erasure", async () => {
    await post(ledger.url, call.start());
    await eraseCall("buried");
    expect(await post(ledger.url, call.end(), failing)).toMatchObject({ body: { status: "parked" } });
    expect(await everything()).toContain("buried");
    await runCron(ledger.url, new Date());
    await nothingOfIt();
  });

  test("is dropped by a replay that read it before the erasure deleted it", async () => {
    await post(ledger.url, call.start());
    await eraseCall("buried");
    const body = JSON.stringify(call.end());
    const key = "quarantine/2024/07/15/held.json";
    const customMetadata = {
      platform: "atoms",
      sha256: "held",
      received_at: "2024-07-15T14:35:00.000Z",
      reason: "invalid",
    };
    await ledger.ARCHIVE.put(key, body, { customMetadata });
    const replayed = await ask(ledger.url, "/api/quarantine/replay", { method: "POST", body: JSON.stringify({ key }) });
    expect(replayed).toMatchObject({ status: 200, body: { recovered: 1 } });
    await nothingOfIt();
  });

  test("is forgotten after thirty days if it was only too old, and never if a person erased it", async () => {
    await post(ledger.url, call.start());
    await eraseCall("buried");
    const day = 24 * 60 * 60 * 1000;
    const tombstones = () => ledger.DB.prepare("SELECT count(*) AS n FROM ledger_erased_calls").first("n");
    await ledger.DB.prepare("INSERT INTO ledger_erased_calls VALUES (?, NULL, ?, 1)")
      .bind("0".repeat(64), new Date().toISOString())
      .run();
    await runCron(ledger.url, new Date(Date.now() + 29 * day));
    expect(await tombstones()).toBe(2);
    await runCron(ledger.url, new Date(Date.now() + 31 * day));
    expect(await tombstones()).toBe(1);
  });
});

describe("jobs", () => {
  const jobs = async () =>
    (
      await ledger.DB.prepare("SELECT id, status, subject FROM ledger_jobs ORDER BY id").all<{
        id: string;
        status: string;
        subject: string | null;
      }>()
    ).results;

  test("ten minutes later the cron sweeps what was under way, and forgets whose it was", async () => {
    const call = documentedCall({ call_id: "under-way" });
    await post(ledger.url, call.start({ caller_phone: PHONE }));
    // Of which no event came in before: its number alone says whose it is.
    await post(ledger.url, documentedCall({ call_id: "unknown-yet" }).start({ caller_phone: PHONE }), failing);
    const [held] = (await ledger.ARCHIVE.list({ prefix: "parked/", include: ["customMetadata"] })).objects;
    const body = (await (await ledger.ARCHIVE.get(held?.key ?? ""))?.text()) ?? "";
    await ledger.ARCHIVE.delete(held?.key ?? "");
    await eraseCaller(PHONE);

    // As an event whose archive write and whose parking were slower than the erasure.
    await ledger.ARCHIVE.put("calls/under-way/transcript.json", "{}");
    await ledger.ARCHIVE.put(held?.key ?? "", body, { customMetadata: held?.customMetadata ?? {} });
    await post(ledger.url, call.end(), failing);
    await runCron(ledger.url, minutes(9));
    expect(await everything()).toMatch(/under-way/);
    await runCron(ledger.url, minutes(11));
    await runCron(ledger.url, minutes(22));
    expect(await everything([])).not.toMatch(/under-way|unknown-yet|5550142001/);
    expect((await jobs()).map(({ status, subject }) => ({ status, subject }))).toEqual([
      { status: "complete", subject: null },
    ]);
    expect(await post(ledger.url, call.end())).toMatchObject({ body: { status: "erased" } });
  });

  test("what a caller says after their erasure began is another matter: the sweep leaves it", async () => {
    await post(ledger.url, documentedCall({ call_id: "before" }).start({ caller_phone: PHONE }));
    await eraseCaller(PHONE);
    await post(ledger.url, documentedCall({ call_id: "afterwards" }).start({ caller_phone: PHONE }));
    await runCron(ledger.url, minutes(11));
    expect(await ask(ledger.url, "/api/calls/afterwards")).toMatchObject({ status: 200 });
  });

  test("one that makes no progress is finished by the cron", async () => {
    await post(ledger.url, documentedCall({ call_id: "stuck" }).start());
    // As a job whose runtime was killed: a row, and no instance that works on it.
    const output = JSON.stringify({
      ...{ calls: 0, events: 0, deliveries: 0, words: 0, objects: 0, parked: 0, quarantined: 0 },
      index_merged: false,
    });
    await ledger.DB.prepare("INSERT INTO ledger_jobs VALUES ('stuck-job', 'erasure', 'errored', ?, ?, NULL, ?, ?)")
      .bind(JSON.stringify({ call_id: "stuck" }), output, minutes(5).toISOString(), minutes(-5).toISOString())
      .run();
    await runCron(ledger.url, minutes(4));
    expect(await ask(ledger.url, "/api/calls/stuck")).toMatchObject({ status: 200 });
    await runCron(ledger.url, minutes(6));
    expect((await ask(ledger.url, "/api/jobs/stuck-job")).body).toMatchObject({
      status: "complete",
      output: { calls: 1, events: 1 },
    });
    expect(await ask(ledger.url, "/api/calls/stuck")).toMatchObject({ status: 404 });
  });

  test("a store that fails in the middle of a step leaves nothing behind", async () => {
    for (let nth = 0; nth < 30; nth++) {
      await post(ledger.url, documentedCall({ call_id: `torn-${nth}` }).start({ caller_phone: PHONE }));
      await post(ledger.url, documentedCall({ call_id: `torn-${nth}` }).end());
    }
    // As the first try of a step that ended between the objects and the rows.
    await ledger.ARCHIVE.delete(["calls/torn-3/transcript.json", "calls/torn-17/transcript.json"]);
    await ledger.DB.prepare("DELETE FROM calls WHERE call_id = 'torn-5'").run();
    await ledger.ARCHIVE.put("calls/torn-5/transcript.json", "{}");
    await ledger.DB.prepare("INSERT INTO ledger_erased_calls VALUES (?, 'torn-5', ?, 0)")
      .bind("0".repeat(64), new Date().toISOString())
      .run();
    expect((await eraseCaller(PHONE)).output).toMatchObject({ calls: 29 });
    await runCron(ledger.url, minutes(11));
    expect(await keysUnder("calls/")).toEqual([]);
  });

  test("an unknown one is 404", async () => {
    expect(await ask(ledger.url, "/api/jobs/none")).toMatchObject({ status: 404 });
  });
});

describe("POST /api/erasures", () => {
  test("nothing of any call with the caller is left anywhere, and nothing of others is touched", async () => {
    for (let nth = 0; nth < 6; nth++)
      await post(ledger.url, documentedCall({ call_id: `gone-${nth}` }).start({ caller_phone: PHONE }));
    await sendEverythingOf("gone-large", PHONE);
    await sendEverythingOf("call-kept", OTHER_PHONE);
    await post(ledger.url, documentedCall({ call_id: "formatted" }).start({ caller_phone: "+1 (555) 014-2001" }));
    await post(
      ledger.url,
      documentedCall({ call_id: "agents" }).start({ caller_phone: OTHER_PHONE, agent_phone: PHONE }),
    );
    const before = (await everything()).match(/call-kept/g)?.length;
    await eraseCaller(PHONE);
    const after = await everything();
    expect(after).not.toMatch(/gone-|formatted|014-2001/);
    expect(after.match(/call-kept/g)?.length).toBe(before);
    expect(after).toContain("agents");
  });

  test("a body that does not fit goes when it names the number, or a call of the caller", async () => {
    const call = documentedCall({ call_id: "gone-partly" });
    await post(ledger.url, call.start({ caller_phone: PHONE }));
    await post(ledger.url, call.end({ timestamp: "yesterday", transcript: spoken("Words of gone-partly.") }));
    await post(ledger.url, { event: "call.transferred", data: [{ callId: "gone-partly" }] });
    await post(ledger.url, `{"event":"call.end","call_id":"gone-partly","transcript":[{"content":"Hello`);
    await post(ledger.url, { ...call.start({ caller_phone: Number(PHONE) }), call_id: "gone-number" });
    await post(ledger.url, `from=${PHONE} and +15550142009`);
    await post(ledger.url, `{"event":"call.end","call_id":"kept","from":"${PHONE}9"`);
    await post(ledger.url, documentedCall({ call_id: "kept".repeat(600_000) }).end());
    await eraseCaller(PHONE);
    expect(await everything()).not.toContain("gone-");
    expect(await keysUnder("quarantine/")).toHaveLength(2);
  });

  test("a body that does not fit takes no call along, whatever calls it names beside the number", async () => {
    const others = Array.from({ length: 10 }, (_, nth) => `kept-${nth}`);
    for (const call_id of others) await post(ledger.url, documentedCall({ call_id }).end());
    await post(ledger.url, { event: "call.transferred", calls: others.map((call_id) => ({ call_id })), from: PHONE });
    await post(ledger.url, `call_id=kept-1 from ${PHONE}`);
    expect((await eraseCaller(PHONE)).output).toMatchObject({ calls: 0, quarantined: 2 });
    for (const call_id of others) expect(await ask(ledger.url, `/api/calls/${call_id}`)).toMatchObject({ status: 200 });
  });

  test("it ends though rows were deleted by hand, which take all of their call along", async () => {
    for (let nth = 0; nth < 3; nth++) {
      const call = documentedCall({ call_id: `gone-${nth}` });
      for (const event of [
        call.start({ caller_phone: PHONE }),
        call.end({ transcript: spoken("Zyzzyva.") }),
        call.analytics(),
      ]) {
        await post(ledger.url, event);
      }
    }
    await ledger.DB.prepare("DELETE FROM events WHERE call_id = 'gone-0'").run();
    await ledger.DB.prepare("DELETE FROM calls WHERE call_id = 'gone-1'").run();
    for (const table of ["events", "sync_deliveries"]) {
      expect(await ledger.DB.prepare(`SELECT DISTINCT call_id FROM ${table}`).all()).toMatchObject({
        results: [{ call_id: "gone-2" }],
      });
    }
    // The row id of a call that was deleted is used again: nothing of the old call is found under it.
    await ledger.DB.prepare("DELETE FROM calls WHERE call_id = 'gone-2'").run();
    await post(ledger.url, documentedCall({ call_id: "next" }).start({ caller_phone: OTHER_PHONE }));
    expect((await ask(ledger.url, "/api/calls?q=zyzzyva")).body).toMatchObject({ calls: [{ call_id: "gone-0" }] });
    expect((await eraseCaller(PHONE)).output).toMatchObject({ calls: 1, events: 0 });
    expect((await eraseCaller(OTHER_PHONE)).output).toMatchObject({ calls: 1 });
  });

  test("parked events go by the number too when an event with it is parked beside them", async () => {
    const call = documentedCall({ call_id: "gone-waiting" });
    await post(ledger.url, call.start({ caller_phone: PHONE }), failing);
    await post(ledger.url, call.end({ transcript: spoken("Words of gone-waiting.") }), failing);
    await eraseCaller(PHONE);
    expect(await everything()).not.toContain("gone-");
  });

  test("parked events go by the number too when it is parked far from them", async () => {
    const others = async () => {
      for (let nth = 0; nth < 12; nth++) {
        await post(ledger.url, documentedCall({ call_id: `kept-${nth}-${Math.random()}` }).start(), failing);
      }
    };
    const call = documentedCall({ call_id: "gone-parked" });
    await post(ledger.url, call.end({ transcript: spoken("Words of gone-parked.") }), failing);
    await others();
    await post(ledger.url, call.start({ caller_phone: PHONE }), failing);
    await others();
    await eraseCaller(PHONE);
    expect(await everything()).not.toContain("gone-");
    expect(await keysUnder("parked/")).toHaveLength(24);
  });

  test("many parked calls of a caller all go", async () => {
    const calls = Array.from({ length: 12 }, (_, nth) => documentedCall({ call_id: `gone-${nth}-${"x".repeat(400)}` }));
    for (const call of calls) await post(ledger.url, call.start({ caller_phone: PHONE }), failing);
    for (const call of calls.slice(0, 6)) await post(ledger.url, call.end(), failing);
    for (const call of calls.slice(6)) await post(ledger.url, call.end());
    await eraseCaller(PHONE);
    expect(await everything()).not.toContain("gone-");
  });

  test("a call that the ledger has without a number goes when a parked event of it has it", async () => {
    const call = documentedCall({ call_id: "gone-numberless" });
    await post(ledger.url, call.end());
    await post(ledger.url, call.start({ caller_phone: PHONE }), failing);
    await eraseCaller(PHONE);
    const after = await everything();
    expect(after).not.toContain("gone-");
    expect(after).not.toContain(PHONE);
  });

  test("an outranked number and one among the platform's variables find their calls", async () => {
    const outranked = documentedCall({ call_id: "gone-outranked" });
    await post(ledger.url, outranked.start({ caller_phone: PHONE }));
    await post(ledger.url, outranked.start({ caller_phone: OTHER_PHONE, timestamp: "2024-07-15T14:30:01Z" }));
    await post(
      ledger.url,
      atomsCall({ call_id: "gone-variable" }).end({ callData: null, variables: { user_number: PHONE } }),
    );
    await eraseCaller(PHONE);
    expect(await everything()).not.toContain("gone-");
  });

  test("of an outbound call the customer is who was called; the number of the agent erases nothing", async () => {
    // The agent calls from +15559876543 to +15551234567.
    await post(ledger.url, atomsCall({ call_id: "outbound" }).start());
    await eraseCaller("+15559876543");
    expect(await everything()).toContain("outbound");
    await eraseCaller("+15551234567");
    expect(await everything()).not.toContain("outbound");
  });

  test.each([
    "+1 (555) 014-2001",
    "0015550142001",
    "tel:+15550142001",
    "sip:+15550142001@carrier.example;user=phone",
    "＋１５５５０１４２００１",
  ])("%s is the same number", async (written) => {
    await post(ledger.url, documentedCall({ call_id: "gone-written" }).start({ caller_phone: written }));
    await eraseCaller(PHONE);
    expect(await everything()).not.toContain("gone-written");
  });

  test.each([{}, { caller_phone: "" }, { caller_phone: "123" }, { caller_phone: "everyone" }, { caller_phone: "%" }])(
    "%j names nobody and is refused",
    async (body) => {
      await post(ledger.url, documentedCall({ call_id: "safe" }).start());
      const answer = await ask(ledger.url, "/api/erasures", { method: "POST", body: JSON.stringify(body) });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "caller_phone" }] } });
      expect(await everything()).toContain("safe");
    },
  );
});

test("a cursor of no quarantine is refused", async () => {
  const answer = await ask(ledger.url, "/api/quarantine?cursor=nonsense");
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "cursor" }] } });
});

describe("RETENTION_DAYS", () => {
  const hourly = (time: Date) => runCron(ledger.url, time, undefined, "23 * * * *");
  const old = documentedCall({ call_id: "old" });
  const send = async () => {
    await post(ledger.url, old.start({ caller_phone: PHONE }));
    await post(ledger.url, old.end({ transcript: spoken("Old words.") }));
    await post(ledger.url, documentedCall({ call_id: "new" }).start({ timestamp: minutes(-60).toISOString() }));
    await post(ledger.url, { event: "call.transferred", call_id: "another" });
  };

  test("erases everywhere what is older, once an hour, and nothing else", async () => {
    await send();
    await hourly(new Date());
    await vi.waitFor(
      async () => expect(await ask(ledger.url, "/api/calls/old")).toMatchObject({ status: 404 }),
      100_000,
    );
    expect(await keysUnder("calls/")).toEqual([]);
    expect(await ask(ledger.url, "/api/calls/new")).toMatchObject({ status: 200 });
    expect((await ask(ledger.url, "/api/calls?q=words")).body).toMatchObject({ calls: [] });
    expect(await keysUnder("quarantine/")).toHaveLength(1);
    expect(await ledger.DB.prepare("SELECT by_age FROM ledger_erased_calls").all()).toMatchObject({
      results: [{ by_age: 1 }],
    });
    // Thirty-one days later what waits in quarantine is too old as well.
    await hourly(minutes(31 * 24 * 60));
    await vi.waitFor(async () => expect(await keysUnder("quarantine/")).toEqual([]), 100_000);
  });

  test("a day that is too old as a whole loses its files, and one in part the calls that are", async () => {
    const at = (day: number, hour: number) => new Date(Date.UTC(2026, 0, day - 40, hour) + daysSince2026 * DAY_MS);
    const daysSince2026 = Math.floor((Date.now() - Date.UTC(2026, 0, 1)) / DAY_MS);
    const times = { first: at(20, 10), morning: at(21, 5), evening: at(21, 20) };
    for (const [call_id, time] of Object.entries(times)) {
      await post(ledger.url, documentedCall({ call_id }).start({ timestamp: time.toISOString() }));
    }
    await hourly(new Date());
    await untilExported(ledger);
    const exported = async () =>
      (await queryExports(ledger.url, "SELECT call_id FROM calls ORDER BY called_at")).map(({ call_id }) => call_id);
    expect(await exported()).toEqual(Object.keys(times));
    await hourly(new Date(at(21, 12).getTime() + 30 * DAY_MS));
    await vi.waitFor(async () => expect(await exported()).toEqual(["evening"]), { timeout: 30_000, interval: 100 });
    expect(await keysUnder(`export/calls/day=${times.first.toISOString().slice(0, 10)}`)).toEqual([]);
  });
});

test("npm run erase shows what it will erase, does it with --yes, and prints how much went", async () => {
  await post(ledger.url, documentedCall({ call_id: "from-here" }).start({ caller_phone: PHONE }));
  const run = (...parameters: string[]) => runCommandAt(ledger.url, "erase", parameters);
  await expect(run("--phone", PHONE)).rejects.toThrow("Nothing is erased: there is no terminal to ask at");
  expect(await everything()).toContain("from-here");
  const { stdout, stderr } = await run("--phone", PHONE, "--yes");
  expect(stderr).toContain("To be erased: 1");
  expect(stderr).toContain("from-here");
  expect(stdout).toBe("erased: calls 1, events 1, deliveries 0, words 0, objects 0, parked 0, quarantined 0\n");
  expect(await everything()).not.toContain("from-here");
  await expect(run("--call", "from-here", "--yes")).rejects.toThrow("Unknown call");
  await expect(run()).rejects.toThrow("--call <id> or --phone <number>");
});

test("an erasure is closed without the token", async () => {
  const response = await fetch(new URL("/api/calls/any", ledger.url), { method: "DELETE" });
  expect(response.status).toBe(401);
});
