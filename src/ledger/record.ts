import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import type { Deadline } from "../stores/deadline.ts";
import { insertDeliveries } from "./deliveries.ts";
import { type CallPatch, mergeCall, type WrittenEvent } from "./patch.ts";
import { eventRow, parseRows } from "./schema.ts";
import { indexTranscript, type SearchText } from "./search-index.ts";

/** A row of `events`, with the columns for the ledger's own use. */
const writtenRow = eventRow.extend({
  sha256: z.string().describe("of the body, hex"),
  ingest_id: z.string(),
  /** JSON array of digits. */
  caller_digits: z.string().nullable(),
});

/** What D1 is to have of one event. */
export interface LedgerEntry {
  row: z.infer<typeof writtenRow>;
  patch: CallPatch;
  /** Absent when the event brings no words, or words are not searched. */
  searchText: SearchText | undefined;
  /** The names of the destinations the event goes to; empty for none. */
  destinations: readonly string[];
}

/** What D1 is to have of one body: one event or several, of one call. */
export interface LedgerWrite {
  platform: string;
  /** SHA-256 of the call's id, hex: the tombstone of an erased call is found by it. */
  callSha256: string;
  entries: readonly [LedgerEntry, ...LedgerEntry[]];
}

/**
 * `stored`: an event of the body is new. `duplicate`: all are in the ledger already. `id-reused`: the ledger has the same event
 * with another body. `erased`: the call was erased.
 */
export type RecordResult = "stored" | "duplicate" | "id-reused" | "erased";

/**
 * Writes events with all that follows from them in one transaction and one round trip. Safe to repeat: a repetition that finds
 * the rows of its own first try is `stored`, and everything else changes nothing.
 */
export async function recordEvents(db: D1Database, write: LedgerWrite, deadline: Deadline): Promise<RecordResult> {
  const now = new Date();
  const { platform, callSha256, entries } = write;
  const batch = entries.flatMap(({ row, patch, searchText, destinations }) => {
    const written: WrittenEvent = row;
    const statements = [
      // First, since the others look whether it is there.
      insertEvent(db, row, callSha256),
      mergeCall(db, written, platform, patch, row.received_at, now.toISOString()),
    ];
    if (searchText !== undefined) statements.push(indexTranscript(db, row.call_id, searchText, written));
    if (row.caller_digits !== null) statements.push(insertNumbers(db, written, row.caller_digits));
    if (destinations.length > 0) statements.push(insertDeliveries(db, written, destinations, now));
    return statements;
  });
  const results = await askStore("D1", () => db.batch(batch), { deadline });
  // Of all statements only the insertion of an event returns a row.
  if (results.some(({ results }) => results.length > 0)) return "stored";
  return explain(db, write, deadline);
}

function insertEvent(db: D1Database, row: LedgerEntry["row"], callSha256: string): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO events (call_id, event, event_id, agent_id, occurred_at, received_at, format, payload, sha256, ingest_id, caller_digits)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11
       WHERE NOT EXISTS (SELECT 1 FROM erased_calls WHERE call_sha256 = ?12)
       ON CONFLICT DO NOTHING
       RETURNING 1`,
    )
    .bind(
      row.call_id,
      row.event,
      row.event_id,
      row.agent_id,
      row.occurred_at,
      row.received_at,
      row.format,
      row.payload,
      row.sha256,
      row.ingest_id,
      row.caller_digits,
      callSha256,
    );
}

function insertNumbers(
  db: D1Database,
  { call_id, event, event_id, ingest_id }: WrittenEvent,
  callerDigits: string,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO caller_numbers (digits, call_id) SELECT value, ?1 FROM json_each(?5)
       WHERE EXISTS (SELECT 1 FROM events WHERE call_id = ?1 AND event = ?2 AND event_id = ?3 AND ingest_id = ?4)
       ON CONFLICT DO NOTHING`,
    )
    .bind(call_id, event, event_id, ingest_id, callerDigits);
}

const foundRow = writtenRow.pick({ event: true, sha256: true, ingest_id: true });

/** Why no row was inserted. */
async function explain(
  db: D1Database,
  { callSha256, entries }: LedgerWrite,
  deadline: Deadline,
): Promise<RecordResult> {
  const { call_id, event_id, sha256, ingest_id } = entries[0].row;
  const [tombstones, events] = await askStore(
    "D1",
    () =>
      db.batch([
        db.prepare("SELECT 1 FROM erased_calls WHERE call_sha256 = ?").bind(callSha256),
        db
          .prepare(
            `SELECT event, sha256, ingest_id FROM events
             WHERE call_id = ?1 AND event_id = ?2 AND event IN (SELECT value FROM json_each(?3))`,
          )
          .bind(call_id, event_id, JSON.stringify(entries.map(({ row }) => row.event))),
      ]),
    { deadline },
  );
  const found = parseRows(foundRow, events);
  // The first try had committed when its connection broke.
  if (found.some((row) => row.ingest_id === ingest_id)) return "stored";
  if (found.some((row) => row.sha256 !== sha256)) return "id-reused";
  if (found.length === entries.length) return "duplicate";
  if (tombstones?.results.length === 1) return "erased";
  throw new Error("an event was neither inserted nor found");
}
