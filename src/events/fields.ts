import * as z from "zod";
import type { JsonObject } from "./event.ts";

/** One field of a body that does not fit, in the shape of the `errors` of an answer. */
export interface FieldError {
  /** Dotted path into the body, `transcript.3.content`. */
  path: string;
  message: string;
}

// Building code with eval is forbidden in workerd: say so once instead of letting every schema find out.
z.config({ jitless: true });

/**
 * Far above any real id (a UUID has 36 characters); three of them, at three bytes a character, fit the 8,192 bytes of
 * metadata that R2 holds an object (developers.cloudflare.com/r2/platform/limits).
 */
export const MAX_ID_CHARACTERS = 512;

/** An id that may be empty. A lone surrogate has no UTF-8 form, so two ids that differ in one would be the same in D1 and R2. */
export const idOrEmpty = z
  .string()
  .max(MAX_ID_CHARACTERS, `must not be longer than ${MAX_ID_CHARACTERS} characters`)
  .refine((text) => text.isWellFormed(), "must be well-formed Unicode");

export const id = idOrEmpty.min(1, "must not be empty");

/** Longer than any call: what is above it was sent in another unit. */
export const MAX_DURATION_SECONDS = 366 * 24 * 60 * 60;

export const durationSeconds = z.number().max(MAX_DURATION_SECONDS, "must not be longer than 366 days");

/** US dollars. No call costs more: what is above it was sent in another unit. */
export const MAX_COST_USD = 1_000_000;

export const costUsd = z
  .number()
  .min(0, "must not be negative")
  .max(MAX_COST_USD, "must not be more than a million dollars");

/** A day: longer than any call. */
export const latencyMs = z
  .number()
  .min(0, "must not be negative")
  .max(24 * 60 * 60 * 1000, "must not be longer than a day");

/** A version, as some platforms count it and others name it. */
export const versionText = z
  .union([z.string(), z.number()], "Invalid input: expected string or number")
  .transform((value) => String(value).toWellFormed());

/** Free text. A lone surrogate has no UTF-8 form, so the columns hold U+FFFD in its place (Unicode 3.9, D-86). */
export const text = z.string().transform((value) => value.toWellFormed());

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Passes the object through untouched: `z.record` would copy it and drop a key named `__proto__`. */
export const jsonObject = z.custom<JsonObject>(isJsonObject, "Invalid input: expected object");

/** The last millisecond of the years with four digits: beyond them, text order is no longer time order. */
export const MAX_EPOCH_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Milliseconds since 1970. */
export const epochMs = z.number().min(0).max(MAX_EPOCH_MS);

/** Converts milliseconds since 1970 to ISO 8601 UTC; `undefined` outside the years that sort. By hand, since every turn has a time. */
export function isoOfEpoch(ms: unknown): string | undefined {
  return typeof ms === "number" && ms >= 0 && ms <= MAX_EPOCH_MS ? new Date(ms).toISOString() : undefined;
}

const notAnInstant = "Invalid input: expected an ISO 8601 date and time with an offset or Z";

/** The longest form: `2024-07-15T14:30:00.000000000+05:30`. Nothing longer reaches a pattern, which could take long over it. */
const MAX_INSTANT_CHARACTERS = 40;

/** An offset as ISO 8601 writes it besides, `+05` or `+0530`, which JavaScript's dates do not read. */
const shortOffset = /(T[\d:.]+[+-]\d\d)(\d\d)?$/;

/** Seconds may be left out. */
const dateTime = z.union([z.iso.datetime({ offset: true }), z.iso.datetime({ offset: true, precision: -1 })]);

/** Schema of an ISO 8601 date and time with an offset or Z, read as UTC with milliseconds. */
export const instant = z.string(notAnInstant).transform((value, context) => {
  const complete =
    value.length > MAX_INSTANT_CHARACTERS
      ? ""
      : value.replace(shortOffset, (_, hours: string, minutes = "00") => `${hours}:${minutes}`);
  if (!dateTime.safeParse(complete).success) {
    context.issues.push({ code: "custom", message: notAnInstant, input: value });
    return z.NEVER;
  }
  const utc = new Date(complete).toISOString();
  // Years before 0 and after 9999 get a sign and two more digits, and text order is no longer time order.
  if (utc.length !== "2024-07-15T14:30:00.000Z".length) {
    context.issues.push({ code: "custom", message: "must lie within the years 0000 to 9999", input: value });
    return z.NEVER;
  }
  return utc;
});

/** Errors reported of one list: zod spreads them into function calls, and some 120,000 of them overflow the stack. */
const MAX_LIST_ERRORS = 100;

/** Makes the schema of a list of objects, each checked by a schema. Reports a hundred errors at the most. */
export function listOf<Item extends z.ZodObject>(item: Item) {
  const properties = Object.fromEntries(Object.keys(item.shape).map((name) => [name, {}]));
  return z
    .custom<unknown[]>(Array.isArray, "Invalid input: expected array")
    .meta({ items: { properties } })
    .transform((values, context) => {
      const items: z.output<Item>[] = [];
      for (const [index, value] of values.entries()) {
        if (context.issues.length >= MAX_LIST_ERRORS) break;
        const parsed = item.safeParse(value);
        if (parsed.success) items.push(parsed.data);
        else {
          const [issue] = fieldErrors(parsed.error);
          context.issues.push({
            code: "custom",
            input: value,
            message: issue?.message,
            path: issue?.path ? [index, issue.path] : [index],
          });
        }
      }
      return items;
    });
}

type TurnFieldType = "string" | "number" | "boolean" | "array";

/**
 * A conversation: a list of objects in which each of these fields is absent or of its type. Only looked at: the turns stay as they
 * are. By hand, since `z.array` of `z.object` copies every turn, which on a long call took longer than the HMAC and the SHA-256 of
 * the body together.
 */
export function turnList(fields: Readonly<Record<string, TurnFieldType>>) {
  const types = Object.entries(fields);
  return z
    .custom<unknown[]>(Array.isArray, "Invalid input: expected array")
    .meta({ items: { properties: Object.fromEntries(types.map(([name, type]) => [name, { type }])) } })
    .transform((turns, context) => {
      for (let index = 0; index < turns.length && context.issues.length < MAX_LIST_ERRORS; index++) {
        const turn = turns[index];
        const wrong = isJsonObject(turn) ? types.find(([name, type]) => !isOptional(turn[name], type)) : [];
        if (wrong === undefined) continue;
        const [name, type = "object"] = wrong;
        const path = name === undefined ? [index] : [index, name];
        context.issues.push({ code: "custom", input: turn, path, message: `Invalid input: expected ${type}` });
      }
      return turns.filter(isJsonObject);
    });
}

function isOptional(value: unknown, type: TurnFieldType): boolean {
  return value === undefined || value === null || (type === "array" ? Array.isArray(value) : typeof value === type);
}

/** Schema of a transcript, read as the number of its turns. A timestamp is free text (the payload page shows "..."). */
export const transcript = turnList({ role: "string", content: "string", timestamp: "string" }).transform(
  ({ length }) => length,
);

/** Returns the object without the members of some names, or the same object if it has none. */
export function withoutMembers(object: JsonObject, isLeftOut: (name: string) => boolean): JsonObject {
  const entries = Object.entries(object);
  const rest = entries.filter(([name]) => !isLeftOut(name));
  // fromEntries defines own properties, so a member named __proto__ is one like any other.
  return rest.length === entries.length ? object : Object.fromEntries(rest);
}

/** Changes one member of an object if that is an object itself. Returns the same object if nothing changed. */
export function withMember(object: JsonObject, name: string, change: (inner: JsonObject) => JsonObject): JsonObject {
  const inner = Object.hasOwn(object, name) ? object[name] : undefined;
  if (!isJsonObject(inner)) return object;
  const changed = change(inner);
  return changed === inner ? object : { ...object, [name]: changed };
}

/**
 * Copies an object without the keys whose value is null or undefined, since `null` counts as absent.
 * @example present({ a: 1, b: null }) // { a: 1 }
 */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], null | undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], null | undefined> } = {};
  for (const key in fields) {
    const value = fields[key];
    if (isPresent(value)) kept[key] = value;
  }
  return kept;
}

function isPresent<T>(value: T): value is Exclude<T, null | undefined> {
  return value !== null && value !== undefined;
}

/** Returns the issues of a schema as dotted paths with messages, which name types, never values. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message }));
}
