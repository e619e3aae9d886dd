import type { CallStatus, ToolStatus } from "../events/event.ts";
import { phoneDigits } from "../events/phone.ts";
import { type MetricCondition, metricSql } from "./metric-condition.ts";
import type { Condition } from "./page.ts";

/** The filter of a listing; an absent member filters nothing. */
export interface CallFilter {
  platform?: string | undefined;
  agent_id?: string | undefined;
  agent_version?: string | undefined;
  agent_phone?: string | undefined;
  call_direction?: string | undefined;
  /** Of which case does not matter. */
  disposition?: string | undefined;
  status?: CallStatus | undefined;
  /** ISO 8601 UTC with milliseconds; a call at this moment is in. */
  from?: string | undefined;
  /** ISO 8601 UTC with milliseconds; a call at this moment is out. */
  to?: string | undefined;
  /** Seconds. */
  min_duration?: number | undefined;
  max_duration?: number | undefined;
  /** US dollars. */
  min_cost?: number | undefined;
  has_recording?: boolean | undefined;
  /** A tool that the agent called. */
  tool?: string | undefined;
  /** How a call of that tool ended, or of any. */
  tool_status?: ToolStatus | undefined;
  metric?: readonly MetricCondition[] | undefined;
}

/** Conditions on when a call was, which an index serves. */
export function timeConditions({ from, to }: CallFilter): Condition[] {
  return [...on(from, "calls.called_at >= ?"), ...on(to, "calls.called_at < ?")];
}

const equalColumns = ["platform", "agent_id", "agent_version", "call_direction", "status"] as const;

/** Conditions that no index serves, the cheaper ones first: SQLite tries them in this order. */
export function columnConditions(filter: CallFilter): Condition[] {
  const { agent_phone, disposition, min_duration, max_duration, min_cost, has_recording, metric = [] } = filter;
  return [
    ...equalColumns.flatMap((column) => on(filter[column], `calls.${column} = ?`)),
    ...on(disposition, "calls.disposition = ? COLLATE NOCASE"),
    ...(agent_phone === undefined ? [] : [agentPhone(agent_phone)]),
    ...on(min_duration, "calls.duration_seconds >= ?"),
    ...on(max_duration, "calls.duration_seconds <= ?"),
    ...on(min_cost, "calls.cost_usd >= ?"),
    ...on(
      has_recording === undefined ? undefined : Number(has_recording),
      "(calls.recording_key IS NOT NULL OR calls.recording_url IS NOT NULL) = ?",
    ),
    ...metric.map(metricSql),
    ...toolConditions(filter),
  ];
}

/** A number as it was written, or as E.164 has it. */
function agentPhone(written: string): Condition {
  const digits = phoneDigits(written);
  return { sql: "calls.agent_phone IN (?, ?, ?)", values: [written, digits, `+${digits}`] };
}

function toolConditions({ tool, tool_status }: CallFilter): Condition[] {
  const conditions = [...on(tool, "tool_calls.name = ?"), ...on(tool_status, "tool_calls.status = ?")];
  if (conditions.length === 0) return [];
  const sql = ["tool_calls.call_id = calls.call_id", ...conditions.map((condition) => condition.sql)].join(" AND ");
  return [
    {
      sql: `EXISTS (SELECT 1 FROM tool_calls WHERE ${sql})`,
      values: conditions.flatMap(({ values }) => values),
    },
  ];
}

function on(value: string | number | undefined, sql: string): Condition[] {
  return value === undefined ? [] : [{ sql, values: [value] }];
}
