import { isJsonObject } from "../events/fields.ts";

/** The key under which a column names the R2 object that has its value. */
export const OVERFLOW_KEY = "$overflow";

/** Returns the text that stands for a value too large for D1's 2 MB a row: it names the R2 object with the whole body. */
export function overflowText(overflowKey: string): string {
  return JSON.stringify({ [OVERFLOW_KEY]: overflowKey });
}

/**
 * Returns JSON text without lone surrogates: SQLite would turn their escapes into bytes that are not UTF-8.
 * Almost no body has one, and a search for the escape is far cheaper than a visit to every string.
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  return /\\ud[89a-f]/i.test(text) ? JSON.stringify(wellFormed(value)) : text;
}

function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]));
}

/**
 * Returns whether a text fits into a budget. Encodes it only near the limit: UTF-16 needs at most three bytes a unit.
 * @param budget bytes of UTF-8, which is how D1 counts
 */
export function fits(text: string, budget: number): boolean {
  return text.length * 3 <= budget || new TextEncoder().encode(text).byteLength <= budget;
}
