import * as z from "zod";
import { jsonSchemaOf, nothing, type Operation, operation, parametersOf } from "../http/operation.ts";
import { BRAND } from "../settings.ts";

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

/** `GET /api/openapi.json`: the API in OpenAPI 3.1, made of the schemas that check its requests. */
export function openapi(operations: readonly Operation[]): Operation {
  const self: Operation = operation({
    method: "get",
    path: "/openapi.json",
    summary: "This document",
    query: nothing,
    body: nothing,
    answers: { "application/json": z.looseObject({ openapi: z.string() }) },
    perform: async () => Response.json(describe([...operations, self])),
  });
  return self;
}

function describe(operations: readonly Operation[]) {
  const paths: Record<string, Record<string, object>> = {};
  for (const each of operations) paths[each.path] = { ...paths[each.path], [each.method]: describeOperation(each) };
  return {
    openapi: "3.1.0",
    info: { title: BRAND, version: "1", description: "Reads the calls of a voice agent, and erases them." },
    servers: [{ url: "/api" }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "API_TOKEN" } },
      schemas: { Problem: jsonSchemaOf(problem, "output") },
      responses: {
        Problem: {
          description: "Problem details (RFC 9457)",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
    },
  };
}

function describeOperation({ method, path, summary, query, body, ...outcome }: Operation): object {
  const { status, answers, started, problems } = outcome;
  const failed = { $ref: "#/components/responses/Problem" };
  const content = Object.entries(answers).map(([type, schema]) => [type, { schema: jsonSchemaOf(schema, "output") }]);
  return {
    summary,
    operationId: `${method}${path.replaceAll(/[^a-z]+(\w?)/g, (_, next: string) => next.toUpperCase())}`,
    parameters: [...pathParameters(path), ...queryParameters(query)],
    ...(method === "post" && {
      requestBody: { content: { "application/json": { schema: jsonSchemaOf(body, "input") } } },
    }),
    responses: {
      [status]: { description: status === 200 ? "OK" : "Accepted", content: Object.fromEntries(content) },
      ...(started && {
        202: { description: "Accepted", content: { "application/json": { schema: jsonSchemaOf(started, "output") } } },
      }),
      400: failed,
      401: failed,
      ...Object.fromEntries(problems.map((problem) => [problem, failed])),
      500: failed,
      503: failed,
    },
  };
}

function pathParameters(path: string): object[] {
  return parametersOf(path).map((name) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters(query: z.ZodObject): object[] {
  const { properties = {}, required = [] } = jsonSchemaOf(query, "input");
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}
