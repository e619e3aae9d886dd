import pMap from "p-map";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SYNC_SECRET, startDownstream } from "../support/downstream.ts";
import { bootOnNetwork } from "../support/network-ledger.ts";
import { type FaultKind, type Faults, faultKinds } from "./faults.ts";
import { comparable, healthyRows, subsetOf } from "./healthy-rows.ts";
import { type LedgerState, watchLedger } from "./ledger-state.ts";
import { formatNames, makeCall } from "./make-call.ts";
import { listKeys, prefixOf } from "./objects.ts";
import { relayUntil, runCron, setFaults } from "./relay.ts";
import { type SentCall, sendCall } from "./send-call.ts";

const RECOVERY = { timeoutMilliseconds: 40_000 };
/** Calls under way at once, three events each: most of their time goes by at a store that hangs. */
const CONCURRENCY = 40;
/** Ledgers that are down as a whole take turns at the list, so that their waits overlap. */
const LEDGERS_AT_ONCE = 4;

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledgers: Awaited<ReturnType<typeof bootFaulty>>[];
let healthy: Map<string, unknown>;

async function bootFaulty() {
  const ledger = await bootOnNetwork({
    main: "test/chaos/faulty-ledger.ts",
    env: { SYNC_URL: downstream.url, SYNC_SECRET },
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

/** Whether the ledger has every acknowledged event, and nothing is parked or pending. */
function isRecovered({ events, deliveries, parked }: LedgerState, sent: readonly SentCall[]): boolean {
  const arrived = sent.every((call) => call.events.every(({ acknowledged, key }) => !acknowledged || events.has(key)));
  return arrived && parked.D1 + parked.R2 === 0 && deliveries.every(({ state }) => state !== "pending");
}

type FaultyLedger = Awaited<ReturnType<typeof bootFaulty>>;

async function recoverAll(ledger: FaultyLedger, sent: readonly SentCall[]) {
  await relayUntil(ledger.url, async () => isRecovered(await ledger.read(), sent), RECOVERY);
}

/** Holds that rows, objects and deliveries of the calls are as if nothing had failed, and that there is nothing besides. */
async function verify(ledger: FaultyLedger, sent: readonly SentCall[], about: string) {
  const state = await ledger.read();
  const keys = await listKeys(ledger.ARCHIVE, "");
  expect(
    keys.filter((key) => !key.startsWith("calls/")),
    about,
  ).toEqual([]);
  await pMap(
    sent,
    async ({ call, events }) => {
      for (const { key, acknowledged } of events) {
        if (acknowledged) expect(state.events.has(key), `${key} is stored, ${about}`).toBe(true);
      }
      const row = state.calls.get(call.call_id);
      expect(comparable(row, call.format), about).toEqual(healthy.get(subsetOf(call, state.events)));

      const [end] = events.filter(({ event }) => event === "call.end");
      const transcript = `${prefixOf(call.call_id)}transcript.json`;
      const objects = keys.filter((key) => key.startsWith(prefixOf(call.call_id)));
      if (end?.acknowledged) {
        expect(objects, about).toEqual([transcript]);
        expect(row?.transcript_key, about).toBe(transcript);
      }
      // An answer of 503 promises nothing: D1 may have the event, or R2 the body, and not the other.
      else expect(objects.filter((key) => key !== transcript)).toEqual([]);
      for (const key of objects) expect(await (await ledger.ARCHIVE.get(key))?.text(), about).toBe(end?.body);

      const analytics = events.filter(({ event, key }) => event === "analytics.completed" && state.events.has(key));
      const deliveries = state.deliveries.filter(({ call_id }) => call_id === call.call_id);
      expect(
        deliveries.map(({ event, event_id, destination, state }) => ({ event, event_id, destination, state })),
        about,
      ).toEqual(
        analytics.map(({ event, event_id }) => ({ event, event_id, destination: "webhook", state: "delivered" })),
      );
      const received = new Set(downstream.deliveriesOf(call.call_id).map(({ id }) => id));
      expect([...received], about).toEqual(analytics.map(({ event, event_id }) => `${event_id}:${event}`));
    },
    { concurrency: 8 },
  );
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

test("whatever fails while an event is ingested, every event that was acknowledged is recovered, once", {
  timeout: 90_000,
}, async () => {
  const ledger = first();
  const cases = everyCombination().flatMap((faults) =>
    formatNames.map((format) => ({ faults, call: makeCall(format) })),
  );
  const sent = await pMap(cases, ({ faults, call }) => sendCall(ledger.url, call, faults, true), {
    concurrency: CONCURRENCY,
  });
  const began = performance.now();
  await recoverAll(ledger, sent);
  const seconds = (performance.now() - began) / 1000;
  await verify(ledger, sent, "faults of single requests");
  figures(`${cases.length / 2} combinations of faults, each of its requests alone`, sent, seconds);
});

test("whatever is down as a whole, requests, messages and cron, it is all recovered, once", {
  timeout: 90_000,
}, async () => {
  const free = [...ledgers];
  let slowestRecovery = 0;
  const sent = await pMap(
    everyCombination().filter(alike),
    async (faults) => {
      const ledger = free.pop() ?? expect.unreachable();
      await setFaults(ledger.url, faults);
      const calls = await Promise.all(
        formatNames.map((format) => sendCall(ledger.url, makeCall(format), faults, false)),
      );
      // Not awaited yet: on a store that hangs the cron hangs as well.
      const cron = runCron(ledger.url, new Date());
      await setFaults(ledger.url, {});
      await cron;
      const began = performance.now();
      await recoverAll(ledger, calls);
      slowestRecovery = Math.max(slowestRecovery, (performance.now() - began) / 1000);
      await verify(ledger, calls, JSON.stringify(faults));
      free.push(ledger);
      return calls;
    },
    { concurrency: LEDGERS_AT_ONCE },
  );
  figures(`${sent.length} combinations of stores that are down as a whole`, sent.flat(), slowestRecovery);
});
