import pMap from "p-map";
import { expect } from "vitest";
import { type startDownstream, webhookId } from "../../support/downstream.ts";
import { listKeys, prefixOf } from "../../support/stores/objects.ts";
import { comparable, subsetOf } from "./healthy-rows.ts";
import type { LedgerState } from "./ledger-state.ts";
import type { SentCall } from "./send-call.ts";

/** A ledger with where its deliveries went. */
interface RecoveredLedger {
  read(): Promise<LedgerState>;
  ARCHIVE: R2Bucket;
  downstream: Awaited<ReturnType<typeof startDownstream>>;
}

/** Whether the ledger has every acknowledged event, and nothing is parked or pending. */
export function isRecovered({ events, deliveries, parked }: LedgerState, sent: readonly SentCall[]): boolean {
  const arrived = sent.every((call) =>
    call.events.every(
      ({ acknowledged, identities }) => !acknowledged || identities.every(({ key }) => events.has(key)),
    ),
  );
  return arrived && parked === 0 && deliveries.every(({ state }) => state !== "pending");
}

/**
 * Holds that rows, objects and deliveries of the calls are as if nothing had failed, and that there is nothing besides.
 * @param healthy the rows of a ledger whose stores never failed, by `subsetOf`
 */
export async function verifyRecovered(
  { read, ARCHIVE, downstream }: RecoveredLedger,
  sent: readonly SentCall[],
  healthy: ReadonlyMap<string, unknown>,
  about: string,
): Promise<void> {
  const state = await read();
  const keys = await listKeys(ARCHIVE, "");
  expect(
    keys.filter((key) => !key.startsWith("calls/")),
    about,
  ).toEqual([]);
  await pMap(
    sent,
    async ({ call, events }) => {
      for (const { identities, acknowledged } of events) {
        // All of a body, or nothing of it.
        const isStored = identities.map(({ key }) => state.events.has(key));
        expect(new Set(isStored).size, `${call.call_id} is stored whole, ${about}`).toBe(1);
        if (acknowledged) expect(isStored, `${call.call_id} is stored, ${about}`).not.toContain(false);
      }
      const row = state.calls.get(call.call_id);
      expect(comparable(row, call.format), about).toEqual(healthy.get(subsetOf(call, state.events)));

      const [end] = events.filter(({ identities }) => identities.some(({ event }) => event === "call.end"));
      const transcript = `${prefixOf(call.call_id)}transcript.json`;
      const objects = keys.filter((key) => key.startsWith(prefixOf(call.call_id)));
      if (end?.acknowledged) {
        expect(objects, about).toEqual([transcript]);
        expect(row?.transcript_key, about).toBe(transcript);
      }
      // An answer of 503 promises nothing: D1 may have the event, or R2 the body, and not the other.
      else expect(objects.filter((key) => key !== transcript)).toEqual([]);
      for (const key of objects) expect(await (await ARCHIVE.get(key))?.text(), about).toBe(end?.body);

      const analytics = events
        .flatMap(({ identities }) => identities)
        .filter(({ event, key }) => event === "analytics.completed" && state.events.has(key));
      const deliveries = state.deliveries.filter(({ call_id }) => call_id === call.call_id);
      expect(
        deliveries.map(({ event, event_id, destination, state }) => ({ event, event_id, destination, state })),
        about,
      ).toEqual(
        analytics.map(({ event, event_id }) => ({ event, event_id, destination: "webhook", state: "delivered" })),
      );
      const received = new Set(downstream.deliveriesOf(call.call_id).map(({ id }) => id));
      expect([...received], about).toEqual(
        analytics.map(({ event, event_id }) => webhookId(call.call_id, event, event_id)),
      );
    },
    { concurrency: 8 },
  );
}
