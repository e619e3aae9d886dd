import type { StandardSchemaWithJSON } from "@modelcontextprotocol/server";
import * as z from "zod";
import { jsonSchemaOf, parametersOf } from "../http/operation.ts";
import type { Tool } from "./tools.ts";

type Members = Record<string, unknown>;

const members = z.record(z.string(), z.unknown());

/** Describes the arguments of a tool: the parameters of its operation's path and query, with the defaults of the tool. */
export function argumentsSchema({ operation, defaults = {} }: Tool): StandardSchemaWithJSON<Members, Members> {
  const { properties = {}, required = [], ...rest } = jsonSchemaOf(operation.query, "input");
  const path = parametersOf(operation.path);
  const described = Object.entries(properties).map(([name, schema]) => [
    name,
    name in defaults ? { ...Object(schema), default: defaults[name] } : schema,
  ]);
  return describing({
    ...rest,
    properties: {
      ...Object.fromEntries(described),
      ...Object.fromEntries(path.map((name) => [name, { type: "string" }])),
    },
    required: [...path, ...required],
  });
}

/** Describes the answer of a tool: that of its operation. */
export function answerSchema({ operation }: Tool): StandardSchemaWithJSON<Members, Members> {
  return describing(jsonSchemaOf(operation.answers["application/json"] ?? members, "output"));
}

/** Makes a schema that describes and accepts every object: the operation itself checks, and says in its words what is wrong. */
function describing(schema: Members): StandardSchemaWithJSON<Members, Members> {
  return { "~standard": { ...members["~standard"], jsonSchema: { input: () => schema, output: () => schema } } };
}
