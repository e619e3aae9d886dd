import * as z from "zod";
import { eventName } from "../events/event.ts";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import { overdueAt } from "./deliveries.ts";
import { type JobRow, openSql } from "./jobs.ts";
import { type LedgerReader, parseRows } from "./schema.ts";
import { type ClaimedDelivery, claimedRow, claimedSql } from "./undelivered.ts";

/** Which events are sent again, and where. JSON in `ledger_jobs.subject`. */
export const eventRange = z.object({
  from: z.string().describe("ISO 8601 UTC, of events.occurred_at"),
  to: z.string().describe("ISO 8601 UTC; an event at this moment is out"),
  until: z.string().describe("ISO 8601 UTC, of events.received_at: later ones have deliveries of their own"),
  targets: z.array(z.object({ event: eventName, destination: z.string() })),
});
export type EventRange = z.infer<typeof eventRange>;

const listedEvent = z.object({ occurred_at: z.string(), event: z.string(), id: z.number().describe("the row id") });

/** The last event that a job took, in the order of their index. JSON in `ledger_jobs.position`. */
export const lastEvent = listedEvent;
export type LastEvent = z.infer<typeof lastEvent>;

/** The position before the first event of a range. */
export function beginningOf({ from }: Pick<EventRange, "from">): LastEvent {
  return { occurred_at: from, event: "", id: 0 };
}

/** Counts the deliveries of a range, those that are on their way included. */
export async function countRange(
  db: LedgerReader,
  { from, to, targets }: Pick<EventRange, "from" | "to" | "targets">,
): Promise<number> {
  const query = db
    .prepare(
      `SELECT count(*) AS deliveries FROM events CROSS JOIN json_each(?3) AS target ON target.value ->> 'event' = events.event
       WHERE occurred_at >= ?1 AND occurred_at < ?2`,
    )
    .bind(from, to, JSON.stringify(targets));
  const row = await askStore("D1", () => query.first(), { timeoutMs: LONG_QUERY_TIMEOUT_MS });
  return z.object({ deliveries: z.number() }).parse(row).deliveries;
}

/** Lists the events of a range behind a position, in the order of their index. */
export async function listRange(
  db: D1Database,
  { to, until, targets }: EventRange,
  after: LastEvent,
  limit: number,
): Promise<LastEvent[]> {
  const query = db
    .prepare(
      `SELECT occurred_at, event, rowid AS id FROM events
       WHERE (occurred_at, event, rowid) > (?1, ?2, ?3) AND occurred_at < ?4 AND received_at <= ?5
         AND event IN (SELECT value ->> 'event' FROM json_each(?6))
       ORDER BY occurred_at, event, rowid LIMIT ?7`,
    )
    .bind(after.occurred_at, after.event, after.id, to, until, JSON.stringify(targets), limit);
  return parseRows(listedEvent, await askStore("D1", () => query.all(), { timeoutMs: LONG_QUERY_TIMEOUT_MS }));
}

/** Events that a job sends next. */
export interface RangePage {
  events: readonly LastEvent[];
  targets: EventRange["targets"];
  isLast: boolean;
  /** When the cron goes on with the job, unless it makes progress. */
  dueAt: Date;
}

/**
 * Makes the deliveries of a page pending, to be sent: new ones, and those that have ended, with a higher generation. Leaves alone what
 * is on its way, and events that were erased meanwhile. Moves the job on in the same transaction, so a repetition takes nothing: what
 * was taken and not sent is overdue after a while. Takes nothing for a job that was stopped, or that another run has moved on.
 */
export async function takePage(
  db: D1Database,
  { id, position }: Pick<JobRow, "id" | "position">,
  { events, targets, isLast, dueAt }: RangePage,
  now: Date,
): Promise<ClaimedDelivery[]> {
  const isHere = `id = ?1 AND position IS ?2 AND ${openSql}`;
  const at = now.toISOString();
  const last = events.at(-1);
  const deliveries = events.flatMap(({ event }) => targets.filter((target) => target.event === event)).length;
  const take = db
    .prepare(
      `INSERT INTO sync_deliveries
         (call_id, event, event_id, destination, state, occurred_at, attempts, next_attempt_at, updated_at, overdue_at)
       SELECT call_id, event, event_id, target.value ->> 'destination', 'pending', occurred_at, 0, ?5, ?5, ?6
       FROM json_each(?3) AS named CROSS JOIN events ON events.rowid = named.value
         CROSS JOIN json_each(?4) AS target ON target.value ->> 'event' = events.event
       WHERE EXISTS (SELECT 1 FROM ledger_jobs WHERE ${isHere})
       ON CONFLICT DO UPDATE SET state = 'pending', ledger_generation = ledger_generation + 1,
         next_attempt_at = excluded.next_attempt_at, updated_at = excluded.updated_at, overdue_at = excluded.overdue_at
       WHERE state <> 'pending'
       RETURNING ${claimedSql}`,
    )
    .bind(
      ...[id, position, JSON.stringify(events.map((event) => event.id)), JSON.stringify(targets), at, overdueAt(now)],
    );
  const moveOn = db
    .prepare(
      // changes(): how many deliveries the statement before took.
      `UPDATE ledger_jobs SET status = ?3, position = ?4, due_at = ?5, updated_at = ?6,
         output = json_set(output, '$.sent', output ->> 'sent' + changes(), '$.left_alone', output ->> 'left_alone' + ?7 - changes())
       WHERE ${isHere}`,
    )
    .bind(
      ...[id, position, isLast ? "complete" : "running", last === undefined ? position : JSON.stringify(last)],
      ...[isLast ? null : dueAt.toISOString(), at, deliveries],
    );
  const [taken] = await askStore("D1", () => db.batch([take, moveOn]));
  return parseRows(claimedRow, taken);
}
