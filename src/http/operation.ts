import type { IRequest } from "itty-router";
import * as z from "zod";
import { check, decodedPart, readJson, readQuery } from "./input.ts";

/** One address of the API with one method: checked, typed and described by the same schemas. A tool of `/mcp` performs the same. */
export interface Operation {
  method: "get" | "post" | "delete";
  /** Below `/api`, as OpenAPI writes it: `/calls/{call_id}`. */
  path: string;
  summary: string;
  query: z.ZodObject;
  body: z.ZodObject;
  /** The status of an answer that is no problem. */
  status: 200 | 202;
  /** Media type to the shape of such an answer; anything but JSON is a string. */
  answers: { [mediaType: string]: z.ZodType };
  /** The answer of 202, of an operation that starts a job only at times. */
  started?: z.ZodType;
  /** Problems it may answer with besides those of every operation. */
  problems: readonly (404 | 409)[];
  handle(request: IRequest & Request, env: Env, ctx: ExecutionContext): Promise<Response>;
  /** Answers a request to another address, for an operation without a body: checks the query and performs the same. */
  answer(unchecked: UncheckedRequest, env: Env, ctx: ExecutionContext): Promise<Response>;
}

/** A request to another address. */
export interface UncheckedRequest {
  /** As `readQuery` has it: values that are absent have no member. */
  query: Record<string, unknown>;
  parameter: string;
  request: Request;
}

/** A request, checked. */
export interface CheckedRequest<Query extends z.ZodObject, Body extends z.ZodObject> {
  query: z.output<Query>;
  body: z.output<Body>;
  /** The parameter of the path, decoded; empty where the path has none. */
  parameter: string;
  request: Request;
}

type Definition<Query extends z.ZodObject, Body extends z.ZodObject> = Omit<
  Operation,
  "query" | "body" | "status" | "problems" | "handle" | "answer"
> & {
  query: Query;
  body: Body;
  status?: 202;
  problems?: Operation["problems"];
  perform(checked: CheckedRequest<Query, Body>, env: Env, ctx: ExecutionContext): Promise<Response>;
};

/** The cursor of the next page. */
export const nextCursor = z
  .string()
  .nullable()
  .describe("null: there is nothing more; else there may be, even where this answer has few or none");

/** The query or the body of an operation that takes none. */
export const nothing = z.strictObject({});

/** Makes an operation that checks its query and body first, and answers 400 if they are wrong. */
export function operation<Query extends z.ZodObject, Body extends z.ZodObject>({
  perform,
  status,
  problems = [],
  ...definition
}: Definition<Query, Body>): Operation {
  return {
    ...definition,
    status: status ?? 200,
    problems,
    async handle(request, env, ctx) {
      const query = readQuery(new URL(request.url), definition.query);
      if (!query.ok) return query.response;
      const body = await readJson(request, definition.body);
      if (!body.ok) return body.response;
      const [segment = ""] = Object.values(request.params);
      return perform(
        { query: query.value, body: body.value, parameter: parameterOf(segment, request), request },
        env,
        ctx,
      );
    },
    async answer({ query: given, ...rest }, env, ctx) {
      const query = check(given, definition.query);
      if (!query.ok) return query.response;
      const body = check({}, definition.body);
      if (!body.ok) return body.response;
      return perform({ query: query.value, body: body.value, ...rest }, env, ctx);
    },
  };
}

/** Returns the names of the parameters of a path, as OpenAPI writes it. */
export function parametersOf(path: string): string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = ""]) => name);
}

/**
 * Describes a schema as JSON Schema.
 * @param io the shape in a request or in an answer; a default makes these differ
 */
export function jsonSchemaOf(schema: z.ZodType, io: "input" | "output") {
  // A value that a schema transforms is described as it is sent.
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return described;
}

/** Clients resolve `.` and `..` in a path, even percent-encoded (url.spec.whatwg.org), so these ids come in the query. */
const dotId = z
  .enum([".", ".."])
  .optional()
  .describe("for the ids . and .., which no path can hold: /calls/by-id?call_id=..");

/** The query of an operation on one call. */
export const callQuery = z.strictObject({ call_id: dotId });

function parameterOf(segment: string, request: Request): string {
  const id = new URL(request.url).searchParams.get("call_id");
  return segment === "by-id" && id ? id : decodedPart(segment);
}
