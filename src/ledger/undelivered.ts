import * as z from "zod";
import type { EventName } from "../events/event.ts";
import { askStore, askStoreOnce } from "../stores/ask.ts";
import { deliveryReference, MESSAGE_PATIENCE_SECONDS } from "./deliveries.ts";
import { type Condition, MAX_LOOKED_AT, type Page, type PageAt, readPage } from "./page.ts";
import { callRow, type DeliveryState, deliveryRow, type LedgerReader, parseRows } from "./schema.ts";

export const claimedRow = deliveryReference.extend({ agent_id: z.string(), occurred_at: z.string() });

/** A delivery whose message is sent again. */
export type ClaimedDelivery = z.infer<typeof claimedRow>;

/** SQL for what a statement returns of the deliveries whose messages are sent: {@link claimedRow}. */
export const claimedSql = `call_id, event, event_id, destination, ledger_generation AS generation, occurred_at,
  (SELECT agent_id FROM events WHERE (events.call_id, events.event, events.event_id)
    = (sync_deliveries.call_id, sync_deliveries.event, sync_deliveries.event_id)) AS agent_id`;

/** The condition of the index of what is pending or failed: SQLite uses it for queries that have just these words. */
export const undeliveredSql = "state IN ('pending', 'failed')";

/** Which deliveries a request means. */
export const deliveryFilter = {
  call_id: z.string().min(1).optional(),
  event_id: z.string().min(1).optional(),
  destination: z.string().min(1).optional(),
};

/** Which failed deliveries are sent again. The error stands in no address: an answer may repeat what a caller said. */
export const retryFilter = {
  ...deliveryFilter,
  last_error: z.string().min(1).optional().describe("only those that failed with just this error"),
};

/** Which deliveries a listing shows; all of them when no member is given. */
export interface DeliveryFilter extends z.infer<z.ZodObject<typeof retryFilter>> {
  event?: EventName | undefined;
  /** ISO 8601 UTC with milliseconds; an event at this moment is in. */
  from?: string | undefined;
  /** ISO 8601 UTC with milliseconds; an event at this moment is out. */
  to?: string | undefined;
  /** Names: only deliveries to one of these. */
  destinations?: readonly string[] | undefined;
}

/** Two minutes, doubled nine times: 17 hours. */
const MAX_DOUBLINGS = 9;

/**
 * Claims pending deliveries whose message counts as lost, oldest first. They count as sent again, so no other run claims them.
 * @param limit of deliveries
 */
export function claimOverdue(db: D1Database, limit: number, now: Date): Promise<ClaimedDelivery[]> {
  const overdue = { sql: "overdue_at < ?", values: [now.toISOString()] };
  return claim(db, [overdue, ...equals({ state: "pending" })], "overdue_at", limit, now);
}

/**
 * Takes failed deliveries, to be sent again, oldest first: they are pending from now on. Their attempts go on counting.
 * @param limit of deliveries
 */
export function claimFailed(
  db: D1Database,
  filter: DeliveryFilter,
  limit: number,
  now: Date,
): Promise<ClaimedDelivery[]> {
  return claim(db, failedConditions(filter), "occurred_at", limit, now);
}

async function claim(
  db: D1Database,
  conditions: readonly Condition[],
  order: "overdue_at" | "occurred_at",
  limit: number,
  now: Date,
): Promise<ClaimedDelivery[]> {
  const { sql, values } = allOf(conditions);
  const at = now.toISOString();
  const update = db
    .prepare(
      // The patience doubles with each generation, so that a queue that is only slow is not filled with messages that outrun each other.
      `UPDATE sync_deliveries SET state = 'pending', ledger_generation = ledger_generation + 1, updated_at = ?, next_attempt_at = ?,
         overdue_at = strftime('%Y-%m-%dT%H:%M:%fZ', ?, (? << min(ledger_generation + 1, ${MAX_DOUBLINGS})) || ' seconds')
       WHERE rowid IN (SELECT rowid FROM sync_deliveries WHERE ${sql} ORDER BY ${order} LIMIT ?)
       RETURNING ${claimedSql}`,
    )
    .bind(at, at, at, MESSAGE_PATIENCE_SECONDS, ...values, limit);
  // Once: a repetition would find its own first try and claim nothing. Claims whose answer is lost are overdue after a while.
  return parseRows(claimedRow, await askStoreOnce("D1", () => update.all()));
}

/** A page of deliveries. */
export interface DeliveryQuery extends DeliveryFilter, PageAt {
  state?: DeliveryState | undefined;
}

/** A delivery with what it is about. */
export const listedDelivery = deliveryRow.extend({
  caller_phone: callRow.shape.caller_phone,
  agent_id: callRow.shape.agent_id,
});
export type ListedDelivery = z.infer<typeof listedDelivery>;

const ofCall = (column: string) => `(SELECT ${column} FROM calls WHERE calls.call_id = sync_deliveries.call_id)`;

/**
 * A page of deliveries, the newest event first. Walks the index of times, of what is pending or failed, or the deliveries of one call;
 * looks at no more rows than a page may.
 */
export function listDeliveries(
  db: LedgerReader,
  { limit, after, state, ...filter }: DeliveryQuery,
): Promise<Page<ListedDelivery>> {
  const listing = {
    row: listedDelivery,
    elsewhere: { caller_phone: ofCall("caller_phone"), agent_id: ofCall("agent_id") },
    table: "sync_deliveries" as const,
    walk: { table: "sync_deliveries", key: "sync_deliveries.occurred_at", id: "sync_deliveries.rowid" },
    ...conditionsOf(filter, state),
  };
  return readPage(db, listing, { limit, after });
}

/** Why deliveries to one destination failed, and how many. */
export const failureGroup = z.object({
  destination: z.string(),
  last_error: deliveryRow.shape.last_error,
  count: z.number(),
  newest: z.string().describe("when the newest of the events occurred; ISO 8601 UTC with milliseconds"),
});
export type FailureGroup = z.infer<typeof failureGroup>;

/** An answer may be another every time. */
const MAX_GROUPS = 50;

/** How many deliveries failed, and why. */
export interface Failures {
  count: number;
  /** Whether there may be more failures than were looked at, which are the newest. */
  more: boolean;
  /** The largest first. */
  groups: FailureGroup[];
}

const countRow = z.object({ looked_at: z.number(), count: z.number() });

/** Counts failed deliveries by destination and error, among the newest {@link MAX_LOOKED_AT}. */
export async function countFailures(db: LedgerReader, filter: DeliveryFilter): Promise<Failures> {
  const { range, filter: looked } = conditionsOf(filter, "failed");
  const among = allOf(range);
  const matching = allOf(looked);
  const failed = `WITH failed AS (
    SELECT * FROM sync_deliveries WHERE ${among.sql} ORDER BY occurred_at DESC LIMIT ${MAX_LOOKED_AT}
  )`;
  const [counted, groups] = await askStore("D1", () =>
    db.batch([
      db
        .prepare(`${failed} SELECT count(*) AS looked_at, coalesce(sum(${matching.sql}), 0) AS count FROM failed`)
        .bind(...among.values, ...matching.values),
      db
        .prepare(
          `${failed} SELECT destination, last_error, count(*) AS count, max(occurred_at) AS newest FROM failed WHERE ${matching.sql}
           GROUP BY destination, last_error ORDER BY count(*) DESC, newest DESC LIMIT ${MAX_GROUPS}`,
        )
        .bind(...among.values, ...matching.values),
    ]),
  );
  const [{ looked_at, count } = { looked_at: 0, count: 0 }] = parseRows(countRow, counted);
  return { count, more: looked_at === MAX_LOOKED_AT, groups: parseRows(failureGroup, groups) };
}

/** Conditions for the walk of a listing, and those for which its rows are looked at one by one. */
function conditionsOf(
  { call_id, from, to, destinations, ...others }: DeliveryFilter,
  state: DeliveryState | undefined,
) {
  const isIndexed = call_id === undefined && (state === "pending" || state === "failed");
  const range = [
    ...equals({ call_id }),
    ...(isIndexed ? [{ sql: undeliveredSql, values: [] }, ...equals({ state })] : []),
    ...compare("occurred_at >=", from),
    ...compare("occurred_at <", to),
  ];
  const among = destinations && {
    sql: "destination IN (SELECT value FROM json_each(?))",
    values: [JSON.stringify(destinations)],
  };
  return { range, filter: [...equals(others), ...(among ? [among] : []), ...(isIndexed ? [] : equals({ state }))] };
}

function failedConditions(filter: DeliveryFilter): Condition[] {
  const conditions = conditionsOf(filter, "failed");
  return [...conditions.range, ...conditions.filter];
}

function equals(columns: { [column: string]: string | undefined }): Condition[] {
  return Object.entries(columns).flatMap(([column, value]) => compare(`${column} =`, value));
}

function compare(sql: string, value: string | undefined): Condition[] {
  return value === undefined ? [] : [{ sql: `${sql} ?`, values: [value] }];
}

function allOf(conditions: readonly Condition[]): Condition {
  if (conditions.length === 0) return { sql: "true", values: [] };
  return { sql: conditions.map(({ sql }) => sql).join(" AND "), values: conditions.flatMap(({ values }) => values) };
}
