import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { documentedEvent } from "../src/platforms/atoms/documented.ts";
import { atomsEvent } from "../src/platforms/atoms/envelope.ts";
import { customJsonSchema } from "../src/platforms/custom/json-schema.ts";
import { elevenLabsEvent } from "../src/platforms/elevenlabs/payload.ts";
import { retellEvent } from "../src/platforms/retell/payload.ts";
import { vapiEvent } from "../src/platforms/vapi/payload.ts";

const jsonSchema = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
});

/** Dotted paths of every field a schema names, to whether the field is required wherever it can stand. */
function fieldsOf(schema: unknown, prefix = ""): Map<string, boolean> {
  const { properties = {}, required = [], anyOf = [], oneOf = [], items } = jsonSchema.parse(schema);
  const fields = new Map<string, boolean>();
  for (const [name, inner] of Object.entries(properties)) {
    fields.set(prefix + name, required.includes(name));
    for (const [path, isRequired] of fieldsOf(inner, `${prefix}${name}.`)) fields.set(path, isRequired);
  }
  for (const inner of [...anyOf, ...oneOf]) {
    for (const [path, isRequired] of fieldsOf(inner, prefix))
      fields.set(path, isRequired && fields.get(path) !== false);
  }
  if (items !== undefined) {
    for (const [path, isRequired] of fieldsOf(items, `${prefix.slice(0, -1)}[].`)) fields.set(path, isRequired);
  }
  return fields;
}

/** The rows `| \`field\` | required |` of the table under a heading of a platform's README. */
function documentedFields(platform: string, heading: string): Map<string, boolean> {
  const readme = readFileSync(resolve(import.meta.dirname, `../src/platforms/${platform}/README.md`), "utf8");
  const section = readme.split(`## ${heading}\n`)[1]?.split("\n#")[0] ?? "";
  const rows = section.matchAll(/^\| `([^`]+)` \| (yes|no) \|/gm);
  return new Map(Array.from(rows, ([, field = "", required]) => [field, required === "yes"]));
}

test.each([
  ["atoms", "Documented vocabulary", documentedEvent],
  ["atoms", "Platform vocabulary", atomsEvent],
  ["retell", "Fields", retellEvent],
  ["vapi", "Fields", vapiEvent],
  ["elevenlabs", "Fields", elevenLabsEvent],
  ["custom", "Fields", customJsonSchema()],
])("the table that the README of %s has under %s is what the schemas check", (platform, heading, schema) => {
  const options = { io: "input", unrepresentable: "any" } as const;
  const json = schema instanceof z.ZodType ? z.toJSONSchema(schema, options) : schema;
  const expected = [...fieldsOf(json)].sort();
  expect([...documentedFields(platform, heading)].sort()).toEqual(expected);
});

test("the destination that the README of sync shows is the one that runs", () => {
  const read = (path: string) => readFileSync(resolve(import.meta.dirname, "../src/sync", path), "utf8");
  const [, shown = expect.unreachable()] = /^```ts\n(.*?)^```/ms.exec(read("README.md")) ?? [];
  expect(read("destinations/slack.ts")).toContain(shown);
});
