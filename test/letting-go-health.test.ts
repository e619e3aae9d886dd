import { afterAll, beforeAll, expect, test } from "vitest";
import { ask } from "./support/ask.ts";
import { customCall } from "./support/custom.ts";
import { everyPlatform, postAs } from "./support/every-platform.ts";
import { bootLedger } from "./support/ledger.ts";
import { signIn } from "./support/sign-in.ts";
import { runCron } from "./support/stores/relay.ts";

// The Worker remembers what the stores answered for 15 s: all that /healthz names is there when it is looked at first.

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let pages: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  ledger = await bootLedger({ env: { ...everyPlatform, HOT_DAYS: "30", EXPORT_PARQUET: "off" } });
  pages = await signIn(ledger.url);
});
afterAll(() => ledger.harness.close());

const inHours = (hours: number) => new Date(Date.now() + hours * 60 * 60 * 1000).toISOString();

const addJob = (id: string, kind: string, status: string, due: string | null, updated: string) =>
  ledger.DB.prepare(
    `INSERT INTO ledger_jobs (id, kind, status, subject, output, due_at, updated_at) VALUES (?, ?, ?, '{"before":"2024-01-01"}', '{"calls":0}', ?, ?)`,
  )
    .bind(id, kind, status, due, updated)
    .run();

test("a ledger whose calls have all left is no new one", async () => {
  expect((await pages.visit("/")).text).not.toContain("Live now");
  await ledger.DB.exec("INSERT INTO ledger_left_calls (call_id, day, hour) VALUES ('left', '2024-01-01', 0)");
  expect((await pages.visit("/")).text).toContain("Live now");
});

test("jobs that make no progress are named, on /healthz and on the overview", async () => {
  await addJob("ended", "letting-go", "complete", null, inHours(-50));
  await addJob("to be swept", "erasure", "complete", inHours(-2), inHours(-40));
  await addJob("at work", "send-again", "running", inHours(-0.5), inHours(-30));
  expect((await pages.visit("/")).text).not.toContain("no progress");
  const since = inHours(-20);
  await addJob("failed", "letting-go", "errored", inHours(0.1), since);
  await addJob("standing", "erasure", "running", inHours(-2), inHours(-2.2));
  expect((await ask(ledger.url, "/healthz")).body).toMatchObject({
    waiting: { stuck_jobs: { count: 2, oldest: since } },
  });
  expect((await pages.visit("/")).text).toContain(
    "2 jobs make no progress (calls that are to leave the database and others)",
  );
});

test("without EXPORT_PARQUET no call leaves, and HOT_DAYS is a problem", async () => {
  expect((await ask(ledger.url, "/healthz")).body).toMatchObject({
    status: 503,
    errors: [{ path: "HOT_DAYS", message: "lets no call go while EXPORT_PARQUET is not on" }],
  });
  await postAs("custom", ledger.url, customCall({ call_id: "old" }).end({ started_at: "2024-07-01T10:00:00Z" }));
  await ledger.DB.exec("UPDATE ledger_export_days SET changed_at = NULL, exported_at = '2024-07-02'");
  await runCron(ledger.url, new Date());
  const { results } = await ledger.DB.prepare("SELECT call_id FROM calls").all();
  expect(results).toEqual([{ call_id: "old" }]);
});
