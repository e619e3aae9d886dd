import * as z from "zod";
import {
  callRow,
  type DeliveryRow,
  deliveryRow,
  type EventRow,
  eventRow,
  parseRows,
} from "../../../src/ledger/schema.ts";
import { listKeys } from "../../support/stores/objects.ts";

/** A row of `calls`, with those columns for the ledger's own use that events set. */
const storedCall = callRow.extend({ ledger_first_received_at: z.string() });
export type StoredCall = z.infer<typeof storedCall>;

/** The rows of a ledger, read past the Worker from the stores themselves. */
export interface LedgerState {
  /** By {@link eventKey}. */
  events: Map<string, EventRow>;
  /** By call id. */
  calls: Map<string, StoredCall>;
  deliveries: DeliveryRow[];
  /** How many bodies are parked in R2. */
  parked: number;
}

/** The identity of an event, as one text. */
export function eventKey({ call_id, event, event_id }: Pick<EventRow, "call_id" | "event" | "event_id">): string {
  return JSON.stringify([call_id, event, event_id]);
}

/**
 * Returns a reader of a ledger's rows. It prepares its statements here, once: miniflare's prepare blocks this process until the
 * runtime answers, and a runtime that has much to log waits for this process to read it.
 */
export function watchLedger(db: D1Database, bucket: R2Bucket): () => Promise<LedgerState> {
  const events = db.prepare("SELECT * FROM events");
  const calls = db.prepare("SELECT * FROM calls");
  const deliveries = db.prepare("SELECT * FROM sync_deliveries");
  return async () => {
    const eventRows = parseRows(eventRow, await events.all());
    const callRows = parseRows(storedCall, await calls.all());
    return {
      events: new Map(eventRows.map((row) => [eventKey(row), row])),
      calls: new Map(callRows.map((row) => [row.call_id, row])),
      deliveries: parseRows(deliveryRow, await deliveries.all()),
      parked: (await listKeys(bucket, "parked/")).length,
    };
  };
}
