import * as z from "zod";
import type { ToolTurn, Turn } from "../events/event.ts";
import { instant } from "../events/fields.ts";
import { askStore } from "../stores/ask.ts";
import type { WrittenEvent } from "./patch.ts";
import { type LedgerReader, parseRows, type ToolCallRow } from "./schema.ts";

/** The tool calls of a transcript. */
export interface ToolCalls {
  /** As in `calls.ledger_column_versions`, under `transcript_key`: the tool calls are those of the transcript of the highest version. */
  version: string;
  rows: readonly ToolCallRow[];
}

/** Rows of one call; further tool calls are in its transcript only. */
export const MAX_TOOL_CALLS = 500;

const MAX_NAME_CHARACTERS = 200;

/** Returns the rows of a conversation's first {@link MAX_TOOL_CALLS} tool calls, without arguments and results. */
export function toolCallsOf(turns: readonly Turn[]): ToolCallRow[] {
  return turns
    .filter((turn): turn is ToolTurn => turn.kind === "tool")
    .slice(0, MAX_TOOL_CALLS)
    .map(({ name, status, timestamp, duration_ms }, index) => ({
      number: index + 1,
      name: name.slice(0, MAX_NAME_CHARACTERS).toWellFormed(),
      status,
      started_at: instant.safeParse(timestamp).data ?? null,
      duration_ms,
    }));
}

/**
 * Replaces the tool calls of a call. No-op when a higher version is the call's transcript, or unless this run of ingest wrote the
 * event. Run after `mergeCall`, in one batch.
 */
export function replaceToolCalls(
  db: D1Database,
  { call_id, event, event_id, ledger_ingest_id }: WrittenEvent,
  { version, rows }: ToolCalls,
): D1PreparedStatement[] {
  const wins = `EXISTS (SELECT 1 FROM calls WHERE call_id = ?1 AND ledger_column_versions ->> 'transcript_key' = ?5)
    AND EXISTS (SELECT 1 FROM events WHERE call_id = ?1 AND event = ?2 AND event_id = ?3 AND ledger_ingest_id = ?4)`;
  const parameters = [call_id, event, event_id, ledger_ingest_id, version];
  const remove = db.prepare(`DELETE FROM tool_calls WHERE call_id = ?1 AND ${wins}`).bind(...parameters);
  if (rows.length === 0) return [remove];
  const insert = db
    .prepare(
      `INSERT INTO tool_calls (call_id, number, name, status, started_at, duration_ms)
       SELECT ?1, value ->> 'number', value ->> 'name', value ->> 'status', value ->> 'started_at', value ->> 'duration_ms'
       FROM json_each(?6) WHERE ${wins}`,
    )
    .bind(...parameters, JSON.stringify(rows));
  return [remove, insert];
}

const failedTools = z.object({ call_id: z.string(), failed: z.number() });

/** How many tool calls failed in each of some calls; those without any are left out. Reads their tool calls and no others. */
export async function countFailedTools(
  db: LedgerReader,
  callIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (callIds.length === 0) return new Map();
  const query = db
    .prepare(
      `SELECT tool_calls.call_id, count(*) AS failed FROM json_each(?1) AS listed CROSS JOIN tool_calls ON tool_calls.call_id = listed.value
       WHERE tool_calls.status = 'error' GROUP BY tool_calls.call_id`,
    )
    .bind(JSON.stringify(callIds));
  const rows = parseRows(failedTools, await askStore("D1", () => query.all()));
  return new Map(rows.map(({ call_id, failed }) => [call_id, failed]));
}
