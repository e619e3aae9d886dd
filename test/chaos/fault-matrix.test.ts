import pMap from "p-map";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SYNC_SECRET, startDownstream } from "../support/downstream.ts";
import { bootOnNetwork } from "../support/network-ledger.ts";
import { type FaultKind, type Faults, faultKinds } from "./faults.ts";
import { comparable, healthyRows, subsetOf } from "./healthy-rows.ts";
import { type LedgerState, watchLedger } from "./ledger-state.ts";
import { relayUntil, runCron, setFaults } from "./relay.ts";
import { type SentCall, sendCall } from "./send-call.ts";
import { tellCall } from "./told-call.ts";

const RECOVERY = { timeoutMilliseconds: 40_000 };
/** Calls under way at once, three events each: most of them wait for a store that hangs. */
const CONCURRENCY = 60;
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

/** Every way in which one store or several may fail at once. */
function everyCombination(): Faults[] {
  const kinds: (FaultKind | undefined)[] = [undefined, ...faultKinds];
  const combinations: Faults[] = kinds.flatMap((D1) =>
    kinds.flatMap((R2) => kinds.map((queue) => ({ D1, R2, queue }))),
  );
  return combinations.filter((faults) => Object.values(faults).some((fault) => fault !== undefined));
}

/** Those in which all that fails, fails alike. */
function alike({ D1, R2, queue }: Faults): boolean {
  return new Set([D1, R2, queue].filter((fault) => fault !== undefined)).size === 1;
}

/** Whether nothing waits any more: what was acknowledged is in the ledger, and nothing is parked or pending. */
function isSettled({ events, deliveries, parked }: LedgerState, sent: readonly SentCall[]): boolean {
  const arrived = sent.every((call) => call.events.every((event) => !event.acknowledged || events.has(event.event_id)));
  return arrived && parked.D1 + parked.R2 === 0 && deliveries.every(({ state }) => state !== "pending");
}

async function recoverAll(ledger: Awaited<ReturnType<typeof bootFaulty>>, sent: readonly SentCall[]) {
  await relayUntil(ledger.url, async () => isSettled(await ledger.read(), sent), RECOVERY);
}

/** Everything that was acknowledged is where it belongs, as if nothing had failed. */
async function verify(ledger: Awaited<ReturnType<typeof bootFaulty>>, sent: readonly SentCall[], about: string) {
  const state = await ledger.read();
  const eventIds = new Set(state.events.keys());
  await pMap(
    sent,
    async ({ call, events }) => {
      for (const { event_id, acknowledged, name } of events) {
        if (acknowledged) expect(eventIds, `${name} of ${call.call_id}, ${about}`).toContain(event_id);
      }
      const row = state.calls.get(call.call_id);
      expect(comparable(row, call.format), about).toEqual(healthy.get(subsetOf(call, eventIds)));

      // A body that was answered 503 may have reached D1 and not R2, and was said not to be kept.
      const [end] = events.filter(({ name, acknowledged }) => name === "end" && acknowledged);
      if (end) expect(await (await ledger.ARCHIVE.get(row?.transcript_key ?? ""))?.text(), about).toBe(end.body);

      const [analytics] = events.filter(({ name, event_id }) => name === "analytics" && eventIds.has(event_id));
      const deliveries = state.deliveries.filter(({ call_id }) => call_id === call.call_id);
      expect(
        deliveries.map(({ event_id, state }) => ({ event_id, state })),
        about,
      ).toEqual(analytics ? [{ event_id: analytics.event_id, state: "delivered" }] : []);
      if (analytics) expect(downstream.deliveriesOf(call.call_id).length, about).toBeGreaterThan(0);
    },
    { concurrency: 8 },
  );
}

function figures(what: string, sent: readonly SentCall[], recoverySeconds: number): void {
  const events = sent.flatMap((call) => call.events);
  const acknowledged = events.filter((event) => event.acknowledged);
  const slowest = Math.max(...sent.map(({ slowestMilliseconds }) => slowestMilliseconds)) / 1000;
  console.log(
    `${what}: ${events.length} events sent, ${acknowledged.length} acknowledged, ` +
      `${acknowledged.filter(({ parked }) => parked).length} of them parked, all found again; 0 lost, 0 duplicated; ` +
      `slowest answer ${slowest.toFixed(1)} s, slowest recovery ${recoverySeconds.toFixed(1)} s`,
  );
}

test("whatever fails while an event is taken in, what was acknowledged is found again", {
  timeout: 90_000,
}, async () => {
  const ledger = first();
  const cases = everyCombination().flatMap((faults) =>
    (["documented", "atoms"] as const).map((format) => ({ faults, call: tellCall(format) })),
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

test("whatever is down as a whole, requests, messages and cron, it all comes back", { timeout: 90_000 }, async () => {
  const free = [...ledgers];
  let slowestRecovery = 0;
  const sent = await pMap(
    everyCombination().filter(alike),
    async (faults) => {
      const ledger = free.pop() ?? expect.unreachable();
      await setFaults(ledger.url, faults);
      const calls = await Promise.all(
        (["documented", "atoms"] as const).map((format) => sendCall(ledger.url, tellCall(format), faults, false)),
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
