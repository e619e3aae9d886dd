import * as z from "zod";
import { callPrefix } from "../archive/keys.ts";
import { writtenRow } from "../ledger/record.ts";
import { storedRecording } from "../ledger/recordings.ts";
import { callRow, deliveryRow, type LedgerReader, parseRows, toolCallRow } from "../ledger/schema.ts";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";

const ofCall = z.object({ call_id: z.string() });

const call = callRow.extend({ ledger_first_received_at: z.string(), ledger_column_versions: z.string() });
const toolCall = ofCall.extend(toolCallRow.shape);
const delivery = deliveryRow.extend({ ledger_generation: z.number() });
const number = ofCall.extend({ digits: z.string() });
const recording = ofCall.extend(storedRecording.shape);

/** All rows of a call that left D1, as D1 had them: JSON columns are text. */
const callRecord = z.object({
  call,
  events: z.array(writtenRow),
  tool_calls: z.array(toolCall),
  sync_deliveries: z.array(delivery),
  caller_numbers: z.array(z.string()).describe("digits of every customer's number that an event named"),
  recording: storedRecording.nullable().describe("of the copy of its audio"),
});
export type CallRecord = z.infer<typeof callRecord>;

async function recordKey(callId: string): Promise<string> {
  return `${await callPrefix(callId)}record.json`;
}

/** Returns the etag of the rows of a call in R2; `undefined` if they are not there. */
export async function findRecord(bucket: R2Bucket, callId: string): Promise<string | undefined> {
  const key = await recordKey(callId);
  return (await askStore("R2", () => bucket.head(key)))?.etag;
}

/**
 * Puts the rows of a call into R2. Safe to repeat.
 * @param replaced the etag of what they replace; `undefined`: nothing is to be there
 * @returns whether they are there; `false` also if others took their place
 */
export async function putRecord(bucket: R2Bucket, record: CallRecord, replaced: string | undefined): Promise<boolean> {
  const key = await recordKey(record.call.call_id);
  const onlyIf = replaced === undefined ? { etagDoesNotMatch: "*" } : { etagMatches: replaced };
  const options = { onlyIf, httpMetadata: { contentType: "application/json" } };
  return (await askStore("R2", () => bucket.put(key, JSON.stringify(record), options))) !== null;
}

/**
 * Reads the rows of a call that left D1; `undefined` if there is no such object.
 * @param until milliseconds since 1970 by which R2 has to have answered
 */
export async function readRecord(bucket: R2Bucket, callId: string, until?: number): Promise<CallRecord | undefined> {
  const key = await recordKey(callId);
  return askStore(
    "R2",
    async () => {
      const object = await bucket.get(key);
      return object === null ? undefined : callRecord.parse(await object.json());
    },
    until === undefined ? {} : { until },
  );
}

const columnsOf = ({ shape }: { shape: object }, table: string) =>
  Object.keys(shape)
    .map((column) => (column === "call_id" ? "calls.call_id" : `${table}.${column}`))
    .join(", ");

const named = "json_each(?1) AS named CROSS JOIN calls ON calls.call_id = named.value";

const statements = [
  `SELECT ${columnsOf(call, "calls")} FROM ${named}`,
  `SELECT ${columnsOf(writtenRow, "events")} FROM ${named} CROSS JOIN events ON events.call_id = calls.call_id
   ORDER BY occurred_at, received_at, event_id, event`,
  `SELECT ${columnsOf(toolCall, "tool_calls")} FROM ${named} CROSS JOIN tool_calls ON tool_calls.call_id = calls.call_id ORDER BY number`,
  `SELECT ${columnsOf(delivery, "sync_deliveries")} FROM ${named} CROSS JOIN sync_deliveries ON sync_deliveries.call_id = calls.call_id
   ORDER BY event, event_id, destination`,
  `SELECT ${columnsOf(number, "ledger_caller_numbers")} FROM ${named} CROSS JOIN ledger_caller_numbers ON ledger_caller_numbers.id = calls.id ORDER BY digits`,
  `SELECT ${columnsOf(recording, "ledger_recordings")} FROM ${named} CROSS JOIN ledger_recordings ON ledger_recordings.id = calls.id`,
];

/** Reads all rows of calls that are in D1, in one round trip. Leaves out those that are not there. */
export async function recordsOf(db: LedgerReader, callIds: readonly string[]): Promise<CallRecord[]> {
  const [calls, events, toolCalls, deliveries, numbers, recordings] = await askStore(
    "D1",
    () => db.batch(statements.map((sql) => db.prepare(sql).bind(JSON.stringify(callIds)))),
    { timeoutMs: LONG_QUERY_TIMEOUT_MS },
  );
  const rows = {
    events: byCall(parseRows(writtenRow, events)),
    tool_calls: byCall(parseRows(toolCall, toolCalls)),
    sync_deliveries: byCall(parseRows(delivery, deliveries)),
    numbers: byCall(parseRows(number, numbers)),
    recordings: byCall(parseRows(recording, recordings)),
  };
  return parseRows(call, calls).map((row) => {
    const [copy] = rows.recordings.get(row.call_id) ?? [];
    return {
      call: row,
      events: rows.events.get(row.call_id) ?? [],
      tool_calls: rows.tool_calls.get(row.call_id) ?? [],
      sync_deliveries: rows.sync_deliveries.get(row.call_id) ?? [],
      caller_numbers: (rows.numbers.get(row.call_id) ?? []).map(({ digits }) => digits),
      recording: copy === undefined ? null : storedRecording.parse(copy),
    };
  });
}

function byCall<Row extends { call_id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, ({ call_id }) => call_id);
}
