import * as z from "zod";
import { problemResponse } from "./problem.ts";

/** Checked input, or the answer that names its errors. */
export type Input<T> = { ok: true; value: T } | { ok: false; response: Response };

/**
 * Checks the query of a request. A parameter that is there twice counts with its last value, unless its schema is a list; an empty
 * one counts as absent.
 */
export function readQuery<Schema extends z.ZodObject>(url: URL, schema: Schema): Input<z.output<Schema>> {
  return check(queryValues(url.searchParams, schema), schema);
}

/** The parameters of a query: a text each, and a list of texts for those whose schema is a list. */
export function queryValues(query: URLSearchParams, schema: z.ZodObject): { [name: string]: string | string[] } {
  const given = [...query].filter(([, value]) => value !== "");
  return Object.fromEntries(
    given.map(([name, value]) => [name, isList(schema.shape[name]) ? valuesNamed(given, name) : value]),
  );
}

function valuesNamed(given: readonly [string, string][], name: string): string[] {
  return given.filter(([each]) => each === name).map(([, value]) => value);
}

function isList(schema: unknown): boolean {
  return schema instanceof z.ZodOptional ? isList(schema.unwrap()) : schema instanceof z.ZodArray;
}

/** Checks the JSON body of a request; no body is an empty object. */
export async function readJson<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<Input<z.output<Schema>>> {
  const text = await request.text();
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    return { ok: false, response: invalidRequest([{ path: "", message: "The body is not JSON" }]) };
  }
  return check(value, schema);
}

/** Checks the fields of a form. A field that is there twice counts with its last value, an empty one as absent. */
export async function readForm<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<Input<z.output<Schema>>> {
  const fields = [...(await request.formData())].filter(([, value]) => value !== "");
  return check(Object.fromEntries(fields), schema);
}

/** Checks what came in otherwise. */
export function check<Schema extends z.ZodType>(value: unknown, schema: Schema): Input<z.output<Schema>> {
  const parsed = schema.safeParse(value);
  return parsed.success
    ? { ok: true, value: parsed.data }
    : { ok: false, response: invalidRequest(parsed.error.issues.flatMap(namedIssues)) };
}

/** Names each unknown key; zod reports them at the object they are in. */
function namedIssues(issue: z.core.$ZodIssue): { path: string; message: string }[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((path) => ({ path, message: "is not known here" }));
  return [{ path: issue.path.map(String).join("."), message: issue.message }];
}

/** Returns the 400 that names each wrong parameter. */
export function invalidRequest(errors: { path: string; message: string }[]): Response {
  const detail = errors.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
  return problemResponse({
    status: 400,
    type: "invalid-request",
    title: "The request does not fit",
    detail,
    errors,
  });
}

/** Decodes a part of a path, once. Malformed percent-encoding stays as it is, and matches nothing. */
export function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
