import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import * as z from "zod";
import { ask } from "../../support/ask.ts";
import { SYNC_SECRET, startDownstream } from "../../support/downstream.ts";
import { documentedCall } from "../../support/events.ts";
import { SECRET } from "../../support/ledger.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { post } from "../../support/post.ts";
import type { FaultKind, Faults } from "../../support/stores/faults.ts";
import { readUsage } from "../../support/stores/limited.ts";
import { relayUntil, setFaults } from "../../support/stores/relay.ts";
import { type LocalLedger, startLocalLedger } from "../simulator/local-ledger.ts";

const ENTRY = "test/support/stores/faulty-ledger.ts";
/** Two pages of four, and half a one. */
const CALLS = 10;
const RECOVERY = { timeoutMilliseconds: 120_000 };
const patience = { timeout: 60_000, interval: 20 };

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
let killed: LocalLedger | undefined;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootOnNetwork({ main: ENTRY, env: { SYNC_URL: downstream.url, SYNC_SECRET } });
});
afterAll(async () => {
  await ledger.close();
  await downstream.close();
});
afterEach(() => killed?.stop());

const view = z.object({ status: z.string(), output: z.object({ sent: z.number(), left_alone: z.number() }) });
const jobOf = async (url: string, job: string) => view.parse((await ask(url, `/api/jobs/${job}`)).body);
const times = (calls: readonly string[]) => calls.map((call_id) => downstream.deliveriesOf(call_id).length);

/** Calls of a day of its own whose analyses have arrived, and the job that sends them again, after its first page. */
async function sendAgain(url: string, day: string): Promise<{ calls: string[]; job: string }> {
  const calls = Array.from({ length: CALLS }, (_, nth) => `${day} ${nth}`);
  for (const call_id of calls) {
    await post(url, documentedCall({ call_id }).analytics({ timestamp: `${day}T10:00:00Z` }));
  }
  await vi.waitFor(() => expect(times(calls)).toEqual(calls.map(() => 1)), patience);
  // What has arrived is recorded a moment later: until then it is on its way, and left alone.
  const onTheirWay = async () =>
    z.object({ deliveries: z.array(z.unknown()) }).parse((await ask(url, "/api/deliveries?state=pending")).body);
  await vi.waitFor(async () => expect((await onTheirWay()).deliveries).toEqual([]), patience);
  const init = { method: "POST", body: JSON.stringify({ from: day, to: day }) };
  const { job } = z.object({ job: z.string() }).parse((await ask(url, "/api/deliveries/retry", init)).body);
  await vi.waitFor(async () => expect((await jobOf(url, job)).output.sent).toBe(4), patience);
  return { calls, job };
}

/** Every delivery of the range was sent again, and is told by its `webhook-id` however often. */
async function verifySent(url: string, calls: readonly string[], job: string): Promise<void> {
  const isOver = async () => {
    const { status } = await jobOf(url, job);
    return status === "complete" && times(calls).every((count) => count >= 2);
  };
  await relayUntil(url, isOver, RECOVERY);
  expect(await jobOf(url, job)).toEqual({ status: "complete", output: { sent: CALLS, left_alone: 0 } });
  for (const call_id of calls) {
    expect(new Set(downstream.deliveriesOf(call_id).map(({ id }) => id)).size, call_id).toBe(1);
  }
}

const kinds = ["before", "after", "every-second"] as const;
const cases = [
  ...[...kinds, "first-after" as const, "hang" as const].map((D1) => ({ D1 })),
  ...kinds.map((queue) => ({ queue })),
  ...kinds.map((kind) => ({ D1: kind, queue: kind })),
].map((faults: { D1?: FaultKind; queue?: FaultKind }, nth) => ({
  faults,
  day: `2024-07-${String(nth + 1).padStart(2, "0")}`,
}));

test.each(cases)("a range is sent whole, and no event skipped, while $faults", async ({ faults, day }) => {
  const { calls, job } = await sendAgain(ledger.url, day);
  const before = (await readUsage(ledger.url)).faults;
  // The transactions of the job alone: D1 goes on to record what arrives.
  const D1 = faults.D1 && { works: 0, of: "batch", about: job, afterwards: faults.D1 };
  await setFaults(ledger.url, { D1, queue: faults.queue });
  await vi.waitFor(async () => expect((await readUsage(ledger.url)).faults).toBeGreaterThan(before), patience);
  await wait(300);
  await setFaults(ledger.url, {});
  await verifySent(ledger.url, calls, job);
});

/** What the job is doing when the power goes. */
const moments: [name: string, hanging: Faults][] = [
  ["it pauses between two pages", {}],
  ["a page is taken and its messages are not sent", { queue: "hang" }],
  ["a page is being taken", { D1: { works: 0, of: "batch", about: "webhook", afterwards: "hang" } }],
];

test.each(moments)("a range is sent whole when the runtime is killed while %s", async (name, hanging) => {
  const start = (keep: boolean) =>
    startLocalLedger({
      state: ".wrangler/killed-range",
      keep,
      entry: ENTRY,
      variables: {
        ATOMS_WEBHOOK_SECRETS: SECRET,
        API_TOKEN: "token-of-the-tests",
        SYNC_URL: downstream.url,
        SYNC_SECRET,
      },
      signal: AbortSignal.timeout(250_000),
    });
  killed = await start(false);
  const day = `2024-08-0${moments.findIndex(([moment]) => moment === name) + 1}`;
  const { calls, job } = await sendAgain(killed.url, day);
  const { faults } = await readUsage(killed.url);
  await setFaults(killed.url, hanging);
  const { url } = killed;
  const isHanging = async () => expect((await readUsage(url)).faults).toBeGreaterThan(faults);
  if (Object.keys(hanging).length > 0) await vi.waitFor(isHanging, patience);
  await killed.kill();
  expect(times(calls).filter((count) => count < 2).length).toBeGreaterThan(0);

  killed = await start(true);
  await verifySent(killed.url, calls, job);
});
