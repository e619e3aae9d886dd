import type { IRequest } from "itty-router";
import * as z from "zod";
import { readJson, readQuery } from "../http/input.ts";
import { decodedPart } from "../http/path.ts";

/** One address of the API with one method: checked, typed and described by the same schemas. */
export interface Operation {
  method: "get" | "post" | "delete";
  /** Below `/api`, as OpenAPI writes it: `/calls/{call_id}`. */
  path: string;
  summary: string;
  query: z.ZodObject;
  body: z.ZodObject;
  /** Media type to the shape of what is sent with 200; anything but JSON is a string. */
  answers: { [mediaType: string]: z.ZodType };
  /** Whether what is asked for may not be there: 404. */
  mayBeMissing: boolean;
  handle(request: IRequest & Request, env: Env, ctx: ExecutionContext): Promise<Response>;
}

/** What a request asked for, checked. */
export interface Asked<Query extends z.ZodObject, Body extends z.ZodObject> {
  query: z.output<Query>;
  body: z.output<Body>;
  /** The parameter of the path, decoded; empty where the path has none. */
  parameter: string;
  request: Request;
}

type Definition<Query extends z.ZodObject, Body extends z.ZodObject> = Omit<
  Operation,
  "query" | "body" | "mayBeMissing" | "handle"
> & {
  query: Query;
  body: Body;
  mayBeMissing?: boolean;
  perform(asked: Asked<Query, Body>, env: Env, ctx: ExecutionContext): Promise<Response>;
};

/** The query or the body of an operation that takes none. */
export const nothing = z.strictObject({});

/** An operation whose query and body are checked before it is performed; what does not fit is answered with 400. */
export function operation<Query extends z.ZodObject, Body extends z.ZodObject>({
  perform,
  mayBeMissing = false,
  ...definition
}: Definition<Query, Body>): Operation {
  return {
    ...definition,
    mayBeMissing,
    async handle(request, env, ctx) {
      const query = readQuery(new URL(request.url), definition.query);
      if (!query.ok) return query.response;
      const body = await readJson(request, definition.body);
      if (!body.ok) return body.response;
      const [parameter = ""] = Object.values(request.params);
      return perform({ query: query.value, body: body.value, parameter: decodedPart(parameter), request }, env, ctx);
    },
  };
}
