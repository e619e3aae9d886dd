import { type Contribution, mergeCall } from "./calls.ts";
import { type Conversation, indexConversation } from "./conversations.ts";
import { insertDeliveries } from "./deliveries.ts";
import { type EventRow, insertEvent } from "./events.ts";

/** What D1 is to have of an event. */
export interface LedgerEntry {
  row: EventRow;
  contribution: Contribution;
  /** Absent when the event brings no words to be found. */
  conversation: Conversation | undefined;
}

/**
 * Writes an event, its part of the call's row, the words that were said and its planned deliveries: one transaction, one
 * round trip. An event that is in the ledger already changes nothing. Safe to repeat.
 * @param destinations the names of the destinations the event goes to; empty for none
 */
export async function recordEvent(
  db: D1Database,
  { row, contribution, conversation }: LedgerEntry,
  destinations: readonly string[],
  now: Date,
): Promise<"stored" | "duplicate"> {
  const statements = [mergeCall(db, row.event_id, contribution, row.received_at, now.toISOString())];
  if (conversation !== undefined) statements.push(...(await indexConversation(db, conversation, row.event_id)));
  if (destinations.length > 0) statements.push(insertDeliveries(db, row.event_id, row.call_id, destinations, now));
  // Last, since the others look whether it is there.
  statements.push(insertEvent(db, row));
  const results = await db.batch(statements);
  return results.at(-1)?.results.length === 1 ? "stored" : "duplicate";
}
