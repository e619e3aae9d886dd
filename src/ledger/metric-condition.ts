import * as z from "zod";
import type { Condition } from "./page.ts";

/** How a metric is compared, the longer signs first, since `<` begins `<=`. */
export const comparisons = ["<=", ">=", "!=", "=", "<", ">"] as const;
export type Comparison = (typeof comparisons)[number];

/** What a metric of a call has to be: `satisfaction_score<=2`. */
export interface MetricCondition {
  metric: string;
  comparison: Comparison;
  /** Text as it was typed: what it is compared as goes by the value that a call has. */
  value: string;
}

/** Each takes six of the 100 parameters that D1 takes a statement. */
const MAX_CONDITIONS = 10;

const MAX_CHARACTERS = 1_000;

/** A name in double quotes is JSON, for those that have a comparison's sign in them. */
const SYNTAX = /^("(?:[^"\\]|\\.)*"|[^"].*?)(<=|>=|!=|=|<|>)(.*)$/s;

const condition = z
  .string()
  .max(MAX_CHARACTERS)
  .transform((text, context): MetricCondition => {
    const [, name = "", sign = "", value = ""] = SYNTAX.exec(text.trim()) ?? [];
    const metric = nameOf(name.trim());
    const comparison = comparisons.find((each) => each === sign);
    const mistake = (message: string) => {
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    };
    if (!metric || comparison === undefined) return mistake("is a metric, one of = != < <= > >=, and a value");
    if (isOrder(comparison) && numberOf(value) === null) return mistake(`${comparison} compares with a number`);
    return { metric, comparison, value: value.trim() };
  });

/** The conditions of a query string. */
export const metricConditions = z
  .array(condition)
  .max(MAX_CONDITIONS)
  .describe(
    "a metric, `=`, `!=`, `<`, `<=`, `>` or `>=`, and a number, `true`, `false` or a text, of which case does not matter: `satisfaction_score<=2`; " +
      'may be repeated, and all have to hold. A call without the metric never matches. A name with one of these signs in it is written as JSON: `"a<b"=1`',
  );

/** Writes a condition as a query string has it. */
export function writeMetricCondition({ metric, comparison, value }: MetricCondition): string {
  return `${/^["\s]|[<>=!]|\s$/.test(metric) ? JSON.stringify(metric) : metric}${comparison}${value}`;
}

/** Makes the condition of SQL, which no index serves. */
export function metricSql({ metric, comparison, value }: MetricCondition): Condition {
  const number = numberOf(value);
  const [test, values] = isOrder(comparison)
    ? [`(metric.type IN ('integer', 'real') AND metric.value ${comparison} ?)`, [number ?? 0]]
    : [
        `${comparison === "!=" ? "NOT " : ""}(metric.type IS ?
           OR (metric.type IN ('integer', 'real') AND metric.value IS ?)
           OR (metric.type = 'text' AND metric.value = ? COLLATE NOCASE))`,
        // Types of JSON have these names too. Of a value that is no number none is looked for that any has.
        [/^(?:true|false)$/i.test(value) ? value.toLowerCase() : "", number ?? "", value],
      ];
  return {
    sql: `EXISTS (SELECT 1 FROM json_each(calls.metrics) AS metric WHERE metric.key = ? AND ${test})`,
    values: [metric, ...values],
  };
}

function isOrder(comparison: Comparison): boolean {
  return comparison !== "=" && comparison !== "!=";
}

function numberOf(value: string): number | null {
  const number = Number(value);
  return value.trim() !== "" && Number.isFinite(number) ? number : null;
}

function nameOf(written: string): string | undefined {
  if (!written.startsWith('"')) return written;
  try {
    return z.string().safeParse(JSON.parse(written)).data;
  } catch {
    return undefined;
  }
}
