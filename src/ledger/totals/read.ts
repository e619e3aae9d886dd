import { tzOffset } from "@date-fns/tz";
import * as z from "zod";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../../stores/ask.ts";
import { type LedgerReader, parseRows } from "../schema.ts";
import { countSql, totalsColumns } from "./count.ts";
import { compare } from "./sums.ts";

export const HOUR_MS = 60 * 60 * 1000;

/** So much is read at once: of many agents, or of metrics that are free texts, a busy month takes a Worker's memory, parsed. */
const PAGE_MS = 10 * 24 * HOUR_MS;

/** Calls that statistics are about. */
export interface StatisticsRange {
  /** ISO 8601 UTC with milliseconds; a call at this moment counts. */
  since: string;
  /** ISO 8601 UTC with milliseconds; a call at this moment does not count. */
  until: string;
  /** null: all agents. */
  agent_id: string | null;
  /** The zone of the days and hours of the answer, an IANA name that `Intl` knows. */
  timeZone: string;
}

export const metricType = z.enum(["number", "boolean", "text", "object", "array"]);
export type MetricType = z.infer<typeof metricType>;

const count = z.number();

const counts = z.object({
  calls: count,
  ended: count,
  analyzed: count,
  with_duration: count,
  total_duration_seconds: z.number(),
  with_cost: count,
  total_cost_usd: z.number(),
  with_latency: count,
  total_latency_ms: z.number(),
});
export type Counts = z.infer<typeof counts>;

const quarter = counts.extend({ minute: z.number() });

const dispositionCounts = counts.omit({ ended: true, analyzed: true }).extend({ disposition: z.string().nullable() });

const metricCounts = z.object({
  metric: z.string(),
  type: metricType,
  least: z.number().nullable(),
  most: z.number().nullable(),
  quarters: z.array(z.object({ minute: z.number(), calls: count, sum: z.number() })),
  values: z.array(z.object({ value: z.string(), calls: count })),
});
export type MetricCounts = z.infer<typeof metricCounts>;

const toolCounts = z.object({
  name: z.string(),
  calls: count,
  errors: count,
  with_duration: count,
  total_duration_ms: z.number(),
});
export type ToolCounts = z.infer<typeof toolCounts>;

/** The calls of an hour, of one agent or of all together (agent_id ''). */
const hourRow = counts.extend({
  hour: z.string().describe("UTC: 2024-07-15T14"),
  agent_id: z.string(),
  quarters: json(z.array(quarter)).nullable().describe("null where hours will do"),
  dispositions: json(z.array(dispositionCounts)).nullable().describe("null where they are not wanted"),
  metrics: json(z.array(metricCounts)).nullable().describe("null where they are not wanted"),
  tools: json(z.array(toolCounts)).nullable().describe("null where they are not wanted"),
});
export type HourRow = z.infer<typeof hourRow>;

/** A JSON column, read and checked. */
export function json<Value extends z.ZodType>(value: Value) {
  return z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(value);
}

/** What left D1 is counted once and for all: a range that cuts through an hour has those of its quarters that begin in the range. */
const leftSql = `
SELECT hour, ${totalsColumns} FROM ledger_left_hours WHERE hour >= ?2 AND hour < ?3 AND minute = -1
UNION ALL
SELECT hour, ${totalsColumns} FROM json_each(?1) AS span CROSS JOIN ledger_left_hours
ON hour = substr(span.value ->> 'since', 1, 13) AND minute >= 0
  AND format('%s:%02d:00.000Z', hour, minute) >= span.value ->> 'since' AND format('%s:%02d:00.000Z', hour, minute) < span.value ->> 'until'`;

/** The totals of every hour of a range, several of an hour where calls of it left D1 at different times. Its parameters are those of `countSql`. */
export const hoursSql = `
SELECT hour, ${totalsColumns} FROM ledger_hours WHERE hour >= ?2 AND hour < ?3
UNION ALL SELECT * FROM (${countSql})
UNION ALL SELECT * FROM (${leftSql})`;

/** Its parameters are those of `countSql`, and 5 whether quarters are wanted. */
const readSql = `
SELECT hour, agent_id, calls, ended, analyzed, with_duration, total_duration_seconds,
  with_cost, total_cost_usd, with_latency, total_latency_ms,
  iif(?5, quarters, NULL) AS quarters,
  iif(agent_id IN (SELECT value FROM json_each(?4)), dispositions, NULL) AS dispositions,
  iif(agent_id IN (SELECT value FROM json_each(?4)), metrics, NULL) AS metrics,
  iif(agent_id IN (SELECT value FROM json_each(?4)), tools, NULL) AS tools
FROM (${hoursSql})`;

/**
 * Reads the totals of a range, hour by hour and agent by agent, ten days at a time. Calls are read where the range cuts through an
 * hour, and where an hour is stale.
 * @param hasDetails whether dispositions, tools and metrics come too, for the agent of the range or for all together
 */
export async function* readHourRows(
  db: LedgerReader,
  { since, until, agent_id, timeZone }: StatisticsRange,
  hasDetails: boolean,
): AsyncGenerator<HourRow[]> {
  for (const { start, stop } of pagesWithin(since, until)) {
    const { spans, first, last } = hoursWithin(start, stop);
    // At both ends: on Lord Howe Island clocks change by half an hour.
    const needsQuarters = [start, stop].some((time) => tzOffset(timeZone, new Date(time)) % 60 !== 0);
    const statement = db
      .prepare(readSql)
      .bind(
        JSON.stringify(spans),
        first,
        last,
        JSON.stringify(hasDetails ? [agent_id ?? ""] : []),
        Number(needsQuarters),
      );
    const rows = parseRows(hourRow, await askStore("D1", () => statement.all(), { timeoutMs: LONG_QUERY_TIMEOUT_MS }));
    // From wherever the totals of an hour come, the sums of fractions are the same.
    yield rows.sort((one, other) => compare(one.hour, other.hour) || compare(one.agent_id, other.agent_id));
  }
}

/** Cuts a range into pages, milliseconds since 1970. */
export function* pagesWithin(since: string, until: string): Generator<{ start: number; stop: number }> {
  const end = Date.parse(until);
  for (let start = Date.parse(since), stop = start; start < end; start = stop) {
    // At the end of an hour: a part of one would be counted.
    stop = Math.min(Math.floor((start + PAGE_MS) / HOUR_MS) * HOUR_MS, end);
    yield { start, stop };
  }
}

/** The whole hours of a range, `last` being the one after them, and the parts of hours at its ends. */
export function hoursWithin(since: number, until: number) {
  const first = Math.ceil(since / HOUR_MS) * HOUR_MS;
  const last = Math.floor(until / HOUR_MS) * HOUR_MS;
  const parts =
    first > last
      ? [{ since, until }]
      : [
          { since, until: first },
          { since: last, until },
        ];
  const spans = parts
    .filter((part) => part.since < part.until)
    .map((part) => ({ since: new Date(part.since).toISOString(), until: new Date(part.until).toISOString() }));
  return { spans, first: hourOf(Math.min(first, last)), last: hourOf(last) };
}

/**
 * Names an hour as `ledger_hours` does.
 * @param time milliseconds since 1970
 */
export function hourOf(time: number): string {
  return new Date(time).toISOString().slice(0, "2024-07-15T14".length);
}
