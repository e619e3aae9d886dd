import * as z from "zod";
import { askStore } from "../stores/ask.ts";
import type { CallFilter } from "./call-conditions.ts";
import { MAX_METRIC_CHARACTERS } from "./calls.ts";
import { type LedgerReader, parseRows } from "./schema.ts";

/** Calls whose values are offered: some milliseconds of D1's one thread, whatever the size of the ledger. */
const CALLS_LOOKED_AT = 500;

/** Longer texts are no choice between a few. */
const MAX_VALUE_CHARACTERS = 100;

/** Metrics of more are left out, so that a few absurd calls hold up no page. */
const MAX_METRICS_BYTES = 100_000;

const MAX_CHOICES = 50;

const kind = z.enum(["disposition", "agent_version", "agent_phone", "tool", "number", "boolean", "text"]);

const choice = z.object({ kind, name: z.string(), value: z.string().nullable() });

/** Values that a list can be filtered by, the most frequent first. */
export interface Choices {
  dispositions: string[];
  agentVersions: string[];
  agentPhones: string[];
  tools: string[];
  /** The names of metrics that are numbers, and of those that are true or false. */
  numbers: string[];
  booleans: string[];
  /** The names of metrics that are texts, with the shorter of their values. */
  texts: ReadonlyMap<string, readonly string[]>;
}

/** 1. and 2. the range, 3. how many calls. Texts that differ in case alone are one choice, as the filter takes them. */
const choicesSql = `
WITH newest AS MATERIALIZED (
  SELECT id FROM calls WHERE called_at >= ?1 AND called_at < ?2 ORDER BY called_at DESC, id DESC LIMIT ?3
), present AS (
  SELECT 'disposition' AS kind, '' AS name, disposition AS value FROM newest CROSS JOIN calls USING (id)
  UNION ALL SELECT 'agent_version', '', agent_version FROM newest CROSS JOIN calls USING (id)
  UNION ALL SELECT 'agent_phone', '', agent_phone FROM newest CROSS JOIN calls USING (id)
  UNION ALL SELECT 'tool', '', tool_calls.name FROM newest CROSS JOIN calls USING (id) CROSS JOIN tool_calls USING (call_id)
  UNION ALL SELECT
    CASE WHEN metric.type IN ('true', 'false') THEN 'boolean' WHEN metric.type = 'text' THEN 'text' ELSE 'number' END,
    metric.key,
    iif(metric.type = 'text' AND length(metric.value) <= ${MAX_VALUE_CHARACTERS}, metric.value, '')
  FROM newest CROSS JOIN calls USING (id)
  CROSS JOIN json_each(iif(octet_length(calls.metrics) <= ${MAX_METRICS_BYTES}, calls.metrics, NULL)) AS metric
  WHERE metric.type IN ('integer', 'real', 'true', 'false', 'text') AND metric.key <> '$overflow' AND length(metric.key) <= ${MAX_METRIC_CHARACTERS}
), counted AS (
  SELECT kind, name, min(value) AS value, count(*) AS calls FROM present
  WHERE value IS NOT NULL AND length(value) <= ${MAX_VALUE_CHARACTERS}
  GROUP BY kind, name, iif(kind IN ('disposition', 'text'), lower(value), value)
)
SELECT kind, name, value FROM (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY calls DESC, name, value) AS rank FROM counted)
WHERE rank <= ${MAX_CHOICES} ORDER BY rank`;

/** Reads what the newest {@link CALLS_LOOKED_AT} calls of a range have that a list can be filtered by. */
export async function readChoices(db: LedgerReader, { from, to }: Pick<CallFilter, "from" | "to">): Promise<Choices> {
  // As text, above every time.
  const query = db.prepare(choicesSql).bind(from ?? "", to ?? "~", CALLS_LOOKED_AT);
  const rows = parseRows(choice, await askStore("D1", () => query.all()));
  const valuesOf = (one: z.infer<typeof kind>) =>
    rows.flatMap(({ kind, value }) => (kind === one ? (value ?? []) : []));
  const namesOf = (one: z.infer<typeof kind>) => [
    ...new Set(rows.flatMap(({ kind, name }) => (kind === one ? name : []))),
  ];
  return {
    dispositions: valuesOf("disposition"),
    agentVersions: valuesOf("agent_version"),
    agentPhones: valuesOf("agent_phone"),
    tools: valuesOf("tool"),
    numbers: namesOf("number"),
    booleans: namesOf("boolean"),
    texts: new Map(
      namesOf("text").map((metric) => [
        metric,
        rows.flatMap(({ kind, name, value }) => (kind === "text" && name === metric && value ? value : [])),
      ]),
    ),
  };
}

const listedMetric = z.object({
  call_id: z.string(),
  metric: z.string(),
  type: z.string(),
  value: z.union([z.string(), z.number()]).nullable(),
});
export type ListedMetric = z.infer<typeof listedMetric>;

/** Reads some metrics of some calls, texts up to a limit. */
export async function readMetricsOf(
  db: LedgerReader,
  callIds: readonly string[],
  names: readonly string[],
): Promise<ListedMetric[]> {
  if (callIds.length === 0 || names.length === 0) return [];
  const query = db
    .prepare(
      `SELECT calls.call_id, metric.key AS metric, metric.type,
         iif(metric.type IN ('integer', 'real'), metric.value, substr(metric.value, 1, ${MAX_VALUE_CHARACTERS})) AS value
       FROM json_each(?1) AS listed CROSS JOIN calls ON calls.call_id = listed.value
       CROSS JOIN json_each(calls.metrics) AS metric WHERE metric.key IN (SELECT value FROM json_each(?2))`,
    )
    .bind(JSON.stringify(callIds), JSON.stringify(names));
  return parseRows(listedMetric, await askStore("D1", () => query.all()));
}
