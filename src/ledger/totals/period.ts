import * as z from "zod";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../../stores/ask.ts";
import { type LedgerReader, parseRows } from "../schema.ts";
import { hoursSql, hoursWithin, json, type MetricType, metricType, pagesWithin, type StatisticsRange } from "./read.ts";
import { entry, quotient } from "./sums.ts";

/** The figures of a range that another is compared with. */
export interface PeriodFigures {
  calls: number;
  average_duration_seconds: number | null;
  /** US dollars, of the calls whose cost is known. */
  cost_a_call: number | null;
  latency_ms: number | null;
  tool_calls: number;
  failed_tools: number;
  /** Of numbers, and of booleans the share of true. */
  metrics: { metric: string; type: MetricType; average: number }[];
}

const sum = z.number();

const periodRow = z.object({
  calls: sum,
  with_duration: sum,
  duration: sum,
  with_cost: sum,
  cost: sum,
  with_latency: sum,
  latency: sum,
  tool_calls: sum,
  failed_tools: sum,
});

const sumsRow = periodRow.extend({
  metrics: json(z.array(z.object({ metric: z.string(), type: metricType, calls: sum, sum }))),
});

/** Its parameters are those of `countSql`, and 5 the agent, '' for all together. */
const periodSql = `
WITH hours AS MATERIALIZED (
  SELECT calls, with_duration, total_duration_seconds, with_cost, total_cost_usd, with_latency, total_latency_ms, metrics, tools
  FROM (${hoursSql}) WHERE agent_id = ?5
), tool_sums AS MATERIALIZED (
  SELECT total(tool.value ->> 'calls') AS calls, total(tool.value ->> 'errors') AS errors
  FROM hours CROSS JOIN json_each(hours.tools) AS tool
), metric_sums AS (
  SELECT metric.value ->> 'metric' AS metric, metric.value ->> 'type' AS type,
    total(quarter.value ->> 'sum') AS sum, total(quarter.value ->> 'calls') AS calls
  FROM hours CROSS JOIN json_each(hours.metrics) AS metric CROSS JOIN json_each(metric.value -> 'quarters') AS quarter
  WHERE metric.value ->> 'type' IN ('number', 'boolean') GROUP BY 1, 2
)
SELECT total(calls) AS calls, total(with_duration) AS with_duration, total(total_duration_seconds) AS duration,
  total(with_cost) AS with_cost, total(total_cost_usd) AS cost, total(with_latency) AS with_latency, total(total_latency_ms) AS latency,
  (SELECT calls FROM tool_sums) AS tool_calls, (SELECT errors FROM tool_sums) AS failed_tools,
  (SELECT json_group_array(json_object('metric', metric, 'type', type, 'calls', calls, 'sum', sum)) FROM metric_sums) AS metrics
FROM hours`;

/**
 * Sums up a range, which needs neither days nor agents. D1 does it, ten days at a time: beside statistics, it works while the Worker reads
 * what it has of them.
 */
export async function readPeriod(
  db: LedgerReader,
  { since, until, agent_id }: Omit<StatisticsRange, "timeZone">,
): Promise<PeriodFigures> {
  const agent = agent_id ?? "";
  const sums = periodRow.parse(Object.fromEntries(periodRow.keyof().options.map((name) => [name, 0])));
  const metrics = new Map<string, { metric: string; type: MetricType; calls: number; sum: number }>();
  for (const { start, stop } of pagesWithin(since, until)) {
    const { spans, first, last } = hoursWithin(start, stop);
    const query = db.prepare(periodSql).bind(JSON.stringify(spans), first, last, JSON.stringify([agent]), agent);
    const result = await askStore("D1", () => query.all(), { timeoutMs: LONG_QUERY_TIMEOUT_MS });
    for (const row of parseRows(sumsRow, result)) {
      for (const name of periodRow.keyof().options) sums[name] += row[name];
      for (const { metric, type, ...page } of row.metrics) {
        const total = entry(metrics, JSON.stringify([metric, type]), () => ({ metric, type, calls: 0, sum: 0 }));
        total.calls += page.calls;
        total.sum += page.sum;
      }
    }
  }
  return {
    ...{ calls: sums.calls, tool_calls: sums.tool_calls, failed_tools: sums.failed_tools },
    average_duration_seconds: quotient(sums.duration, sums.with_duration),
    cost_a_call: quotient(sums.cost, sums.with_cost),
    latency_ms: quotient(sums.latency, sums.with_latency),
    metrics: [...metrics.values()].map(({ metric, type, calls, ...total }) => ({
      ...{ metric, type, average: total.sum / calls },
    })),
  };
}
