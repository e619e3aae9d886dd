import * as z from "zod";
import { callDirection, callStatus, eventName, toolStatus } from "../events/event.ts";

// One schema a row. Types are inferred from these, the API describes its answers with them, and what D1 returns is checked by them.

const text = z.string().nullable();
const time = z.string().describe("ISO 8601 UTC with milliseconds");

/** A row of `calls` without the columns for the ledger's own use; JSON columns hold JSON text. */
export const callRow = z.object({
  id: z.number().describe("the order of arrival"),
  call_id: z.string(),
  platform: z.string().describe("whose webhook told of the call"),
  agent_id: z.string(),
  status: callStatus,
  call_direction: callDirection.nullable().describe("null for calls that are neither, such as web calls"),
  caller_phone: text.describe("the customer's number, whichever way the call went"),
  agent_phone: text,
  called_at: time.describe("started_at, else ended_at, else the first receipt; ISO 8601 UTC with milliseconds"),
  started_at: time.nullable(),
  ended_at: time.nullable(),
  analyzed_at: time.nullable(),
  duration_seconds: z.number().nullable(),
  cost_usd: z.number().nullable().describe("what the platform says that the call cost, in US dollars"),
  latency_ms: z
    .number()
    .nullable()
    .describe("the median, else the mean, of the times that the agent took to answer, as the platform says it"),
  agent_version: text.describe("as the platform writes it"),
  disposition: text,
  variables: text,
  metrics: text,
  summary: text,
  recording_url: text,
  recording_key: text.describe("R2 key of the ledger's own copy of the audio"),
  transcript_key: text.describe("R2 key of the call.end body"),
  transcript_turns: z.number().nullable(),
  updated_at: time,
});
export type CallRow = z.infer<typeof callRow>;

/** A tool that the agent called. Its arguments and its result are in the transcript. */
export const toolCallRow = z.object({
  number: z.number().describe("from 1, in their order"),
  name: z.string(),
  status: toolStatus.nullable().describe("null when the platform does not say it"),
  started_at: time.nullable(),
  duration_ms: z.number().nullable(),
});
export type ToolCallRow = z.infer<typeof toolCallRow>;

export const toolCallColumnsSql = Object.keys(toolCallRow.shape).join(", ");

/** The schema of columns that a listing reads. */
export type ListedRow<Row> = z.ZodType<Row> & { shape: object };

/** Returns the columns of a row of `calls` as SQL. */
export function columnsSql({ shape }: { shape: object }): string {
  return Object.keys(shape)
    .map((column) => `calls.${column}`)
    .join(", ");
}

/** A row of `events` without the columns for the ledger's own use; `payload` holds JSON text. */
export const eventRow = z.object({
  call_id: z.string(),
  event: eventName,
  event_id: z.string(),
  agent_id: z.string(),
  occurred_at: time,
  received_at: time,
  format: z.string().describe("the wire format the event came in"),
  payload: z.string().nullable().describe("null: with another event of the same event_id"),
});
export type EventRow = z.infer<typeof eventRow>;

export const eventColumnsSql = Object.keys(eventRow.shape).join(", ");

export const deliveryState = z.enum(["pending", "delivered", "failed", "skipped"]);
export type DeliveryState = z.infer<typeof deliveryState>;

/** One event on its way to one destination. */
export const deliveryRow = z.object({
  call_id: z.string(),
  event: eventName,
  event_id: z.string(),
  destination: z.string(),
  state: deliveryState.describe("skipped: the destination did not want this call"),
  occurred_at: time.describe("of the event; deliveries are listed by it; ISO 8601 UTC with milliseconds"),
  attempts: z.number(),
  last_error: text.describe(
    "why the last attempt that failed did, and the first 300 characters of what the other side answered",
  ),
  next_attempt_at: time.nullable().describe("null unless it is pending"),
  updated_at: time,
  overdue_at: time
    .nullable()
    .describe("when the message of a pending delivery counts as lost and is sent again; null unless it is pending"),
});
export type DeliveryRow = z.infer<typeof deliveryRow>;

export const deliveryColumnsSql = Object.keys(deliveryRow.shape).join(", ");

/** The database, or a session, whose reads a replica near the reader may answer. */
export type LedgerReader = Pick<D1DatabaseSession, "prepare" | "batch">;

/**
 * Opens a session for a request that only reads. With read replication switched on, the nearest copy answers it
 * (developers.cloudflare.com/d1/best-practices/read-replication), and the one thread that writes events is not used.
 */
export function reader(db: D1Database): LedgerReader {
  return db.withSession("first-unconstrained");
}

/** Checks the rows of a statement's result. */
export function parseRows<Row extends z.ZodType>(row: Row, result: D1Result | undefined): z.output<Row>[] {
  return z.array(row).parse(result?.results);
}

/** Parses the JSON columns of a call, for answers and deliveries. */
export function withJson<Row extends Pick<CallRow, "variables" | "metrics">>(row: Row) {
  return { ...row, variables: jsonOf(row.variables), metrics: jsonOf(row.metrics) };
}

function jsonOf(column: string | null): unknown {
  return column === null ? null : JSON.parse(column);
}
