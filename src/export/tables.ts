import * as z from "zod";

/** The tables that are exported. */
export const tableName = z.enum(["calls", "events", "tool_calls"]);
export type TableName = z.infer<typeof tableName>;

/** How a column is written: `TIMESTAMP` in milliseconds, UTC; JSON stays text. */
export type ColumnType = "STRING" | "INT64" | "DOUBLE" | "TIMESTAMP";

interface Table {
  /** Every column but those for the ledger's own use, as in D1. */
  columns: Readonly<Record<string, ColumnType>>;
  /** What rows are ordered by, and a page goes on after; the first two are of the call. */
  key: readonly string[];
  /** Rows of a file at the most. */
  maxRows: number;
}

/** Files of some 2,000 calls. */
export const tables: Record<TableName, Table> = {
  calls: {
    columns: {
      id: "INT64",
      call_id: "STRING",
      platform: "STRING",
      agent_id: "STRING",
      status: "STRING",
      call_direction: "STRING",
      caller_phone: "STRING",
      agent_phone: "STRING",
      called_at: "TIMESTAMP",
      started_at: "TIMESTAMP",
      ended_at: "TIMESTAMP",
      analyzed_at: "TIMESTAMP",
      duration_seconds: "DOUBLE",
      cost_usd: "DOUBLE",
      latency_ms: "DOUBLE",
      agent_version: "STRING",
      disposition: "STRING",
      variables: "STRING",
      metrics: "STRING",
      summary: "STRING",
      recording_url: "STRING",
      recording_key: "STRING",
      transcript_key: "STRING",
      transcript_turns: "INT64",
      updated_at: "TIMESTAMP",
    },
    key: ["calls.called_at", "calls.id"],
    maxRows: 2_000,
  },
  events: {
    columns: {
      call_id: "STRING",
      event: "STRING",
      event_id: "STRING",
      agent_id: "STRING",
      occurred_at: "TIMESTAMP",
      received_at: "TIMESTAMP",
      format: "STRING",
      payload: "STRING",
    },
    key: ["calls.called_at", "calls.id", "events.event", "events.event_id"],
    maxRows: 6_000,
  },
  tool_calls: {
    columns: {
      call_id: "STRING",
      number: "INT64",
      name: "STRING",
      status: "STRING",
      started_at: "TIMESTAMP",
      duration_ms: "DOUBLE",
    },
    key: ["calls.called_at", "calls.id", "tool_calls.number"],
    maxRows: 10_000,
  },
};
