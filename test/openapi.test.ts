import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { askText } from "./support/ask.ts";
import { documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";

const contents = z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()) }));
const operation = z.object({
  summary: z.string(),
  operationId: z.string(),
  parameters: z.array(z.object({ name: z.string(), in: z.enum(["path", "query"]), required: z.boolean() })),
  requestBody: z.object({ content: contents }).optional(),
  responses: z.record(z.string(), z.unknown()),
});
const description = z.object({
  openapi: z.literal("3.1.0"),
  paths: z.record(z.string(), z.partialRecord(z.enum(["get", "post", "delete"]), operation)),
});

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let paths: z.infer<typeof description>["paths"];
beforeAll(async () => {
  ledger = await bootLedger({ env: { SYNC_URL: "http://127.0.0.1:1/" } });
  const call = documentedCall({ call_id: "call-1" });
  for (const event of [call.start(), call.end(), call.analytics()]) await post(ledger.url, event);
  await post(ledger.url, documentedCall({ call_id: "call-2" }).start());
  await post(ledger.url, { event: "call.start" });
  const { text } = await askText(ledger.url, "/api/openapi.json");
  paths = description.parse(JSON.parse(text)).paths;
});
afterAll(() => ledger.harness.close());

/** What is asked of each route, and that there is one for each is tested below. */
const asked: { [route: string]: { path: string; headers?: Record<string, string> } } = {
  "get /calls": { path: "/calls" },
  "get /calls.csv": { path: "/calls.csv" },
  "get /calls/{call_id}": { path: "/calls/call-1" },
  "get /calls/{call_id}/transcript": { path: "/calls/call-1/transcript" },
  "delete /calls/{call_id}": { path: "/calls/call-2" },
  "delete /calls": { path: "/calls?caller_phone=%2B15559999999" },
  "get /stats": { path: "/stats" },
  "get /deliveries": { path: "/deliveries" },
  "post /deliveries/retry": { path: "/deliveries/retry" },
  "get /quarantine": { path: "/quarantine" },
  "post /quarantine/replay": { path: "/quarantine/replay" },
  "get /parked": { path: "/parked" },
  "post /transcripts/index": { path: "/transcripts/index" },
  "get /openapi.json": { path: "/openapi.json" },
};

test("every route is described, and every description is a route", () => {
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(described.sort()).toEqual(Object.keys(asked).sort());
});

test.each(Object.entries(asked))("the answer of %s is as described", async (route, { path }) => {
  const [method = "", template = ""] = route.split(" ");
  const response = await fetch(new URL(`/api${path}`, ledger.url), {
    method: method.toUpperCase(),
    headers: { Authorization: "Bearer token-of-the-tests" },
  });
  expect(response.status).toBe(200);
  const described = operationOf(template, method).responses["200"];
  const content = z.object({ content: contents }).parse(described).content;
  const type = response.headers.get("Content-Type")?.split(";")[0] ?? "";
  expect(Object.keys(content)).toContain(type);
  if (type !== "application/json") return;
  const validate = new Ajv2020({ strict: false }).compile(content[type]?.schema ?? false);
  expect(validate(await response.json()), JSON.stringify(validate.errors)).toBe(true);
});

describe("parameters", () => {
  test.each(Object.keys(asked))("%s refuses one that is not described, and names it", async (route) => {
    const [method = "", template = ""] = route.split(" ");
    expect(operationOf(template, method).parameters.map(({ name }) => name)).not.toContain("surprise");
    const response = await fetch(new URL(`/api${withSurprise(asked[route]?.path)}`, ledger.url), {
      method: method.toUpperCase(),
      headers: { Authorization: "Bearer token-of-the-tests" },
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ path: "surprise" }] });
  });

  test("of the listing are those of its schema", () => {
    const names = operationOf("/calls", "get").parameters.map(({ name }) => name);
    const expected = "agent_id call_direction disposition status from to q limit cursor";
    expect(names).toEqual(expected.split(" "));
  });
});

test.each(Object.keys(asked))("%s answers another method with 405 and what it allows", async (route) => {
  const [, template = ""] = route.split(" ");
  const response = await fetch(new URL(`/api${asked[route]?.path}`, ledger.url), {
    method: "PATCH",
    headers: { Authorization: "Bearer token-of-the-tests" },
  });
  expect(response.status).toBe(405);
  const allowed = Object.keys(paths[template] ?? {}).map((method) => method.toUpperCase());
  expect(response.headers.get("Allow")).toBe(allowed.join(", "));
});

function withSurprise(path = ""): string {
  return `${path}${path.includes("?") ? "&" : "?"}surprise=1`;
}

function operationOf(path: string, method: string) {
  return operation.parse(Object(paths[path])[method]);
}
