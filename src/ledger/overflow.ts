import { isJsonObject } from "../events/fields.ts";

/** The key under which a column names the R2 object that has its value. */
export const OVERFLOW_KEY = "$overflow";

/** What a column holds in place of a value that would take its row past D1's 2 MB: names the R2 object with the whole body. */
export function overflowText(overflowKey: string): string {
  return JSON.stringify({ [OVERFLOW_KEY]: overflowKey });
}

/**
 * JSON text in which no string has a lone surrogate: SQLite would turn its escape into bytes that are not UTF-8.
 * Almost no body has one, and looking for the escape is far cheaper than looking at every string.
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
 * Whether a text fits, without encoding it when it plainly does: UTF-16 needs at most three bytes a unit.
 * @param budget bytes of UTF-8, which is how D1 counts
 */
export function fits(text: string, budget: number): boolean {
  return text.length * 3 <= budget || new TextEncoder().encode(text).byteLength <= budget;
}
