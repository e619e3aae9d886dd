import pMap from "p-map";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SYNC_SECRET, startDownstream } from "../../support/downstream.ts";
import { everyPlatform } from "../../support/every-platform.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { type FaultKind, type Faults, faultKinds } from "../../support/stores/faults.ts";
import { relayUntil, runCron, setFaults } from "../../support/stores/relay.ts";
import { healthyRows } from "./healthy-rows.ts";
import { watchLedger } from "./ledger-state.ts";
import { everyFormatName, makeCall } from "./make-call.ts";
import { isRecovered, verifyRecovered } from "./recovered.ts";
import { type SentCall, sendCall } from "./send-call.ts";

const RECOVERY = { timeoutMilliseconds: 120_000 };
/** Calls under way at once, up to three bodies each: most of their time goes by at a store that hangs. */
const CONCURRENCY = 50;
/** Ledgers that are down as a whole take turns at the list, so that their waits overlap. */
const LEDGERS_AT_ONCE = 4;

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledgers: Awaited<ReturnType<typeof bootFaulty>>[];
let healthy: Map<string, unknown>;

async function bootFaulty() {
  const ledger = await bootOnNetwork({
    main: "test/support/stores/faulty-ledger.ts",
    env: { ...everyPlatform, SYNC_URL: downstream.url, SYNC_SECRET },
  });
  return { ...ledger, read: watchLedger(ledger.DB, ledger.ARCHIVE) };
}

beforeAll(async () => {
  downstream = await startDownstream();
  ledgers = await pMap(Array.from({ length: LEDGERS_AT_ONCE }), bootFaulty, { concurrency: 2 });
  healthy = await healthyRows(first().url, first().read);
});
afterAll(async () => {
  await Promise.all(ledgers.map((ledger) => ledger.close()));
  await downstream.close();
});

const first = () => ledgers[0] ?? expect.unreachable();

/** Every way in which one store or several may fail at once. Faults of the first call alone are not mixed with others. */
function everyCombination(): Faults[] {
  const lasting = faultKinds.filter((kind) => kind !== "first-after");
  return [...combinationsOf([undefined, ...lasting]), ...combinationsOf([undefined, "first-after"])];
}

function combinationsOf(kinds: readonly (FaultKind | undefined)[]): Faults[] {
  const combinations: Faults[] = kinds.flatMap((D1) =>
    kinds.flatMap((R2) => kinds.map((queue) => ({ D1, R2, queue }))),
  );
  return combinations.filter((faults) => Object.values(faults).some((fault) => fault !== undefined));
}

/** Whether all stores that fail, fail alike. */
function alike({ D1, R2, queue }: Faults): boolean {
  return new Set([D1, R2, queue].filter((fault) => fault !== undefined)).size === 1;
}

type FaultyLedger = Awaited<ReturnType<typeof bootFaulty>>;

async function recoverAll(ledger: FaultyLedger, sent: readonly SentCall[]) {
  await relayUntil(ledger.url, async () => isRecovered(await ledger.read(), sent), RECOVERY);
}

function figures(title: string, sent: readonly SentCall[], recoverySeconds: number): void {
  const events = sent.flatMap((call) => call.events);
  const acknowledged = events.filter((event) => event.acknowledged);
  const slowest = Math.max(...sent.map(({ slowestMilliseconds }) => slowestMilliseconds)) / 1000;
  console.log(
    `${title}: ${events.length} events sent, ${acknowledged.length} acknowledged, ` +
      `${acknowledged.filter(({ parked }) => parked).length} of them parked, all recovered; 0 lost, 0 duplicated; ` +
      `slowest answer ${slowest.toFixed(1)} s, slowest recovery ${recoverySeconds.toFixed(1)} s`,
  );
}

test("whatever fails while an event is ingested, every event that was acknowledged is recovered, once", async () => {
  const ledger = first();
  const cases = everyCombination().flatMap((faults) =>
    everyFormatName.map((format) => ({ faults, call: makeCall(format) })),
  );
  const sent = await pMap(cases, ({ faults, call }) => sendCall(ledger.url, call, faults, true), {
    concurrency: CONCURRENCY,
  });
  const began = performance.now();
  await recoverAll(ledger, sent);
  const seconds = (performance.now() - began) / 1000;
  await verifyRecovered({ ...ledger, downstream }, sent, healthy, "faults of single requests");
  figures(`${everyCombination().length} combinations of faults, each of its requests alone`, sent, seconds);
});

test("whatever is down as a whole, requests, messages and cron, it is all recovered, once", async () => {
  const free = [...ledgers];
  let slowestRecovery = 0;
  const sent = await pMap(
    everyCombination().filter(alike),
    async (faults) => {
      const ledger = free.pop() ?? expect.unreachable();
      await setFaults(ledger.url, faults);
      const calls = await Promise.all(
        everyFormatName.map((format) => sendCall(ledger.url, makeCall(format), faults, false)),
      );
      // Not awaited yet: on a store that hangs the cron hangs as well.
      const cron = runCron(ledger.url, new Date());
      await setFaults(ledger.url, {});
      await cron;
      const began = performance.now();
      await recoverAll(ledger, calls);
      slowestRecovery = Math.max(slowestRecovery, (performance.now() - began) / 1000);
      await verifyRecovered({ ...ledger, downstream }, calls, healthy, JSON.stringify(faults));
      free.push(ledger);
      return calls;
    },
    { concurrency: LEDGERS_AT_ONCE },
  );
  figures(`${sent.length} combinations of stores that are down as a whole`, sent.flat(), slowestRecovery);
});
