import type { CallRow } from "../../src/ledger/calls.ts";
import type { DeliveryRow } from "../../src/ledger/deliveries.ts";
import type { EventRow } from "../../src/ledger/events.ts";

/** What a ledger holds, read past the Worker from the stores themselves. */
export interface LedgerState {
  events: Map<string, EventRow>;
  calls: Map<string, CallRow>;
  deliveries: DeliveryRow[];
  /** Bodies that wait, in D1 and in R2. */
  parked: { D1: number; R2: number };
}

/**
 * Reads all that a ledger holds, as often as it is asked. The statements are prepared here, once: miniflare's prepare
 * blocks this process until the runtime answers, and a runtime that has much to log waits for this process to read it.
 */
export function watchLedger(db: D1Database, bucket: R2Bucket): () => Promise<LedgerState> {
  const events = db.prepare("SELECT * FROM events");
  const calls = db.prepare("SELECT * FROM calls");
  const deliveries = db.prepare("SELECT * FROM sync_deliveries");
  const parked = db.prepare("SELECT count(*) AS bodies FROM parked_bodies WHERE part = 0");
  return async () => {
    const eventRows = (await events.all<EventRow>()).results;
    const callRows = (await calls.all<CallRow>()).results;
    return {
      events: new Map(eventRows.map((row) => [row.event_id, row])),
      calls: new Map(callRows.map((row) => [row.call_id, row])),
      deliveries: (await deliveries.all<DeliveryRow>()).results,
      parked: {
        D1: (await parked.all<{ bodies: number }>()).results[0]?.bodies ?? 0,
        R2: (await listKeys(bucket, "parked/")).length,
      },
    };
  };
}

/** All the keys that begin so. */
export async function listKeys(bucket: R2Bucket, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page: R2Objects = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
    keys.push(...page.objects.map(({ key }) => key));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return keys;
}
