import * as z from "zod";
import { queryValues } from "../../../http/input.ts";
import { type MetricCondition, writeMetricCondition } from "../../../ledger/metric-condition.ts";
import { type PagePosition, pageCursor, writePageCursor } from "../../../ledger/page.ts";
import { type CallSearch, callFilter } from "../../../ledger/search.ts";
import { formFrom, formTo } from "../../ui/form-dates.ts";
import { formDuration } from "./form-duration.ts";

/** The filters with their labels, in the order in which those that are on stand above the list. */
export const filterNames = {
  q: "Search",
  phone: "Phone number",
  words: "Words",
  platform: "Platform",
  agent_id: "Agent",
  agent_version: "Agent’s version",
  agent_phone: "Agent’s number",
  call_direction: "Direction",
  status: "Status",
  disposition: "Disposition",
  from: "From",
  to: "To",
  min_duration: "Lasted from",
  max_duration: "Lasted up to",
  min_cost: "Cost from",
  has_recording: "Recording",
  tool: "Tool",
  tool_status: "Tool ended",
  metric: "Metric",
} satisfies Record<keyof typeof callFilter, string>;

type AnyName = keyof typeof filterNames;

/** The filters that have one value. */
export type FilterName = Exclude<AnyName, "metric">;

export const filterKeys = Object.keys(filterNames).filter(
  (name): name is FilterName => name in filterNames && name !== "metric",
);

/** The fields of the form, as they were filled in; `metric` has the conditions as the address does. */
export type Typed = { [name in FilterName]?: string } & { metric?: readonly string[] };

/** The field that is searched by, if any: a link may say outright whether it is a number or words. */
export function searchOf(typed: Typed): "q" | "phone" | "words" | undefined {
  return (["phone", "words", "q"] as const).find((name) => typed[name] !== undefined);
}

/** The query of the calls page. */
export interface CallsQuery {
  typed: Typed;
  filter: CallSearch["filter"];
  /** Where the page begins; absent for the newest calls. */
  cursor: PagePosition | undefined;
  /** The mistakes in it; with any, no calls are shown. */
  errors: string[];
}

/** Reads the filter, whose days are days in a zone. Ignores parameters that are not its own. */
export function readCallsQuery(url: URL, timeZone: string): CallsQuery {
  const schema = z.object({
    ...callFilter,
    from: formFrom(timeZone).optional(),
    to: formTo(timeZone).optional(),
    min_duration: formDuration.optional(),
    max_duration: formDuration.optional(),
  });
  const given = new URLSearchParams([...url.searchParams].filter(([, value]) => value.trim() !== ""));
  const { metrics, mistake } = writtenMetrics(given);
  for (const metric of metrics) given.append("metric", metric);
  const values = queryValues(given, schema);
  const typed: Typed = {};
  for (const name of filterKeys) if (typeof values[name] === "string") typed[name] = values[name];
  if (Array.isArray(values["metric"])) typed.metric = [...new Set(values["metric"])];
  const failed = (errors: string[]) => ({ typed, filter: {}, cursor: undefined, errors });

  if (mistake !== undefined) return failed([mistake]);
  const filter = schema.safeParse({ ...typed });
  if (!filter.success) {
    return failed(
      filter.error.issues.map((issue) => mistakeOf({ path: String(issue.path[0]), message: messageOf(issue) })),
    );
  }
  const cursor = pageCursor.optional().safeParse(given.get("cursor") ?? undefined);
  if (!cursor.success) return failed(["There is no such page of the list"]);
  // As the address of the next page has it, whichever way it was written.
  if (filter.data.metric !== undefined) typed.metric = filter.data.metric.map(writeMetricCondition);
  return { typed, filter: filter.data, cursor: cursor.data, errors: [] };
}

/** The controls for a condition that is to come: a metric that is a number, or one that is a text. */
export const metricFields = {
  number: { metric: "number_metric", comparison: "number_is", value: "number_value" },
  text: { metric: "text_metric", value: "text_value" },
} as const;

const numberComparison = z.enum(["<=", ">=", "=", "!=", "<", ">"]).catch("=");

/** Makes conditions of the controls that are filled in. */
function writtenMetrics(given: URLSearchParams): { metrics: string[]; mistake?: string } {
  const metrics: string[] = [];
  for (const fields of [metricFields.number, metricFields.text]) {
    const [metric, value] = [given.get(fields.metric), given.get(fields.value)];
    if (metric === null && value === null) continue;
    if (metric === null || value === null) {
      return { metrics, mistake: "Metric: choose one, and write what it has to be" };
    }
    const comparison = "comparison" in fields ? numberComparison.parse(given.get(fields.comparison)) : "=";
    metrics.push(writeMetricCondition({ metric, comparison, value }));
  }
  return { metrics };
}

/** The words for a parameter that does not fit. */
export function mistakeOf({ path, message }: { path: string; message: string }): string {
  const [, name = path] = Object.entries(filterNames).find(([key]) => key === path) ?? [];
  return `${name}: ${message}`;
}

/** For a choice the pages have words of their own; the schema would list the API's values. */
function messageOf({ code, message }: z.core.$ZodIssue): string {
  if (code === "invalid_value") return "is none of those to choose from";
  return code === "invalid_type" ? "is no number" : message;
}

/** The address of a list with these filters. */
export function listPath(
  path: "/calls" | "/calls.csv",
  { metric = [], ...typed }: Typed,
  cursor?: PagePosition,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(typed)) query.set(name, value);
  for (const condition of metric) query.append("metric", condition);
  const next = writePageCursor(cursor);
  if (next !== null) query.set("cursor", next);
  return query.size === 0 ? path : `${path}?${query}`;
}

/** The filters without one of them. */
export function without(typed: Typed, name: FilterName): Typed {
  const { [name]: _off, ...rest } = typed;
  return rest;
}

/** The names of the metrics that are filtered by. */
export function metricsIn(conditions: readonly MetricCondition[] = []): string[] {
  return [...new Set(conditions.map(({ metric }) => metric))];
}

/** The name of a metric for people. */
export function metricWords(metric: string): string {
  return metric.replaceAll("_", " ");
}
