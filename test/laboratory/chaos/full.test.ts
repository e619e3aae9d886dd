import pMap from "p-map";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as z from "zod";
import { ask } from "../../support/ask.ts";
import { documentedCall } from "../../support/events.ts";
import { limitedSqlite } from "../../support/limited-sqlite.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { post, readAnswer } from "../../support/post.ts";
import { signIn } from "../../support/sign-in.ts";
import { listKeys } from "../../support/stores/objects.ts";
import { runCron } from "../../support/stores/relay.ts";

/** Calls before the database is full: enough that the index of words has several levels. */
const CALLS = 300;

const PHONE = "+15550142001";
const FULL = "is full: events are parked, and erasures wait, until rows are deleted (src/ingest/README.md, A full D1)";

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
    main: "test/laboratory/chaos/full-ledger.ts",
    services: { SQLITE: sqlite.answer },
    onLog: (line) => log.push(line),
  });
});
afterEach(async () => {
  await ledger.close();
  sqlite.close();
});

const count = (sql: string) => Number(Object.values(sqlite.rows(sql)[0] ?? {})[0]);
const parked = async () => (await listKeys(ledger.ARCHIVE, "parked/")).length;
const health = async () => readAnswer(await fetch(new URL("/healthz", ledger.url)));
const cron = (minutes = 0) => runCron(ledger.url, new Date(Date.now() + minutes * 60_000));

async function sendCall(call_id: string, caller_phone: string): Promise<string[]> {
  const { start, end } = documentedCall({ call_id });
  const transcript = [{ role: "user", content: `${wordOf(call_id)} ${common}`, timestamp: "..." }];
  const answers = [await post(ledger.url, start({ caller_phone })), await post(ledger.url, end({ transcript }))];
  return answers.map(({ body }) => answered.parse(body).status);
}

/** Sends calls until D1 refuses the first: what fits into the pages that are there is taken. */
async function fillLedger(): Promise<void> {
  const numbers = Array.from({ length: CALLS }, (_, nth) => nth);
  await pMap(numbers, (nth) => sendCall(`call-${nth}`, nth % 10 === 7 ? PHONE : `+1555${1000000 + nth}`), {
    concurrency: 10,
  });
  sqlite.limit();
  for (let nth = 0; ; nth++) if ((await sendCall(`late-${nth}`, `+1556${nth}`)).includes("parked")) return;
}

test("what does not fit is parked, the log and /healthz say why, and it comes back when there is room", async () => {
  await fillLedger();
  const refusal = log.findLast((line) => line.includes('"parked"'));
  expect(JSON.parse(refusal ?? "")).toMatchObject({
    message: "event",
    failed: "D1: D1_ERROR: Exceeded maximum DB size",
  });
  expect(await health()).toMatchObject({
    status: 503,
    body: {
      errors: [{ path: "DB", message: FULL }],
      database_bytes: count(
        "SELECT (page_count - freelist_count) * 4096 FROM pragma_page_count, pragma_freelist_count",
      ),
    },
  });
  const crowd = Array.from({ length: 30 }, (_, nth) => `crowd-${nth}`);
  await pMap(crowd, (id) => sendCall(id, PHONE), { concurrency: 4 });
  const before = await parked();
  expect(before).toBeGreaterThan(25);
  await cron();
  expect(await parked()).toBe(before);
  expect(await listKeys(ledger.ARCHIVE, "quarantine/")).toEqual([]);
  // As src/ingest/README.md says.
  sqlite.exec("INSERT INTO ledger_search_index (ledger_search_index) VALUES ('delete-all')");
  await cron();
  expect(await parked()).toBe(0);
  expect(count("SELECT count(*) FROM events")).toBe(
    log.filter((line) => /"result":"(stored|parked)"/.test(line)).length,
  );
});

test.each([
  [7_999_000_000, 200, undefined],
  [8_400_000_000, 200, "has 8.4 of the 10 GB that D1 takes"],
  [9_999_998_976, 503, FULL],
])("a database of %d bytes says how large it is, and warns of its end", async (bytes, status, message) => {
  await sendCall("call-0", PHONE);
  sqlite.claimBytes(bytes);
  const problem = message && [{ path: "DB", message }];
  expect(await health()).toMatchObject({
    status,
    body: { database_bytes: bytes, ...(problem && { [status === 200 ? "warnings" : "errors"]: problem }) },
  });
  expect((await ask(ledger.url, "/api/stats")).body).toMatchObject({ database_bytes: bytes });
  const { visit } = await signIn(ledger.url);
  const { html } = await visit("/?range=own&from=2024-07-15&to=2024-07-15");
  expect(/The database ([^<]*)\.</.exec(html)?.[1]).toBe(message);
});

test("erasures wait while D1 is full, and are complete when there is room, words and all", async () => {
  await fillLedger();
  const body = JSON.stringify({ caller_phone: PHONE });
  const jobs = [
    await ask(ledger.url, "/api/calls/call-2", { method: "DELETE" }),
    await ask(ledger.url, "/api/erasures", { method: "POST", body }),
  ].map((answer) => started.parse(answer.body).job);
  const status = async () =>
    Promise.all(jobs.map(async (job) => answered.parse((await ask(ledger.url, `/api/jobs/${job}`)).body).status));
  // Without progress for ten minutes the cron goes on with a job.
  await cron(11);
  expect(await status()).not.toContain("complete");

  sqlite.makeRoom();
  await cron(22);
  await vi.waitFor(async () => expect(await status()).toEqual(["complete", "complete"]), { timeout: 200_000 });
  const erased = ["call-2", ...Array.from({ length: CALLS / 10 }, (_, nth) => `call-${nth * 10 + 7}`)];
  for (const id of erased) {
    expect(sqlite.rows(`SELECT rowid FROM ledger_search_index('${wordOf(id)}')`)).toEqual([]);
    expect(await ask(ledger.url, `/api/calls/${id}`)).toMatchObject({ status: 404 });
    expect(await listKeys(ledger.ARCHIVE, `calls/${id}/`)).toEqual([]);
  }
  expect(count("SELECT count(*) FROM ledger_caller_numbers WHERE digits = '15550142001'")).toBe(0);
  expect(await sendCall("call-7", PHONE)).toEqual(["erased", "erased"]);
  expect(count("SELECT count(*) FROM calls WHERE call_id LIKE 'call-%'")).toBe(CALLS - erased.length);
});
