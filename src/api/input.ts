import type { IRequest } from "itty-router";
import type * as z from "zod";
import { misfitsOf } from "../events/fields.ts";
import { problemResponse } from "../problem.ts";

/** What a request asks for, or the answer that says what is wrong with it. */
export type Input<T> = { ok: true; value: T } | { ok: false; response: Response };

/** Checks the query of a request. */
export function readQuery<T>(request: IRequest, schema: z.ZodType<T>): Input<T> {
  return check(request.query, schema);
}

/** Checks the JSON body of a request; no body is an empty object. */
export async function readJson<T>(request: Request, schema: z.ZodType<T>): Promise<Input<T>> {
  const text = await request.text();
  try {
    return check(text === "" ? {} : JSON.parse(text), schema);
  } catch {
    return refuse([{ path: "", message: "The body is not JSON" }]);
  }
}

function check<T>(value: unknown, schema: z.ZodType<T>): Input<T> {
  const parsed = schema.safeParse(value);
  return parsed.success ? { ok: true, value: parsed.data } : refuse(misfitsOf(parsed.error));
}

function refuse(errors: { path: string; message: string }[]): { ok: false; response: Response } {
  const detail = errors.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
  const response = problemResponse({
    status: 400,
    type: "invalid-request",
    title: "The request does not fit",
    detail,
    errors,
  });
  return { ok: false, response };
}
