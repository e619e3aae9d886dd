import pMap from "p-map";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as z from "zod";
import { ask } from "../support/ask.ts";
import { documentedCall } from "../support/events.ts";
import { limitedSqlite } from "../support/limited-sqlite.ts";
import { bootOnNetwork } from "../support/network-ledger.ts";
import { post, readAnswer } from "../support/post.ts";
import { signIn } from "../support/sign-in.ts";
import { runCron } from "./relay.ts";

/** Calls before the database is full: enough that the index of words has several levels. */
const CALLS = 300;

const PHONE = "+15550142001";
const isOfPhone = (nth: number) => nth % 10 === 7;

const patience = { timeout: 40_000, interval: 100 };

const answered = z.object({ status: z.string() });
const started = z.object({ job: z.string() });

const common = Array.from({ length: 250 }, (_, nth) => `common${nth}`).join(" ");

/** The word that one call alone has said. */
const wordOf = (call_id: string) => `${call_id.replace("-", "x")}end`;

let sqlite: ReturnType<typeof limitedSqlite>;
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
let log: string[];
beforeEach(async () => {
  sqlite = limitedSqlite();
  log = [];
  ledger = await bootOnNetwork({
    main: "test/chaos/full-ledger.ts",
    services: { SQLITE: sqlite.answer },
    onLog: (line) => log.push(line),
  });
});
afterEach(async () => {
  await ledger.close();
  sqlite.close();
});

const count = (sql: string) => Number(Object.values(sqlite.rows(sql)[0] ?? {})[0]);

async function sendCall(call_id: string, caller_phone: string): Promise<string[]> {
  const { start, end } = documentedCall({ call_id });
  const transcript = [{ role: "user", content: `${wordOf(call_id)} ${common}`, timestamp: "..." }];
  const answers = [await post(ledger.url, start({ caller_phone })), await post(ledger.url, end({ transcript }))];
  return answers.map(({ body }) => answered.parse(body).status);
}

/** Sends calls until D1 refuses the first: what fits into the pages that are there is taken. */
async function sendUntilParked(name: string): Promise<void> {
  for (let nth = 0; ; nth++) if ((await sendCall(`${name}-${nth}`, `+1556${nth}`)).includes("parked")) return;
}

/** The cron makes the reserve. */
async function fillLedger(beforehand = () => runCron(ledger.url, new Date())): Promise<void> {
  await beforehand();
  const numbers = Array.from({ length: CALLS }, (_, nth) => nth);
  await pMap(numbers, (nth) => sendCall(`call-${nth}`, isOfPhone(nth) ? PHONE : `+1555${1000000 + nth}`), {
    concurrency: 10,
  });
  sqlite.limit();
  await sendUntilParked("late");
}

async function untilComplete(answer: Awaited<ReturnType<typeof ask>>): Promise<void> {
  expect(answer).toMatchObject({ status: 202 });
  const { job } = started.parse(answer.body);
  await vi.waitFor(
    async () => expect((await ask(ledger.url, `/api/jobs/${job}`)).body).toMatchObject({ status: "complete" }),
    patience,
  );
}

const eraseCall = async (id: string) => untilComplete(await ask(ledger.url, `/api/calls/${id}`, { method: "DELETE" }));

test("what does not fit is parked, the log and /healthz say why, and it comes back when there is room", async () => {
  await fillLedger();
  const refusal = log.findLast((line) => line.includes('"parked"'));
  expect(JSON.parse(refusal ?? "")).toMatchObject({
    message: "event",
    failed: "D1: D1_ERROR: Exceeded maximum DB size",
  });
  const health = await readAnswer(await fetch(new URL("/healthz", ledger.url)));
  expect(health).toMatchObject({
    status: 503,
    body: {
      errors: [{ path: "DB", message: "is full: events are parked until rows are deleted" }],
      database_bytes: count(
        "SELECT (page_count - freelist_count) * 4096 FROM pragma_page_count, pragma_freelist_count",
      ),
    },
  });
  const parked = async () => (await ledger.ARCHIVE.list({ prefix: "parked/" })).objects.length;
  await runCron(ledger.url, new Date());
  const crowd = Array.from({ length: 60 }, (_, nth) => `crowd-${nth}`);
  await pMap(crowd, (id) => sendCall(id, PHONE), { concurrency: 4 });
  const before = await parked();
  expect(before).toBeGreaterThan(100);
  // For some of them, and not for a batch.
  sqlite.limit(40);
  await runCron(ledger.url, new Date());
  const after = await parked();
  expect(after).toBeGreaterThan(0);
  expect(after).toBeLessThan(before);
  // As src/ingest/README.md says.
  sqlite.exec("INSERT INTO ledger_search_index (ledger_search_index) VALUES ('delete-all')");
  await runCron(ledger.url, new Date(Date.now() + 120_000));
  expect(await parked()).toBe(0);
  expect(count("SELECT count(*) FROM events")).toBe(
    log.filter((line) => /"result":"(stored|parked)"/.test(line)).length,
  );
}, 60_000);

test.each([
  [7_999_000_000, 200, undefined],
  [8_400_000_000, 200, "has 8.4 of the 10 GB that D1 takes"],
  [9_999_998_976, 503, "is full: events are parked until rows are deleted"],
])("a database of %d bytes says how large it is, and warns of its end", async (bytes, status, message) => {
  await sendCall("call-0", PHONE);
  sqlite.claimBytes(bytes);
  const problem = message && [{ path: "DB", message }];
  expect(await readAnswer(await fetch(new URL("/healthz", ledger.url)))).toMatchObject({
    status,
    body: { database_bytes: bytes, ...(problem && { [status === 200 ? "warnings" : "errors"]: problem }) },
  });
  expect((await ask(ledger.url, "/api/stats")).body).toMatchObject({ database_bytes: bytes });
  const { visit } = await signIn(ledger.url);
  const { html } = await visit("/?range=own&from=2024-07-15&to=2024-07-15");
  expect(/The database ([^<]*)\.</.exec(html)?.[1]).toBe(message);
});

test("calls and callers are erased all the same, words and all, and nothing of them comes back", async () => {
  await fillLedger();
  const single = Array.from({ length: 24 }, (_, nth) => `call-${nth * 10 + 1}`);
  const isErased = pMap(single, eraseCall, { concurrency: 4 });
  // Whatever room there is, events that come in take it.
  await sendUntilParked("greedy");
  await isErased;
  const body = JSON.stringify({ caller_phone: PHONE });
  await untilComplete(await ask(ledger.url, "/api/erasures", { method: "POST", body }));

  const erased = [...single, ...Array.from({ length: CALLS / 10 }, (_, nth) => `call-${nth * 10 + 7}`)];
  for (const id of erased) {
    expect(sqlite.rows(`SELECT rowid FROM ledger_search_index('${wordOf(id)}')`)).toEqual([]);
    expect(await ask(ledger.url, `/api/calls/${id}`)).toMatchObject({ status: 404 });
  }
  expect(count("SELECT count(*) FROM ledger_caller_numbers WHERE digits = '15550142001'")).toBe(0);
  expect((await ledger.ARCHIVE.list({ prefix: "calls/call-7/" })).objects).toEqual([]);
  expect(await sendCall("call-7", PHONE)).toEqual(["erased", "erased"]);
  expect(count("SELECT count(*) FROM calls WHERE call_id LIKE 'call-%'")).toBe(CALLS - erased.length);
}, 120_000);

test("without any room the rows go all the same, and the erasure is complete when its words are gone too", async () => {
  await fillLedger(async () => {});
  const answer = await ask(ledger.url, "/api/calls/call-2", { method: "DELETE" });
  await vi.waitFor(
    async () => expect(await ask(ledger.url, "/api/calls/call-2")).toMatchObject({ status: 404 }),
    patience,
  );
  const { job } = started.parse(answer.body);
  expect((await ask(ledger.url, `/api/jobs/${job}`)).body).toMatchObject({ status: "running" });
  expect((await ask(ledger.url, `/api/calls?q=${wordOf("call-2")}`)).body).toMatchObject({ calls: [] });
  sqlite.makeRoom();
  await untilComplete(answer);
  expect(sqlite.rows(`SELECT rowid FROM ledger_search_index('${wordOf("call-2")}')`)).toEqual([]);
  await runCron(ledger.url, new Date());
  expect(count("SELECT count(*) FROM reserve")).toBe(16);
}, 120_000);
