import pMap from "p-map";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { SYNC_SECRET, startDownstream } from "../../support/downstream.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { type FaultKind, type Faults, faultKinds } from "../../support/stores/faults.ts";
import { readUsage } from "../../support/stores/limited.ts";
import { listKeys, prefixOf } from "../../support/stores/objects.ts";
import { relayUntil, replayQuarantine, runCron, setFaults } from "../../support/stores/relay.ts";
import { healthyRows } from "./healthy-rows.ts";
import { parkBodies } from "./held-bodies.ts";
import { watchLedger } from "./ledger-state.ts";
import { formatNames, makeCall, type TestCall } from "./make-call.ts";
import { queueMessage } from "./queue-message.ts";
import { isRecovered, verifyRecovered } from "./recovered.ts";
import type { SentCall } from "./send-call.ts";

const RECOVERY = { timeoutMilliseconds: 120_000 };
/** Three events each: several batches, and more than one delivery of the queue. */
const CALLS = 34;
const LEDGERS_AT_ONCE = 2;

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledgers: Awaited<ReturnType<typeof bootFaulty>>[];
let healthy: Map<string, unknown>;

async function bootFaulty() {
  const env = { SYNC_URL: downstream.url, SYNC_SECRET };
  const ledger = await bootOnNetwork({ main: "test/support/stores/faulty-ledger.ts", env });
  return { ...ledger, read: watchLedger(ledger.DB, ledger.ARCHIVE) };
}
type FaultyLedger = Awaited<ReturnType<typeof bootFaulty>>;

beforeAll(async () => {
  downstream = await startDownstream();
  ledgers = await pMap(Array.from({ length: LEDGERS_AT_ONCE }), bootFaulty, { concurrency: 1 });
  const [first = expect.unreachable()] = ledgers;
  healthy = await healthyRows(first.url, first.read);
});
afterAll(async () => {
  await Promise.all(ledgers.map((ledger) => ledger.close()));
  await downstream.close();
});

const eventsOf = (calls: readonly TestCall[]) => calls.flatMap(({ events }) => events);

/** How bodies come to wait: with the cron, or by itself, they come back. */
const hold = {
  parked: ({ ARCHIVE }: FaultyLedger, calls: readonly TestCall[]) =>
    parkBodies(ARCHIVE, eventsOf(calls), new Date(Date.now() - 60_000).toISOString()),
  /** A hundred messages at once: they are delivered together. */
  async queued({ SYNC_QUEUE }: FaultyLedger, calls: readonly TestCall[]) {
    const messages = eventsOf(calls).map(queueMessage);
    await SYNC_QUEUE.sendBatch(messages.slice(0, 100));
    await SYNC_QUEUE.sendBatch(messages.slice(100));
  },
};

const makeCalls = () => Array.from({ length: CALLS }, (_, index) => makeCall(formatNames[index % 2 === 0 ? 0 : 1]));

/** Parked bodies were acknowledged when they came in. */
const sentCalls = (calls: readonly TestCall[]): SentCall[] =>
  calls.map((call) => ({
    call,
    events: call.events.map((event) => ({ ...event, acknowledged: true, parked: true })),
    slowestMilliseconds: 0,
  }));

/** A store whose calls of an operation fail for good after so many. */
const after = (works: number, of: string, ...kinds: readonly FaultKind[]) =>
  kinds.map((afterwards) => ({ works, of, afterwards }));

/** A batch is recorded with `batch`, and removed with R2's `delete`. */
const faultsOf: Record<keyof typeof hold, Faults[]> = {
  parked: [
    ...[...faultKinds, ...after(2, "batch", "before", "after", "hang")].map((D1) => ({ D1 })),
    ...[
      ...after(10, "get", "before", "hang"),
      ...after(10, "put", "before", "after", "hang"),
      ...after(1, "delete", "before", "after", "hang"),
    ].map((R2) => ({ R2 })),
    { queue: "before" },
  ],
  queued: [
    ...[...faultKinds, ...after(1, "batch", "after"), ...after(2, "batch", "before", "hang")].map((D1) => ({ D1 })),
    ...after(15, "put", "before", "after", "hang").map((R2) => ({ R2 })),
    { D1: "after", R2: "before" },
    { D1: "overloaded" },
    { D1: "before", R2: "before", queue: "before" },
  ],
};

/** Lets each ledger take turns at the cases, so that their waits overlap. */
async function forEach(cases: readonly Faults[], check: (ledger: FaultyLedger, faults: Faults) => Promise<void>) {
  const free = [...ledgers];
  const run = async (faults: Faults) => {
    const ledger = free.pop() ?? expect.unreachable();
    await check(ledger, faults);
    free.push(ledger);
  };
  await pMap(cases, run, { concurrency: LEDGERS_AT_ONCE });
}

async function untilAStoreFails(ledger: FaultyLedger, faultsBefore: number): Promise<void> {
  const isMet = async () => expect((await readUsage(ledger.url)).faults).toBeGreaterThan(faultsBefore);
  await vi.waitFor(isMet, { timeout: 60_000, interval: 5 });
}

async function recoverAndVerify(ledger: FaultyLedger, calls: readonly TestCall[], about: string): Promise<void> {
  const sent = sentCalls(calls);
  // What the queue holds cannot be seen: of its bodies the transcripts come last.
  const isArchived = async () => {
    const keys = new Set(await listKeys(ledger.ARCHIVE, "calls/"));
    return calls.every(({ call_id }) => keys.has(`${prefixOf(call_id)}transcript.json`));
  };
  const isOver = async () => {
    // A store that failed at one body while others got through has sent it to quarantine.
    await replayQuarantine(ledger.url);
    return isRecovered(await ledger.read(), sent) && (await isArchived());
  };
  await relayUntil(ledger.url, isOver, RECOVERY);
  await verifyRecovered({ ...ledger, downstream }, sent, healthy, about);
}

test("whatever fails while batches of parked bodies come back, each event is there once", async () => {
  await forEach(faultsOf.parked, async (ledger, faults) => {
    const calls = makeCalls();
    await hold.parked(ledger, calls);
    const { faults: faultsBefore } = await readUsage(ledger.url);
    await setFaults(ledger.url, faults);
    const cron = runCron(ledger.url, new Date());
    // A store that hangs holds the run until it is well again.
    if (JSON.stringify(faults).includes("hang")) await untilAStoreFails(ledger, faultsBefore);
    else await cron;
    await setFaults(ledger.url, {});
    await cron;
    expect((await readUsage(ledger.url)).faults, JSON.stringify(faults)).toBeGreaterThan(faultsBefore);
    await recoverAndVerify(ledger, calls, `parked, ${JSON.stringify(faults)}`);
  });
});

test("whatever fails while batches come back from the queue, each event is there once", async () => {
  await forEach(faultsOf.queued, async (ledger, faults) => {
    const calls = makeCalls();
    const { faults: faultsBefore } = await readUsage(ledger.url);
    await setFaults(ledger.url, faults);
    await hold.queued(ledger, calls);
    await untilAStoreFails(ledger, faultsBefore);
    await setFaults(ledger.url, {});
    await recoverAndVerify(ledger, calls, `carried by the queue, ${JSON.stringify(faults)}`);
  });
});
