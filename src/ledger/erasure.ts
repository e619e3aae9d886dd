import { forgetConversation, mergeForgotten } from "./conversations.ts";
import { phoneDigitsSql } from "./phones.ts";

/** How many rows went. */
export interface ErasedRows {
  calls: number;
  events: number;
  deliveries: number;
}

/** Below what `calls.event_ids` can name, however long the ids are. */
const MANY_EVENTS = 50;

/**
 * Deletes a call with its events, its deliveries and the words that were said, in one transaction. Safe to repeat.
 * @param knownEvents how many events of the call its row names
 */
export async function eraseCallRows(db: D1Database, callId: string, knownEvents: number): Promise<ErasedRows> {
  // With so many that its row may not name them all, the tables are read from end to end.
  const ofCall =
    knownEvents < MANY_EVENTS
      ? "event_id IN (SELECT value FROM calls, json_each(calls.event_ids) WHERE calls.call_id = ?1)"
      : "call_id = ?1";
  const results = await db.batch([
    db.prepare(`DELETE FROM sync_deliveries WHERE ${ofCall}`).bind(callId),
    db.prepare(`DELETE FROM events WHERE ${ofCall}`).bind(callId),
    await forgetConversation(db, callId),
    db.prepare("DELETE FROM calls WHERE call_id = ?1").bind(callId),
    mergeForgotten(db),
  ]);
  const [deliveries = 0, events = 0, , calls = 0] = results.map(({ meta }) => meta.changes);
  return { calls, events, deliveries };
}

/**
 * Ids of calls with a caller, however the number is written.
 * @param digits of the number
 * @param limit so many at the most
 */
export async function callIdsOfCaller(db: D1Database, digits: string, limit: number): Promise<string[]> {
  const { results } = await db
    .prepare(`SELECT call_id FROM calls WHERE ${phoneDigitsSql("caller_phone")} = ?1 LIMIT ?2`)
    .bind(digits, limit)
    .all<{ call_id: string }>();
  return results.map(({ call_id }) => call_id);
}

/** What the ledger knows of the callers of some calls. */
export interface KnownCallers {
  /** Calls with the caller that is asked about. */
  theirs: ReadonlySet<string>;
  /** Calls with another caller; of a call that is in neither, the ledger knows no caller. */
  others: ReadonlySet<string>;
}

/** Whose calls some calls are, however a number is written. */
export async function callersOf(db: D1Database, digits: string, callIds: readonly string[]): Promise<KnownCallers> {
  const { results } = await db
    .prepare(
      `SELECT calls.call_id, ${phoneDigitsSql("calls.caller_phone")} = ?1 AS theirs
       FROM json_each(?2) AS asked JOIN calls ON calls.call_id = asked.value WHERE calls.caller_phone IS NOT NULL`,
    )
    .bind(digits, JSON.stringify(callIds))
    .all<{ call_id: string; theirs: number }>();
  const those = (theirs: number) =>
    new Set(results.filter((row) => row.theirs === theirs).map(({ call_id }) => call_id));
  return { theirs: those(1), others: those(0) };
}
