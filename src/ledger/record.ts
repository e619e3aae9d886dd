import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import { insertDeliveries } from "./deliveries.ts";
import { type CallPatch, mergeCall, type WrittenEvents, writtenSql } from "./patch.ts";
import { requestRecording } from "./recordings.ts";
import { eventRow, parseRows } from "./schema.ts";
import { indexTranscript, type SearchText } from "./search-index.ts";
import { replaceToolCalls, type ToolCalls } from "./tool-calls.ts";

/** A row of `events`, with the columns for the ledger's own use. */
export const writtenRow = eventRow.extend({
  ledger_sha256: z.string().describe("of the body, hex"),
  ledger_ingest_id: z.string(),
  /** JSON array of digits. */
  ledger_caller_digits: z.string().nullable(),
});

/** The row of one event, and the rows that follow from it. */
export interface LedgerEntry {
  row: z.infer<typeof writtenRow>;
  /** Absent when the event brings no words, or words are not searched. */
  searchText: SearchText | undefined;
  /** Absent unless the event is the end of the call. */
  toolCalls: ToolCalls | undefined;
  /** The names of the destinations the event goes to; empty for none. */
  destinations: readonly string[];
}

/** Everything that D1 is to have of one body: one event or several, of one call. */
export interface LedgerWrite {
  platform: string;
  /** SHA-256 of the call's id, hex: the tombstone of an erased call is found by it. */
  callSha256: string;
  patch: CallPatch;
  /** Whether the body was fetched: it is refused if the ledger has every event that it tells. */
  isFetched: boolean;
  /** Whether the body brings the address of a recording that is to be copied. */
  asksForRecording: boolean;
  entries: readonly [LedgerEntry, ...LedgerEntry[]];
}

/**
 * `stored`: an event of the body is new. `duplicate`: all are in the ledger already. `id-reused`: the ledger has the same event
 * with another body. `other-platform`: another platform began the call. `erased`: the call was erased. `let-go`: the call left D1, and
 * its events with it. `not-missed`: the body was fetched, and the ledger has its events of other bodies.
 */
export type RecordResult = "stored" | "duplicate" | "not-missed" | "id-reused" | "other-platform" | "erased" | "let-go";

/**
 * Writes the events of bodies, and the rows that follow from them, in one transaction and one round trip. Safe to repeat: a repetition
 * that meets the rows of its own first try is `stored`, and changes nothing.
 * @param until milliseconds since 1970 by which D1 has to have answered
 * @returns a result for each body
 */
export async function recordEvents(
  db: D1Database,
  writes: readonly LedgerWrite[],
  until: number,
): Promise<RecordResult[]> {
  const now = new Date();
  const statements = writes.map((write) => statementsOf(db, write, now));
  const results = await askStore("D1", () => db.batch(statements.flat()), { until });
  let end = 0;
  const isStored = statements.map(({ length }) => {
    end += length;
    // Only the insertion of events returns rows.
    return results.slice(end - length, end).some(({ results: rows }) => rows.length > 0);
  });
  if (isStored.every(Boolean)) return writes.map(() => "stored");
  const explained = await explain(
    db,
    writes.filter((_, index) => !isStored[index]),
    until,
  );
  return writes.map((_, index) => (isStored[index] ? "stored" : (explained.shift() ?? "duplicate")));
}

function statementsOf(db: D1Database, write: LedgerWrite, now: Date): D1PreparedStatement[] {
  const { platform, patch, entries, asksForRecording } = write;
  const [{ row: written }] = entries;
  // The events first, since the other statements depend on their rows.
  const statements = [
    ...entries.map(({ row }) => insertEvent(db, row, write)),
    mergeCall(db, written, platform, patch, written.received_at, now.toISOString()),
  ];
  if (entries.some(({ row }) => row.ledger_caller_digits !== null)) statements.push(insertNumbers(db, written));
  if (asksForRecording) statements.push(requestRecording(db, written, now));
  for (const { row, searchText, toolCalls, destinations } of entries) {
    if (toolCalls !== undefined) statements.push(...replaceToolCalls(db, row, toolCalls));
    if (searchText !== undefined) statements.push(indexTranscript(db, row.call_id, searchText, row));
    if (destinations.length > 0) statements.push(insertDeliveries(db, row, destinations, now));
  }
  return statements;
}

const eventColumns = writtenRow.keyof().options;
const parameterOf = (column: (typeof eventColumns)[number]) => eventColumns.indexOf(column) + 3;

const insertEventSql = `
INSERT INTO events (${eventColumns.join(", ")})
SELECT ${eventColumns.map((_, index) => `?${index + 3}`).join(", ")}
WHERE NOT EXISTS (SELECT 1 FROM ledger_erased_calls WHERE call_sha256 = ?1)
  AND NOT EXISTS (SELECT 1 FROM calls WHERE call_id = ?${parameterOf("call_id")} AND platform <> ?2)
  AND NOT EXISTS (SELECT 1 FROM ledger_left_calls WHERE call_id = ?${parameterOf("call_id")})
  AND (?${eventColumns.length + 3} IS NULL OR EXISTS (
    SELECT 1 FROM json_each(?${eventColumns.length + 3}) AS named WHERE NOT EXISTS (
      SELECT 1 FROM events WHERE events.call_id = ?${parameterOf("call_id")} AND events.event = named.value
        AND events.ledger_ingest_id <> ?${parameterOf("ledger_ingest_id")}
    )
  ))
ON CONFLICT DO NOTHING
RETURNING 1`;

/** Inserts an event, unless its call is erased, was begun by another platform or left D1, or its body brings nothing that was missed. */
function insertEvent(
  db: D1Database,
  row: LedgerEntry["row"],
  { callSha256, platform, isFetched, entries }: LedgerWrite,
): D1PreparedStatement {
  const names = isFetched ? JSON.stringify(entries.map(({ row: { event } }) => event)) : null;
  return db.prepare(insertEventSql).bind(callSha256, platform, ...eventColumns.map((column) => row[column]), names);
}

function insertNumbers(db: D1Database, { call_id, event_id, ledger_ingest_id }: WrittenEvents): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO ledger_caller_numbers (digits, id)
       SELECT number.value, calls.id FROM events, json_each(events.ledger_caller_digits) AS number, calls
       WHERE ${writtenSql} AND calls.call_id = ?1
       ON CONFLICT DO NOTHING`,
    )
    .bind(call_id, event_id, ledger_ingest_id);
}

const existingRow = writtenRow.pick({
  call_id: true,
  event: true,
  event_id: true,
  ledger_sha256: true,
  ledger_ingest_id: true,
});
const buriedRow = z.object({ call_sha256: z.string() });
const leftRow = z.object({ call_id: z.string() });
const begunRow = z.object({ call_id: z.string(), platform: z.string() });

/** Finds out why D1 inserted nothing of some bodies, in one round trip. */
async function explain(db: D1Database, writes: readonly LedgerWrite[], until: number): Promise<RecordResult[]> {
  const keys = writes.flatMap(({ entries }) =>
    entries.map(({ row: { call_id, event, event_id } }) => ({ call_id, event, event_id })),
  );
  const named = JSON.stringify(keys);
  const [events, tombstones, calls, left] = await askStore(
    "D1",
    () =>
      db.batch([
        db
          .prepare(
            `SELECT ${existingRow
              .keyof()
              .options.map((column) => `events.${column}`)
              .join(", ")}
             FROM json_each(?) AS named JOIN events ON events.call_id = named.value ->> 'call_id'
               AND events.event = named.value ->> 'event' AND events.event_id = named.value ->> 'event_id'`,
          )
          .bind(named),
        db
          .prepare(
            "SELECT call_sha256 FROM json_each(?) AS named JOIN ledger_erased_calls ON call_sha256 = named.value",
          )
          .bind(JSON.stringify(writes.map(({ callSha256 }) => callSha256))),
        db
          .prepare(
            `SELECT calls.call_id, calls.platform FROM json_each(?) AS named JOIN calls ON calls.call_id = named.value ->> 'call_id'`,
          )
          .bind(named),
        db
          .prepare(
            `SELECT call_id FROM json_each(?) AS named JOIN ledger_left_calls ON call_id = named.value ->> 'call_id'`,
          )
          .bind(named),
      ]),
    { until },
  );
  const existing = parseRows(existingRow, events);
  const buried = new Set(parseRows(buriedRow, tombstones).map(({ call_sha256 }) => call_sha256));
  const platforms = new Map(parseRows(begunRow, calls).map(({ call_id, platform }) => [call_id, platform]));
  const gone = new Set(parseRows(leftRow, left).map(({ call_id }) => call_id));
  return writes.map(({ platform, callSha256, entries, isFetched }) => {
    const [{ row: first }] = entries;
    const own = existing.filter(({ call_id, event_id }) => call_id === first.call_id && event_id === first.event_id);
    // The first try had committed when its connection broke.
    if (own.some(({ ledger_ingest_id }) => ledger_ingest_id === first.ledger_ingest_id)) return "stored";
    if (buried.has(callSha256)) return "erased";
    if (gone.has(first.call_id)) return "let-go";
    if ((platforms.get(first.call_id) ?? platform) !== platform) return "other-platform";
    if (own.some(({ ledger_sha256 }) => ledger_sha256 !== first.ledger_sha256)) return "id-reused";
    if (entries.every(({ row }) => own.some(({ event }) => event === row.event))) return "duplicate";
    if (isFetched) return "not-missed";
    throw new Error("an event was neither inserted nor found");
  });
}
