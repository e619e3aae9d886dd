import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import { type LedgerReader, parseRows } from "./schema.ts";
import type { StatisticsRange } from "./totals/read.ts";

/** Totals have no versions: these are counted among so many of the newest calls, some milliseconds whatever the range. */
export const CALLS_LOOKED_AT = 500;

/** Metrics of more are left out, so that a few absurd calls hold up no page. */
const MAX_METRICS_BYTES = 100_000;

const MAX_VERSIONS = 20;

const versionRow = z.object({
  agent_id: z.string(),
  agent_version: z.string().nullable(),
  calls: z.number(),
  cost_usd: z.number().nullable().describe("the average of a call"),
  latency_ms: z.number().nullable().describe("the average of a call"),
  tool_calls: z.number(),
  failed_tools: z.number(),
  metrics: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(z.record(z.string(), z.number()))
    .describe("the averages of the metrics that are wanted; of a boolean the share of true"),
});

/** What one version of an agent does. */
export type VersionRow = z.infer<typeof versionRow>;

/** 1. and 2. the range, 3. the agent or NULL, 4. JSON array of the metrics that are wanted. */
const versionsSql = `
WITH newest AS MATERIALIZED (
  SELECT call_id, agent_id, agent_version, cost_usd, latency_ms,
    iif(octet_length(metrics) <= ${MAX_METRICS_BYTES}, metrics, NULL) AS metrics
  FROM calls WHERE called_at >= ?1 AND called_at < ?2 AND (?3 IS NULL OR agent_id = ?3)
  ORDER BY called_at DESC, id DESC LIMIT ${CALLS_LOOKED_AT}
), sums AS (
  SELECT agent_id, agent_version, count(*) AS calls, avg(cost_usd) AS cost_usd, avg(latency_ms) AS latency_ms
  FROM newest GROUP BY agent_id, agent_version ORDER BY calls DESC, agent_id, agent_version LIMIT ${MAX_VERSIONS}
), tools AS (
  SELECT agent_id, agent_version, count(*) AS calls, count(iif(tool_calls.status = 'error', 1, NULL)) AS errors
  FROM newest CROSS JOIN tool_calls USING (call_id) GROUP BY agent_id, agent_version
), averages AS (
  SELECT agent_id, agent_version, metric.key AS name, avg(max(-1e290, min(1e290, metric.value))) AS average
  FROM newest CROSS JOIN json_each(newest.metrics) AS metric
  WHERE metric.key IN (SELECT value FROM json_each(?4)) AND metric.type IN ('integer', 'real', 'true', 'false')
  GROUP BY agent_id, agent_version, metric.key
)
SELECT sums.*, coalesce(tools.calls, 0) AS tool_calls, coalesce(tools.errors, 0) AS failed_tools,
  (SELECT json_group_object(name, average) FROM averages
   WHERE averages.agent_id = sums.agent_id AND averages.agent_version IS sums.agent_version) AS metrics
FROM sums LEFT JOIN tools ON tools.agent_id = sums.agent_id AND tools.agent_version IS sums.agent_version
ORDER BY sum(sums.calls) OVER (PARTITION BY sums.agent_id) DESC, sums.agent_id, sums.calls DESC, sums.agent_version`;

/** Compares agents and their versions by the newest {@link CALLS_LOOKED_AT} calls of a range: the 20 with most of them. */
export async function readVersions(
  db: LedgerReader,
  { since, until, agent_id }: StatisticsRange,
  metrics: readonly string[],
): Promise<VersionRow[]> {
  const query = db.prepare(versionsSql).bind(since, until, agent_id, JSON.stringify(metrics));
  return parseRows(versionRow, await askStore("D1", () => query.all()));
}
