import * as z from "zod";
import type { CallFilter } from "../ledger/call-conditions.ts";
import { type LedgerReader, parseRows } from "../ledger/schema.ts";
import { searchedDigits } from "../ledger/search.ts";
import { askStore } from "../stores/ask.ts";

/** Calls that a listing would have, had they not left D1. */
export const leftOfList = z.object({
  first_day: z.string().describe("UTC day of called_at"),
  last_day: z.string(),
  sql: z.string().describe('what finds them in the export: npm run sql -- "…"'),
  without: z.array(z.string()).describe("filters that this SQL leaves out"),
  call_id: z.string().optional().describe("the call that `q` names: GET /api/calls/{call_id} has it"),
});
export type LeftOfList = z.infer<typeof leftOfList>;

/** A filter with its search. */
type Sought = CallFilter & { q?: string | undefined; phone?: string | undefined; words?: string | undefined };

const leftRow = z.object({ first: z.string().nullable(), last: z.string().nullable(), named: z.string().nullable() });

/** Returns which days of a listing's range have calls that left D1, and how to find them; `undefined` if none has. */
export async function readLeftOfList(db: LedgerReader, filter: Sought): Promise<LeftOfList | undefined> {
  const { from = "", to, q } = filter;
  const lastDay = to === undefined ? "9999-12-31" : dayOf(new Date(Date.parse(to) - 1).toISOString());
  const inRange = "FROM ledger_left_calls WHERE day >= ?1 AND day <= ?2";
  const query = db
    .prepare(
      `SELECT (SELECT min(day) ${inRange}) AS first, (SELECT max(day) ${inRange}) AS last,
         (SELECT call_id FROM ledger_left_calls WHERE call_id = ?3) AS named`,
    )
    .bind(dayOf(from), lastDay, q ?? "");
  const [row] = parseRows(leftRow, await askStore("D1", () => query.all()));
  if (row === undefined || row.first === null || row.last === null) return undefined;
  return {
    first_day: row.first,
    last_day: row.last,
    ...sqlOf(filter),
    ...(row.named !== null && { call_id: row.named }),
  };
}

function dayOf(time: string): string {
  return time.slice(0, "2024-07-15".length);
}

const LISTED = 50;

/**
 * Writes the SQL of a listing, for DuckDB. It is copied into a shell, so values with other characters than those of ids, numbers and plain
 * words are left out.
 */
export function sqlOf(filter: Sought): Pick<LeftOfList, "sql" | "without"> {
  const conditions: string[] = [];
  const without: string[] = [];
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined) continue;
    const condition = conditionOf(name, value);
    if (condition === undefined) without.push(name);
    else conditions.push(condition);
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")} `;
  return { sql: `SELECT * FROM calls ${where}ORDER BY called_at DESC LIMIT ${LISTED}`, without };
}

const PLAIN = /^[\p{L}\p{N}_.,:+@/ -]+$/u;

/** Comparisons of columns with a number. */
const bounds: Readonly<Record<string, string>> = {
  min_duration: "duration_seconds >=",
  max_duration: "duration_seconds <=",
  min_cost: "cost_usd >=",
};

const equalColumns: ReadonlySet<string> = new Set([
  "platform",
  "agent_id",
  "agent_version",
  "agent_phone",
  "call_direction",
  "status",
]);

function conditionOf(name: string, value: unknown): string | undefined {
  const bound = bounds[name];
  if (bound !== undefined && typeof value === "number") return `${bound} ${value}`;
  if (name === "has_recording") return `(coalesce(recording_key, recording_url) IS NOT NULL) = ${value === true}`;
  if (typeof value !== "string" || !PLAIN.test(value)) return undefined;
  if (name === "from" || name === "to") return `called_at ${name === "from" ? ">=" : "<"} '${value}'`;
  if (name === "disposition") return `lower(disposition) = lower('${value}')`;
  if (equalColumns.has(name)) return `${name} = '${value}'`;
  if (name === "tool") return `call_id IN (SELECT call_id FROM tool_calls WHERE name = '${value}')`;
  if (name === "phone" || name === "q") {
    const digits = searchedDigits(value);
    // Every other text is looked for in words, which are not exported.
    if (digits !== undefined) return `caller_phone LIKE '%${digits}%'`;
  }
  return undefined;
}
