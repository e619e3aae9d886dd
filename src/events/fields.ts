import * as z from "zod";
import type { JsonObject } from "./event.ts";
import type { Decoded, FieldError } from "./format.ts";

// Building code with eval is forbidden in workerd: say so once instead of letting every schema find out.
z.config({ jitless: true });

/**
 * Far above any real id (a UUID has 36 characters); three of them, at three bytes a character, fit the 8,192 bytes of
 * metadata that R2 holds an object (developers.cloudflare.com/r2/platform/limits).
 */
export const MAX_ID_CHARACTERS = 512;

/** A non-empty id, well-formed so that D1 and R2 keep the same text. */
export const id = z
  .string()
  .min(1, "must not be empty")
  .max(MAX_ID_CHARACTERS, `must not be longer than ${MAX_ID_CHARACTERS} characters`)
  .transform((text) => text.toWellFormed());

/** Free text. A lone surrogate has no UTF-8 form, so the columns hold U+FFFD in its place (Unicode 3.9, D-86). */
export const text = z.string().transform((value) => value.toWellFormed());

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Passes the object through untouched: `z.record` would copy it and drop a key named `__proto__`. */
export const jsonObject = z.custom<JsonObject>(isJsonObject, "Invalid input: expected object");

const notAnInstant = { error: "Invalid input: expected an ISO 8601 date and time with an offset or Z" };

/** An offset as ISO 8601 writes it besides, `+05` or `+0530`, which JavaScript's dates do not read. */
const shortOffset = /(T.+[+-]\d\d)(\d\d)?$/;

/** An ISO 8601 date and time with an offset or Z, to UTC with milliseconds. Seconds may be left out. */
export const instant = z
  .string(notAnInstant)
  .overwrite((value) => value.replace(shortOffset, (_, hours: string, minutes = "00") => `${hours}:${minutes}`))
  .pipe(z.union([z.iso.datetime({ offset: true }), z.iso.datetime({ offset: true, precision: -1 })], notAnInstant))
  .transform((value) => new Date(value).toISOString())
  // Years before 0 and after 9999 get a sign and two more digits, and text order is no longer time order.
  .refine((value) => value.length === 24, "must lie within the years 0000 to 9999");

/** Misfits of one list that are told: zod spreads them into calls, and some 120,000 of them overflow the stack. */
const MAX_MISFITS = 100;

/** A list of objects, each checked by a schema, of which the misfits beyond a hundred are not told. */
export function listOf<Item extends z.ZodObject>(item: Item) {
  const properties = Object.fromEntries(Object.keys(item.shape).map((name) => [name, {}]));
  return z
    .custom<unknown[]>(Array.isArray, "Invalid input: expected array")
    .meta({ items: { properties } })
    .transform((values, context) => {
      const items: z.output<Item>[] = [];
      for (const [index, value] of values.entries()) {
        if (context.issues.length >= MAX_MISFITS) break;
        const parsed = item.safeParse(value);
        if (parsed.success) items.push(parsed.data);
        else {
          const [issue] = misfitsOf(parsed.error);
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

/** What a turn is checked for: strings, or absent. A timestamp is free text too (the payload page shows "..."). */
const turnFields = ["role", "content", "timestamp"] as const;

/**
 * A transcript, to the number of its turns. Only looked at: the turns stay in the body. By hand, since `z.array` of
 * `z.object` copies every turn, which on a long call took longer than the HMAC and the SHA-256 of the body together.
 */
export const transcript = z
  .custom<unknown[]>(Array.isArray, "Invalid input: expected array")
  .meta({ items: { properties: Object.fromEntries(turnFields.map((field) => [field, { type: "string" }])) } })
  .transform((turns, context) => {
    for (let index = 0; index < turns.length && context.issues.length < MAX_MISFITS; index++) {
      const turn = turns[index];
      if (!isTurn(turn)) context.issues.push({ code: "custom", input: turn, ...turnMisfit(turn, index) });
    }
    return turns.length;
  });

function isTurn(turn: unknown): boolean {
  return (
    isJsonObject(turn) &&
    isOptionalText(turn["role"]) &&
    isOptionalText(turn["content"]) &&
    isOptionalText(turn["timestamp"])
  );
}

function isOptionalText(value: unknown): boolean {
  return typeof value === "string" || value === undefined || value === null;
}

function turnMisfit(turn: unknown, index: number): { path: (string | number)[]; message: string } {
  if (!isJsonObject(turn)) return { path: [index], message: "Invalid input: expected object" };
  const field = turnFields.find((name) => !isOptionalText(turn[name])) ?? "";
  return { path: [index, field], message: "Invalid input: expected string" };
}

/** The object without its `transcript`; the very same object when it has none. */
export function withoutTranscript(object: JsonObject): JsonObject {
  if (!Object.hasOwn(object, "transcript")) return object;
  const { transcript: _said, ...rest } = object;
  return rest;
}

/**
 * The same object without the keys whose value is null or undefined, since `null` counts as absent.
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

/** A schema's complaints as dotted paths with messages; they name types, never values. */
export function misfitsOf(error: z.ZodError): FieldError[] {
  return error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message }));
}

/** The same as the outcome of decoding. */
export function invalid(error: z.ZodError): Decoded & { ok: false } {
  return { ok: false, errors: misfitsOf(error) };
}
