import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import type { Deadline } from "../stores/deadline.ts";
import { insertDeliveries } from "./deliveries.ts";
import { type CallPatch, mergeCall, type WrittenEvents, writtenSql } from "./patch.ts";
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
  patch: CallPatch;
  entries: readonly [LedgerEntry, ...LedgerEntry[]];
}

/**
 * `stored`: an event of the body is new. `duplicate`: all are in the ledger already. `id-reused`: the ledger has the same event
 * with another body. `erased`: the call was erased.
 */
export type RecordResult = "stored" | "duplicate" | "id-reused" | "erased";

/**
 * Writes the events of bodies, with all that follows from them, in one transaction and one round trip. Safe to repeat: a
 * repetition that finds the rows of its own first try is `stored`, and everything else changes nothing.
 * @returns a result for each body
 */
export async function recordEvents(
  db: D1Database,
  writes: readonly LedgerWrite[],
  deadline: Deadline,
): Promise<RecordResult[]> {
  const now = new Date();
  const statements = writes.map((write) => statementsOf(db, write, now));
  const results = await askStore("D1", () => db.batch(statements.flat()), { deadline });
  let end = 0;
  const isStored = statements.map(({ length }) => {
    end += length;
    // Of all statements only the insertion of events returns rows.
    return results.slice(end - length, end).some(({ results: rows }) => rows.length > 0);
  });
  if (isStored.every(Boolean)) return writes.map(() => "stored");
  const explained = await explain(
    db,
    writes.filter((_, index) => !isStored[index]),
    deadline,
  );
  return writes.map((_, index) => (isStored[index] ? "stored" : (explained.shift() ?? "duplicate")));
}

function statementsOf(
  db: D1Database,
  { platform, callSha256, patch, entries }: LedgerWrite,
  now: Date,
): D1PreparedStatement[] {
  const rows = entries.map(({ row }) => row);
  const [{ row: first }] = entries;
  const written = { ...first, events: rows.map(({ event }) => event) };
  // The events first, since the others look whether they are there.
  const statements = [
    insertEvents(db, rows, callSha256),
    mergeCall(db, written, platform, patch, first.received_at, now.toISOString()),
  ];
  if (rows.some(({ caller_digits }) => caller_digits !== null)) statements.push(insertNumbers(db, written));
  for (const { row, searchText, destinations } of entries) {
    if (searchText !== undefined) statements.push(indexTranscript(db, row.call_id, searchText, row));
    if (destinations.length > 0) statements.push(insertDeliveries(db, row, destinations, now));
  }
  return statements;
}

const eventColumns = writtenRow.keyof().options;

/** What each event says for itself. The other columns are the body's, and sent once: its payload may be long. */
const ownColumns: readonly (keyof LedgerEntry["row"])[] = ["event", "agent_id", "occurred_at", "caller_digits"];

/** Inserts the events of a body in one statement, unless its call is erased. */
function insertEvents(db: D1Database, rows: readonly LedgerEntry["row"][], callSha256: string): D1PreparedStatement {
  const values: (string | null)[] = [callSha256];
  const parameters = new Map<string, number>();
  const tuples = rows.map((row, index) =>
    eventColumns.map((column) => {
      if (index === 0 || ownColumns.includes(column)) parameters.set(column, values.push(row[column]));
      return `?${parameters.get(column)}`;
    }),
  );
  return db
    .prepare(
      `INSERT INTO events (${eventColumns.join(", ")})
       SELECT * FROM (VALUES ${tuples.map((tuple) => `(${tuple.join(", ")})`).join(", ")})
       WHERE NOT EXISTS (SELECT 1 FROM erased_calls WHERE call_sha256 = ?1)
       ON CONFLICT DO NOTHING
       RETURNING 1`,
    )
    .bind(...values);
}

function insertNumbers(db: D1Database, { call_id, events, event_id, ingest_id }: WrittenEvents): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO caller_numbers (digits, id, call_id)
       SELECT number.value, calls.id, calls.call_id FROM events, json_each(events.caller_digits) AS number, calls
       WHERE ${writtenSql(events)} AND calls.call_id = ?1
       ON CONFLICT DO NOTHING`,
    )
    .bind(call_id, event_id, ingest_id);
}

const foundRow = writtenRow.pick({ call_id: true, event: true, event_id: true, sha256: true, ingest_id: true });
const buriedRow = z.object({ call_sha256: z.string() });

/** Why nothing was inserted of some bodies. */
async function explain(db: D1Database, writes: readonly LedgerWrite[], deadline: Deadline): Promise<RecordResult[]> {
  const keys = writes.flatMap(({ entries }) =>
    entries.map(({ row: { call_id, event, event_id } }) => ({ call_id, event, event_id })),
  );
  const [events, tombstones] = await askStore(
    "D1",
    () =>
      db.batch([
        db
          .prepare(
            `SELECT events.call_id, events.event, events.event_id, events.sha256, events.ingest_id
             FROM json_each(?) AS named JOIN events ON events.call_id = named.value ->> 'call_id'
               AND events.event = named.value ->> 'event' AND events.event_id = named.value ->> 'event_id'`,
          )
          .bind(JSON.stringify(keys)),
        db
          .prepare("SELECT call_sha256 FROM json_each(?) AS named JOIN erased_calls ON call_sha256 = named.value")
          .bind(JSON.stringify(writes.map(({ callSha256 }) => callSha256))),
      ]),
    { deadline },
  );
  const found = parseRows(foundRow, events);
  const buried = new Set(parseRows(buriedRow, tombstones).map(({ call_sha256 }) => call_sha256));
  return writes.map(({ callSha256, entries }) => {
    const [{ row: first }] = entries;
    const own = found.filter(({ call_id, event_id }) => call_id === first.call_id && event_id === first.event_id);
    // The first try had committed when its connection broke.
    if (own.some(({ ingest_id }) => ingest_id === first.ingest_id)) return "stored";
    if (own.some(({ sha256 }) => sha256 !== first.sha256)) return "id-reused";
    if (entries.every(({ row }) => own.some(({ event }) => event === row.event))) return "duplicate";
    if (buried.has(callSha256)) return "erased";
    throw new Error("an event was neither inserted nor found");
  });
}
