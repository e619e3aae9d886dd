import type { JsonObject } from "../events/event.ts";
import { isJsonObject } from "../events/fields.ts";

/** The key under which a JSON column that was cut names the R2 object with the whole body. */
export const OVERFLOW_KEY = "$overflow";

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

/** UTF-8 length in bytes, which is how D1 counts. */
export function byteLength(text: string): number {
  return beyondAscii.test(text) ? new TextEncoder().encode(text).byteLength : text.length;
}

/** Looked for first, since to encode the many short texts of a large object takes ten times as long. */
const beyondAscii = /[^\0-\x7f]/;

/** Whether a text fits, without encoding it when it plainly does: UTF-16 needs at most three bytes a unit. */
export function fits(text: string, budget: number): boolean {
  return text.length * 3 <= budget || byteLength(text) <= budget;
}

/**
 * Writes the JSON of an object within a budget: keeps entries in order as long as they fit, inner objects as far as they fit.
 * Where it cuts, `$overflow` names the R2 object that has the rest.
 * @param budget bytes
 * @param overflowKey the R2 key of the whole body
 */
export function fitObject(object: JsonObject, budget: number, overflowKey: string): string {
  const marker = { [OVERFLOW_KEY]: overflowKey };
  // Assigned, since to copy a large object takes longer than all the rest.
  return jsonText(Object.assign(fittingEntries(object, budget - jsonSize(marker), FITTED_LEVELS), marker));
}

/**
 * The beginning of a text, within a budget, and where the rest is.
 * @param budget bytes
 */
export function fitText(text: string, budget: number, overflowKey: string): string {
  const pointer = `… (the rest is in ${overflowKey})`;
  const room = new Uint8Array(budget - byteLength(pointer));
  const { read } = new TextEncoder().encodeInto(text, room);
  return text.slice(0, read) + pointer;
}

/** Each level is measured once more, and a hostile body has hundreds; a platform's payload has four. */
const FITTED_LEVELS = 4;

/** Entries that did not fit, one after the other, after which the rest is not tried: a hostile body has a million of them. */
const MAX_REJECTED_ENTRIES = 1_000;

function fittingEntries(object: JsonObject, budget: number, levels: number): JsonObject {
  let left = budget - "{}".length;
  let rejected = 0;
  const kept: [string, unknown][] = [];
  for (const key of Object.keys(object)) {
    if (rejected === MAX_REJECTED_ENTRIES) break;
    rejected++;
    const value = object[key];
    const overhead = jsonSize(key) + ":,".length;
    const size = jsonSize(value) + overhead;
    if (size <= left) {
      kept.push([key, value]);
      left -= size;
      rejected = 0;
    } else if (isJsonObject(value) && levels > 1) {
      const part = fittingEntries(value, left - overhead, levels - 1);
      kept.push([key, part]);
      left -= jsonSize(part) + overhead;
    }
  }
  // fromEntries defines own properties: a key named __proto__ is kept like any other.
  return Object.fromEntries(kept);
}

function jsonSize(value: unknown): number {
  return byteLength(JSON.stringify(value));
}
