import * as z from "zod";
import { sha256 } from "../events/received.ts";
import { askStore } from "../stores/ask.ts";
import { parseRows } from "./schema.ts";

/** How many rows were deleted. */
export interface ErasedRows {
  calls: number;
  events: number;
  deliveries: number;
  /** Calls whose words were in the index. */
  words: number;
}

/**
 * Adds the tombstones of calls: from now on the ledger refuses their events. Safe to repeat.
 * @param byAge whether they are erased for their age alone
 */
export async function buryCalls(db: D1Database, callIds: readonly string[], now: Date, byAge: boolean): Promise<void> {
  const tombstones = await Promise.all(
    callIds.map(async (call_id) => ({ call_id, call_sha256: await sha256(call_id) })),
  );
  const insert = db
    .prepare(
      `INSERT INTO ledger_erased_calls (call_sha256, call_id, erased_at, by_age)
       SELECT value ->> 'call_sha256', value ->> 'call_id', ?2, ?3 FROM json_each(?1) WHERE true
       ON CONFLICT DO UPDATE SET
         call_id = excluded.call_id, erased_at = excluded.erased_at, by_age = min(by_age, excluded.by_age)`,
    )
    .bind(JSON.stringify(tombstones), now.toISOString(), byAge ? 1 : 0);
  await askStore("D1", () => insert.run());
}

const rowCounts = z.object({ calls: z.number(), events: z.number(), deliveries: z.number(), words: z.number() });

/**
 * Deletes calls with their events, deliveries, numbers, tool calls and words, and what is left of calls that left D1, in one
 * transaction. Run after `buryCalls`. Safe to repeat.
 */
export async function deleteCallRows(db: D1Database, callIds: readonly string[]): Promise<ErasedRows> {
  const named = "(SELECT value FROM json_each(?1))";
  const [counted] = await askStore("D1", () =>
    db.batch(
      [
        `SELECT (SELECT count(*) FROM calls WHERE call_id IN ${named})
             + (SELECT count(*) FROM ledger_left_calls WHERE call_id IN ${named}) AS calls,
           (SELECT count(*) FROM events WHERE call_id IN ${named}) AS events,
           (SELECT count(*) FROM sync_deliveries WHERE call_id IN ${named}) AS deliveries,
           (SELECT count(*) FROM calls JOIN ledger_search_index ON ledger_search_index.rowid = calls.id
            WHERE call_id IN ${named}) AS words`,
        `DELETE FROM calls WHERE call_id IN ${named}`,
        `DELETE FROM ledger_left_calls WHERE call_id IN ${named}`,
      ].map((sql) => db.prepare(sql).bind(JSON.stringify(callIds))),
    ),
  );
  const [rows = { calls: 0, events: 0, deliveries: 0, words: 0 }] = parseRows(rowCounts, counted);
  return rows;
}

const callIdRow = z.object({ call_id: z.string() });

/**
 * Finds calls of which an event named a customer's number, in no order.
 * @param digits of the number
 * @param until ISO 8601 UTC: calls whose first event came in later are left out
 * @param limit of calls
 */
export async function callIdsOfNumber(db: D1Database, digits: string, until: string, limit: number): Promise<string[]> {
  const query = db
    .prepare(
      // What left D1 came in long before.
      `SELECT calls.call_id FROM ledger_caller_numbers JOIN calls USING (id)
       WHERE ledger_caller_numbers.digits = ?1 AND calls.ledger_first_received_at <= ?2
       UNION ALL SELECT call_id FROM ledger_left_numbers JOIN ledger_left_calls USING (id) WHERE digits = ?1 LIMIT ?3`,
    )
    .bind(digits, until, limit);
  return parseRows(callIdRow, await askStore("D1", () => query.all())).map(({ call_id }) => call_id);
}

/** Counts the calls of {@link callIdsOfNumber}. */
export async function countCallsOfNumber(db: D1Database, digits: string): Promise<number> {
  const query = db
    .prepare(
      `SELECT (SELECT count(*) FROM ledger_caller_numbers WHERE digits = ?1)
         + (SELECT count(*) FROM ledger_left_numbers WHERE digits = ?1) AS calls`,
    )
    .bind(digits);
  return z.object({ calls: z.number() }).parse(await askStore("D1", () => query.first())).calls;
}

/**
 * Finds calls that are older than a moment, those that left D1 first; of these the hour is known.
 * @param before ISO 8601 UTC
 * @param limit of calls
 */
export async function callIdsBefore(db: D1Database, before: string, limit: number): Promise<string[]> {
  const query = db
    .prepare(
      `SELECT call_id FROM ledger_left_calls WHERE (day, hour) < (substr(?1, 1, 10), CAST(substr(?1, 12, 2) AS INTEGER))
       UNION ALL SELECT call_id FROM (SELECT call_id FROM calls WHERE called_at < ?1 ORDER BY called_at LIMIT ?2) LIMIT ?2`,
    )
    .bind(before, limit);
  return parseRows(callIdRow, await askStore("D1", () => query.all())).map(({ call_id }) => call_id);
}

/** Drops the ids of calls that another platform began: a body of this platform is no event of theirs. */
export async function callIdsNotOfOtherPlatforms(
  db: D1Database,
  callIds: readonly string[],
  platform: string,
): Promise<string[]> {
  const query = db
    .prepare(
      "SELECT calls.call_id FROM json_each(?1) AS named JOIN calls ON calls.call_id = named.value WHERE calls.platform <> ?2",
    )
    .bind(JSON.stringify(callIds), platform);
  const others = new Set(parseRows(callIdRow, await askStore("D1", () => query.all())).map(({ call_id }) => call_id));
  return callIds.filter((id) => !others.has(id));
}

const buriedRow = z.object({ call_sha256: z.string() });

/** D1 takes 2,000,000 bytes a parameter; a digest has 67 in JSON. */
const DIGESTS_A_QUERY = 20_000;

/**
 * Returns which calls are erased, by the digests of their ids.
 * @param until milliseconds since 1970 by which D1 has to have answered
 */
export async function findBuried(
  db: D1Database,
  callSha256s: readonly string[],
  until?: number,
): Promise<ReadonlySet<string>> {
  const buried = new Set<string>();
  for (let from = 0; from < callSha256s.length; from += DIGESTS_A_QUERY) {
    const query = db
      .prepare("SELECT call_sha256 FROM json_each(?1) AS named JOIN ledger_erased_calls ON call_sha256 = named.value")
      .bind(JSON.stringify(callSha256s.slice(from, from + DIGESTS_A_QUERY)));
    const result = await askStore("D1", () => query.all(), until === undefined ? {} : { until });
    for (const { call_sha256 } of parseRows(buriedRow, result)) buried.add(call_sha256);
  }
  return buried;
}

/**
 * Lists the ids of calls that were erased before a moment and are not swept yet, longest ago first.
 * @param before ISO 8601 UTC
 */
export async function listUnswept(db: D1Database, before: string, limit: number): Promise<string[]> {
  const query = db
    .prepare(
      "SELECT call_id FROM ledger_erased_calls WHERE call_id IS NOT NULL AND erased_at < ?1 ORDER BY erased_at LIMIT ?2",
    )
    .bind(before, limit);
  return parseRows(callIdRow, await askStore("D1", () => query.all())).map(({ call_id }) => call_id);
}

/** Forgets the ids of swept calls; the tombstones stay, as digests. Safe to repeat. */
export async function forgetIds(db: D1Database, callIds: readonly string[], before: string): Promise<void> {
  const digests = JSON.stringify(await Promise.all(callIds.map(sha256)));
  const update = db
    .prepare(
      `UPDATE ledger_erased_calls SET call_id = NULL
       WHERE call_sha256 IN (SELECT value FROM json_each(?1)) AND erased_at < ?2`,
    )
    .bind(digests, before);
  await askStore("D1", () => update.run());
}

const TOMBSTONE_DAYS = 30;

/**
 * Deletes swept tombstones of calls that were too old, after 30 days: a platform that sends an event again does so within hours, and
 * nothing so old is fetched. Those of calls that a person had erased stay. Safe to repeat.
 */
export async function deleteOldTombstones(db: D1Database, now: Date): Promise<void> {
  const oldest = new Date(now.getTime() - TOMBSTONE_DAYS * 24 * 60 * 60 * 1000).toISOString();
  const remove = db
    .prepare("DELETE FROM ledger_erased_calls WHERE by_age = 1 AND erased_at < ?1 AND call_id IS NULL")
    .bind(oldest);
  await askStore("D1", () => remove.run());
}
