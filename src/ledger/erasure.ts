import * as z from "zod";
import { sha256 } from "../events/received.ts";
import { askStore } from "../stores/ask.ts";
import { writeFromReserve } from "./reserve.ts";
import { parseRows } from "./schema.ts";

/** How many rows went. */
export interface ErasedRows {
  calls: number;
  events: number;
  deliveries: number;
}

/**
 * Keeps events of a call out of the ledger from now on, from wherever they come, and remembers its row of the index for
 * `eraseWords`. Safe to repeat.
 */
export async function buryCall(db: D1Database, callId: string, now: Date): Promise<void> {
  const insert = db
    .prepare(
      `INSERT INTO ledger_erased_calls (call_sha256, erased_at, words_id) VALUES (?1, ?2, (SELECT id FROM calls WHERE call_id = ?3))
       ON CONFLICT DO UPDATE SET erased_at = ?2, words_id = coalesce(excluded.words_id, words_id)`,
    )
    .bind(await sha256(callId), now.toISOString(), callId);
  await writeFromReserve(db, [insert]);
}

/**
 * Deletes a call with its events, deliveries, numbers and words, in one transaction. Run after `buryCall`. Safe to repeat.
 */
export async function deleteCallRows(db: D1Database, callId: string): Promise<ErasedRows> {
  const results = await writeFromReserve(
    db,
    [
      "DELETE FROM sync_deliveries WHERE call_id = ?1",
      "DELETE FROM events WHERE call_id = ?1",
      "DELETE FROM calls WHERE call_id = ?1 RETURNING id",
    ].map((sql) => db.prepare(sql).bind(callId)),
  );
  const [deliveries = 0, events = 0] = results.map(({ meta }) => meta.changes);
  // The changes of a call's deletion include those of its triggers.
  return { calls: results.at(-1)?.results.length ?? 0, events, deliveries };
}

const callIdRow = z.object({ call_id: z.string() });

/**
 * Ids of calls of which an event named a customer's number.
 * @param digits of the number
 * @param limit of calls
 */
export async function callIdsOfNumber(db: D1Database, digits: string, limit: number): Promise<string[]> {
  const result = await askStore("D1", () =>
    db
      .prepare("SELECT call_id FROM ledger_caller_numbers JOIN calls USING (id) WHERE digits = ?1 LIMIT ?2")
      .bind(digits, limit)
      .all(),
  );
  return parseRows(callIdRow, result).map(({ call_id }) => call_id);
}

const keptRow = z.object({ call_id: z.string(), is_of_number: z.number() });

/** What the ledger knows of some calls: the customer's numbers they have. */
export async function callsByNumber(
  db: D1Database,
  digits: string,
  callIds: readonly string[],
): Promise<{ ofNumber: ReadonlySet<string>; ofOthers: ReadonlySet<string> }> {
  const result = await askStore("D1", () =>
    db
      .prepare(
        `SELECT calls.call_id, EXISTS (
           SELECT 1 FROM ledger_caller_numbers WHERE digits = ?1 AND ledger_caller_numbers.id = calls.id
         ) AS is_of_number
         FROM json_each(?2) AS named JOIN calls ON calls.call_id = named.value WHERE calls.caller_phone IS NOT NULL`,
      )
      .bind(digits, JSON.stringify(callIds))
      .all(),
  );
  const rows = parseRows(keptRow, result);
  const idsWhere = (isOfNumber: number) =>
    new Set(rows.filter((row) => row.is_of_number === isOfNumber).map(({ call_id }) => call_id));
  return { ofNumber: idsWhere(1), ofOthers: idsWhere(0) };
}

const buriedRow = z.object({ call_sha256: z.string() });

/** Which of some calls are erased, by the digests of their ids. */
export async function findBuried(db: D1Database, callSha256s: readonly string[]): Promise<ReadonlySet<string>> {
  const result = await askStore("D1", () =>
    db
      .prepare("SELECT call_sha256 FROM json_each(?1) AS named JOIN ledger_erased_calls ON call_sha256 = named.value")
      .bind(JSON.stringify(callSha256s))
      .all(),
  );
  return new Set(parseRows(buriedRow, result).map(({ call_sha256 }) => call_sha256));
}

const TOMBSTONE_DAYS = 30;

/**
 * Deletes tombstones whose time is over: a platform that sends an event again does so within hours. Those whose words are still
 * in the index stay. Safe to repeat.
 */
export async function deleteOldTombstones(db: D1Database, now: Date): Promise<void> {
  const oldest = new Date(now.getTime() - TOMBSTONE_DAYS * 24 * 60 * 60 * 1000).toISOString();
  await askStore("D1", () =>
    db.prepare("DELETE FROM ledger_erased_calls WHERE erased_at < ?1 AND words_id IS NULL").bind(oldest).run(),
  );
}
