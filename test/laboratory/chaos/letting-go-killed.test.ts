import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { ask } from "../../support/ask.ts";
import { documentedCall } from "../../support/events.ts";
import { queryExports, runHourly } from "../../support/exports.ts";
import { SECRET } from "../../support/ledger.ts";
import { post } from "../../support/post.ts";
import type { Faults } from "../../support/stores/faults.ts";
import { readUsage } from "../../support/stores/limited.ts";
import { runCron, setFaults } from "../../support/stores/relay.ts";
import { type LocalLedger, startLocalLedger } from "../simulator/local-ledger.ts";
import { inspector } from "./inspector.ts";

let ledger: LocalLedger | undefined;
afterEach(() => ledger?.stop());

/** What letting go is doing when the power goes: the store hangs from then on. */
const moments: [name: string, hanging: Faults, left: number][] = [
  [
    "the rows of the second call are to be put into R2",
    { R2: { works: 1, of: "put", about: "record.json", afterwards: "hang" } },
    0,
  ],
  ["the transaction is to begin", { D1: { works: 0, of: "batch", about: ":60", afterwards: "hang" } }, 0],
  [
    "the calls have left and the job is to be saved",
    { D1: { works: 0, of: "run", about: '{"calls":2}', afterwards: "hang" } },
    2,
  ],
];

test.each(moments)("each call is there once when the runtime is killed while %s", async (_moment, hanging, left) => {
  const start = (keep: boolean) =>
    startLocalLedger({
      state: ".wrangler/letting-go-killed",
      keep,
      entry: "test/support/stores/faulty-ledger.ts",
      variables: {
        ATOMS_WEBHOOK_SECRETS: SECRET,
        API_TOKEN: "token-of-the-tests",
        EXPORT_PARQUET: "on",
        HOT_DAYS: "30",
      },
      signal: AbortSignal.timeout(250_000),
    });
  ledger = await start(false);
  const { url, kill } = ledger;
  const stores = inspector(() => ledger?.url ?? "");
  const patience = { timeout: 60_000, interval: 50 };
  const callIds = ["call-1", "call-2"];
  const answers = () =>
    Promise.all(
      [...callIds.map((id) => `calls/${id}`), "stats?from=2024-07-15&to=2024-07-15"].map(async (path) => {
        const { database_bytes, live, sync, ...rest } = Object((await ask(ledger?.url ?? "", `/api/${path}`)).body);
        return rest;
      }),
    );
  const exported = () => queryExports(ledger?.url ?? "", "SELECT call_id FROM calls ORDER BY call_id");
  const eachOnce = callIds.map((call_id) => ({ call_id }));

  for (const call_id of callIds) await post(url, documentedCall({ call_id }).end());
  await runHourly(url);
  await vi.waitFor(async () => expect(await exported()).toEqual(eachOnce), patience);
  const before = await answers();
  expect(before[2]).toMatchObject({ totals: { calls: 2 } });

  await setFaults(url, hanging);
  const { faults } = await readUsage(url);
  await runCron(url, new Date());
  await vi.waitFor(async () => expect((await readUsage(url)).faults).toBeGreaterThan(faults), patience);
  await wait(200);
  await kill();

  ledger = await start(true);
  expect(await stores.count("SELECT count(*) FROM ledger_left_calls")).toBe(left);
  expect(await answers()).toEqual(before);
  // Ten minutes pass without a step.
  await stores.query("UPDATE ledger_jobs SET due_at = '2024-07-15' RETURNING id");
  // The cron goes on, a step a minute.
  const open = () => stores.query("SELECT id FROM ledger_jobs WHERE status <> 'complete'");
  for (let minute = 0; minute < 4 && (await open()).length > 0; minute++) {
    await runCron(ledger.url, new Date(Date.now() + minute * 60_000));
  }
  expect(await open()).toEqual([]);
  expect(await stores.query("SELECT call_id FROM ledger_left_calls ORDER BY call_id")).toEqual(eachOnce);
  expect(await stores.query("SELECT call_id FROM calls UNION ALL SELECT call_id FROM events")).toEqual([]);
  expect(await answers()).toEqual(before);
  expect(await exported()).toEqual(eachOnce);
});
