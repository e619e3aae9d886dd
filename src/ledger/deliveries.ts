import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import type { WrittenEvent } from "./patch.ts";
import { callRow, columnsSql, type DeliveryState, deliveryRow, parseRows, toolCallRow } from "./schema.ts";

/** The key of a delivery. */
export const deliveryId = deliveryRow.pick({ call_id: true, event: true, event_id: true, destination: true });
export type DeliveryId = z.infer<typeof deliveryId>;

/** The delivery that a message names. A message of an older generation is void. */
export const deliveryReference = deliveryId.extend({ generation: z.number().int().default(0) });
export type DeliveryReference = z.infer<typeof deliveryReference>;

/** A message of the sync queue: the envelope of one event, for one destination. It carries nothing of the conversation. */
export interface SyncMessage extends DeliveryId {
  /** When the event occurred, ISO 8601 UTC. */
  timestamp: string;
  agent_id: string;
  /** Absent in the first message of a delivery. */
  generation?: number;
}

/** How one attempt ended. */
export interface Attempt extends DeliveryReference {
  state: DeliveryState;
  /** Including this one. */
  attempts: number;
  /** null if it was delivered or skipped. */
  error: string | null;
  next_attempt_at: string | null;
  overdue_at: string | null;
}

/** Time after which an unseen message counts as lost: longer than a batch waits, and than a queue usually stalls. */
export const MESSAGE_PATIENCE_SECONDS = 120;

/** A moment so many seconds after another. */
export function secondsAfter(moment: Date, seconds: number): string {
  return new Date(moment.getTime() + seconds * 1000).toISOString();
}

/**
 * Returns when the relay sends the message of a delivery again, ISO 8601 UTC.
 * @param delaySeconds how long the queue holds the message back
 */
export function overdueAt(now: Date, delaySeconds = 0): string {
  return secondsAfter(now, delaySeconds + MESSAGE_PATIENCE_SECONDS);
}

/**
 * Inserts the deliveries of an event. No-op unless this run of ingest wrote the event. Run after its insertion, in one batch, so
 * that there is never an event without its deliveries.
 */
export function insertDeliveries(
  db: D1Database,
  { call_id, event, event_id, ledger_ingest_id }: WrittenEvent,
  destinations: readonly string[],
  now: Date,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO sync_deliveries
         (call_id, event, event_id, destination, state, occurred_at, attempts, next_attempt_at, updated_at, overdue_at)
       SELECT ?1, ?2, ?3, value, 'pending', occurred_at, 0, ?5, ?5, ?6 FROM events, json_each(?7)
       WHERE call_id = ?1 AND event = ?2 AND event_id = ?3 AND ledger_ingest_id = ?4
       ON CONFLICT DO NOTHING`,
    )
    .bind(call_id, event, event_id, ledger_ingest_id, now.toISOString(), overdueAt(now), JSON.stringify(destinations));
}

const plannedRow = z.object({
  ...deliveryRow.pick({ event: true, event_id: true, destination: true, state: true, attempts: true }).shape,
  generation: z.number(),
  occurred_at: z.string(),
  ...callRow.shape,
  tool_calls: z.string(),
});

const deliveredCall = callRow.extend({ tool_calls: z.array(toolCallRow) });

/** A delivery with its call and the tools it called, as the ledger has them now. */
export type PlannedDelivery = Omit<z.infer<typeof plannedRow>, keyof typeof deliveredCall.shape> &
  DeliveryId & { call: z.infer<typeof deliveredCall> };

/** SQL for the tool calls of a call, as a JSON array of {@link toolCallRow}. */
const toolCallsSql = `(
  SELECT json_group_array(json_object(${toolCallRow
    .keyof()
    .options.map((column) => `'${column}', ${column}`)
    .join(", ")}) ORDER BY number)
  FROM tool_calls WHERE tool_calls.call_id = calls.call_id)`;

/** SQL for the rows that a JSON array of deliveries names. */
const isNamed = `delivery.call_id = named.value ->> 'call_id' AND delivery.event = named.value ->> 'event'
  AND delivery.event_id = named.value ->> 'event_id' AND delivery.destination = named.value ->> 'destination'`;

/** Reads deliveries with their calls, in one query; leaves out those that the ledger does not have. */
export async function readDeliveries(db: D1Database, ids: readonly DeliveryId[]): Promise<PlannedDelivery[]> {
  const result = await askStore("D1", () =>
    db
      .prepare(
        `SELECT delivery.event, delivery.event_id, delivery.destination, delivery.state, delivery.attempts,
           delivery.ledger_generation AS generation, events.occurred_at, ${columnsSql(callRow)}, ${toolCallsSql} AS tool_calls
         FROM json_each(?1) AS named
         JOIN sync_deliveries AS delivery ON ${isNamed}
         JOIN events ON events.call_id = delivery.call_id AND events.event = delivery.event AND events.event_id = delivery.event_id
         JOIN calls ON calls.call_id = delivery.call_id`,
      )
      .bind(JSON.stringify(ids))
      .all(),
  );
  return parseRows(plannedRow, result).map(
    ({ event, event_id, destination, state, attempts, generation, occurred_at, tool_calls, ...row }) => ({
      ...{ call_id: row.call_id, event, event_id, destination, state, attempts, generation, occurred_at },
      call: { ...row, tool_calls: z.array(toolCallRow).parse(JSON.parse(tool_calls)) },
    }),
  );
}

/** Longer than for other writes: a delivery that arrived and is not recorded is made again. */
const SAVE_TIMEOUT_MS = 10_000;

/**
 * Records how a batch of attempts ended, in one statement. A delivery that arrived is `delivered`, whatever the generation of its
 * message; any other attempt counts only for a pending delivery of its own generation. Safe to repeat.
 */
export async function saveAttempts(db: D1Database, attempts: readonly Attempt[], now: Date): Promise<void> {
  const update = db
    .prepare(
      `UPDATE sync_deliveries AS delivery
       SET state = named.value ->> 'state', attempts = named.value ->> 'attempts', updated_at = ?2,
         last_error = coalesce(named.value ->> 'error', last_error),
         next_attempt_at = named.value ->> 'next_attempt_at', overdue_at = named.value ->> 'overdue_at'
       FROM json_each(?1) AS named
       WHERE ${isNamed} AND delivery.state <> 'delivered' AND (
         named.value ->> 'state' = 'delivered'
         OR (delivery.ledger_generation = named.value ->> 'generation' AND delivery.state = 'pending')
       )`,
    )
    .bind(JSON.stringify(attempts), now.toISOString());
  await askStore("D1", () => update.run(), { timeoutMs: SAVE_TIMEOUT_MS });
}

/** Marks deliveries as failed whose message ran out of retries. Safe to repeat. */
export async function failDeliveries(db: D1Database, dead: readonly DeliveryReference[], now: Date): Promise<void> {
  const update = db
    .prepare(
      `UPDATE sync_deliveries AS delivery
       SET state = 'failed', updated_at = ?2, next_attempt_at = NULL, overdue_at = NULL,
         last_error = 'out of retries: ' || coalesce(last_error, 'no attempt was recorded')
       FROM json_each(?1) AS named
       WHERE ${isNamed} AND delivery.ledger_generation = named.value ->> 'generation' AND delivery.state = 'pending'`,
    )
    .bind(JSON.stringify(dead), now.toISOString());
  await askStore("D1", () => update.run());
}
