import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { apiEnv, apiRequests, requestApi } from "./support/api-requests.ts";
import { askText } from "./support/ask.ts";
import { SYNC_SECRET } from "./support/downstream.ts";
import { documentedCall } from "./support/events.ts";
import { giveExport } from "./support/exported.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";
import { giveRecording } from "./support/recordings.ts";

const schema = z.record(z.string(), z.unknown());
const contents = z.record(z.string(), z.object({ schema }));
const operation = z.object({
  summary: z.string(),
  operationId: z.string(),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.enum(["path", "query"]), required: z.boolean() })),
  requestBody: z.object({ content: contents }).optional(),
  responses: z.record(z.string(), z.unknown()),
});
const description = z.object({
  openapi: z.literal("3.1.0"),
  paths: z.record(z.string(), z.partialRecord(z.enum(["get", "post", "delete"]), operation)),
  components: z.object({ schemas: z.object({ Problem: schema }) }),
});

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let paths: z.infer<typeof description>["paths"];
let problem: z.infer<typeof schema>;
let job: string;
/** The answer to a range that is sent again. */
let range: unknown;
beforeAll(async () => {
  ledger = await bootLedger({ env: { SYNC_URL: "http://127.0.0.1:1/", SYNC_SECRET, ...apiEnv } });
  const call = documentedCall({ call_id: "call-1" });
  for (const event of [call.start(), call.end(), call.analytics()]) await post(ledger.url, event);
  await giveRecording(ledger, "call-1");
  await giveExport(ledger);
  for (const call_id of ["call-2", "call-3"]) await post(ledger.url, documentedCall({ call_id }).start());
  await post(ledger.url, { event: "call.start" });
  const started = await requestApi(ledger.url, "delete", { path: "/calls/call-3" });
  job = z.object({ job: z.string() }).parse(await started.json()).job;
  const body = { from: "2024-07-15", to: "2024-07-15" };
  range = await (await requestApi(ledger.url, "post", { path: "/deliveries/retry", body })).json();
  const { text } = await askText(ledger.url, "/api/openapi.json");
  const document = description.parse(JSON.parse(text));
  paths = document.paths;
  problem = document.components.schemas.Problem;
});
afterAll(() => ledger.harness.close());

/** A route with the request that it answers well. */
const routes = Object.entries(apiRequests).map(([route, request]) => {
  const [method = "", template = ""] = route.split(" ");
  return { route, method, template, request };
});
const pathOf = ({ path }: { path: string }) => path.replace("{job}", job).replace("{range}", String(Object(range).job));

test("every route is described, and every description is a route", () => {
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(described.sort()).toEqual(Object.keys(apiRequests).sort());
});

test("every route has a name of its own, for clients that are made from the document", () => {
  const names = Object.values(paths).flatMap((methods) => Object.values(methods).map((each) => each.operationId));
  expect(new Set(names).size).toBe(routes.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+[A-Za-z]*$/);
});

test.each(routes)("the answer of $route is as described", async ({ method, template, request }) => {
  const response = await requestApi(ledger.url, method, { ...request, path: pathOf(request) });
  expect(response.status).toBe(request.status);
  const described = operationOf(template, method).responses;
  expect(Object.keys(described).filter((status) => status.startsWith("2"))).toContain(String(request.status));
  const content = z.object({ content: contents }).parse(described[request.status]).content;
  const type = response.headers.get("Content-Type")?.split(";")[0] ?? "";
  expect(Object.keys(content)).toContain(type);
  if (type !== "application/json") return;
  expectValid(content[type]?.schema, await response.json());
});

test("the answer to a range that is sent again is as described", () => {
  const described = operationOf("/deliveries/retry", "post").responses["202"];
  expectValid(z.object({ content: contents }).parse(described).content["application/json"]?.schema, range);
});

test.each([
  ["delete", { path: "/calls/call-4" }],
  ["post", { path: "/erasures", body: { caller_phone: "+15559999998" } }],
])("an erasure by %s is accepted, and its answer names where to look how far it is", async (method, request) => {
  await post(ledger.url, documentedCall({ call_id: "call-4" }).start());
  const response = await requestApi(ledger.url, method, request);
  expect(response.status).toBe(202);
  const started = z.object({ job: z.string() }).parse(await response.json());
  expect(response.headers.get("Location")).toBe(`/api/jobs/${started.job}`);
  const looked = await requestApi(ledger.url, "get", { path: `/jobs/${started.job}` });
  expect(looked.status).toBe(200);
});

describe("problems", () => {
  test.each(routes)("of $route are described", ({ method, template }) => {
    const statuses = Object.keys(operationOf(template, method).responses);
    expect(statuses).toEqual(expect.arrayContaining(["400", "401", "500", "503"]));
    if (template.includes("{")) expect(statuses).toContain("404");
  });

  test.each([
    ["400", "get", "/calls?limit=0"],
    ["404", "get", "/calls/nobody"],
    ["404", "get", "/calls/nobody/transcript"],
    ["404", "get", "/calls/nobody/recording"],
    ["404", "get", "/calls/call-2/recording"],
    ["404", "get", "/jobs/nobody"],
    ["404", "delete", "/calls/nobody"],
  ])("a %s for %s %s is as described", async (status, method, path) => {
    const response = await requestApi(ledger.url, method, { path });
    expect(String(response.status)).toBe(status);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expectValid(problem, await response.json());
  });
});

describe("parameters", () => {
  test.each(routes)("$route refuses one that is not described, and names it", async ({ method, template, request }) => {
    expect(operationOf(template, method).parameters.map(({ name }) => name)).not.toContain("surprise");
    const response = await requestApi(ledger.url, method, { ...request, path: `${pathOf(request)}?surprise=1` });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ path: "surprise" }] });
  });

  test("of the listing are those of its schema", () => {
    const names = operationOf("/calls", "get").parameters.map(({ name }) => name);
    const expected =
      "platform agent_id agent_version agent_phone call_direction disposition status from to min_duration max_duration min_cost " +
      "has_recording tool tool_status metric q phone words limit cursor count";
    expect(names).toEqual(expected.split(" "));
  });

  test("that may be repeated are lists, and those to choose from say from what", () => {
    const named = (name: string) => operationOf("/calls", "get").parameters.find((each) => each.name === name);
    expect(named("metric")).toMatchObject({ schema: { type: "array", items: { type: "string" } } });
    expect(named("has_recording")).toMatchObject({ schema: { enum: ["true", "false"] } });
    expect(named("min_duration")).toMatchObject({ schema: { type: "number" } });
  });

  test.each(["/calls/{call_id}", "/calls/{call_id}/transcript", "/calls/{call_id}/recording", "/jobs/{id}"])(
    "of the path %s are there",
    (template) => {
      const named = operationOf(template, "get").parameters.filter((parameter) => parameter.in === "path");
      expect(named).toEqual([expect.objectContaining({ name: /\{(\w+)\}/.exec(template)?.[1], required: true })]);
    },
  );

  test("of a body are those of its schema", () => {
    const { requestBody } = operationOf("/erasures", "post");
    expect(requestBody?.content["application/json"]?.schema).toMatchObject({
      type: "object",
      properties: { caller_phone: { type: "string" } },
      required: ["caller_phone"],
    });
  });
});

test.each(routes)("$route answers another method with 405 and what it allows", async ({ template, request }) => {
  const response = await requestApi(ledger.url, "patch", { path: pathOf(request) });
  expect(response.status).toBe(405);
  const allowed = Object.keys(paths[template] ?? {}).flatMap((method) =>
    method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()],
  );
  expect(response.headers.get("Allow")).toBe(allowed.join(", "));
});

function operationOf(path: string, method: string) {
  return operation.parse(Object(paths[path])[method]);
}

function expectValid(shape: z.infer<typeof schema> | undefined, value: unknown) {
  const validate = new Ajv2020({ strict: false }).compile(shape ?? false);
  expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
}
