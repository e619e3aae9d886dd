import Papa from "papaparse";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askText } from "./support/ask.ts";
import { documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";
import { COUNTS_PATH, counts } from "./support/stores/counts.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger();
});
afterAll(() => ledger.harness.close());

const download = async (query = "") => {
  const answer = await askText(ledger.url, `/api/calls.csv${query}`);
  return {
    ...answer,
    rows: Papa.parse<Record<string, string>>(answer.text.slice(1), { header: true }).data.slice(0, -1),
  };
};

test("a download is a file that a spreadsheet opens, with every script and line break in its cell", async () => {
  const variables = { note: 'two\nlines, "quoted"', script: "नमस्ते 电话" };
  await post(ledger.url, documentedCall({ call_id: "one" }).end({ variables }));
  const { headers, text, rows } = await download();
  expect(headers.get("Content-Type")).toBe("text/csv; charset=utf-8; header=present");
  expect(headers.get("Content-Disposition")).toBe('attachment; filename="calls.csv"');
  expect(text.startsWith("\ufeffid,call_id,platform,agent_id,status,")).toBe(true);
  expect(text.endsWith("\r\n")).toBe(true);
  expect(rows[0]).toMatchObject({ call_id: "one", platform: "atoms", called_at: "2024-07-15T14:35:00.000Z" });
  expect(JSON.parse(rows[0]?.["variables"] ?? "")).toEqual(variables);
});

test.each([
  ["=HYPERLINK(1)", "'=HYPERLINK(1)"],
  ["+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"],
  ["-2+3", "'-2+3"],
  ["@SUM(1)", "'@SUM(1)"],
  ["\t=1", "\t'=1"],
  ["\r=1", "\r'=1"],
  ["a;=1+1", "a;'=1+1"],
  ["two\n@SUM(1)", "two\n'@SUM(1)"],
  ["＝1+1", "'＝1+1"],
  ["\u200b=1+1", "'\u200b=1+1"],
  ["\u00a0＠SUM(1)", "'\u00a0＠SUM(1)"],
  ["a; b = c", "a; b = c"],
  ["+15551234567", "+15551234567"],
  ["-3.5", "-3.5"],
])("the disposition %j is no formula", async (disposition, expected) => {
  await post(
    ledger.url,
    documentedCall({ call_id: "formula" }).end({ disposition, timestamp: new Date().toISOString() }),
  );
  const { rows } = await download("?agent_id=agent_1");
  expect(rows.find(({ call_id }) => call_id === "formula")?.["disposition"]).toBe(expected);
});

test("all calls that the filter leaves are in it, beyond what one read brings", async () => {
  const insert = ledger.DB.prepare(
    `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions)
     SELECT 'many-' || value, 'atoms', 'busy', 'ended', '2024-01-01T00:00:00.000Z', '', '', '{}'
     FROM json_each(?)`,
  );
  await insert.bind(JSON.stringify(Array.from({ length: 450 }, (_, index) => index))).run();
  const { rows } = await download("?agent_id=busy");
  // Of the very same time: the last to arrive comes first.
  expect(rows.map(({ call_id }) => call_id)).toEqual(Array.from({ length: 450 }, (_, index) => `many-${449 - index}`));
});

test("of many calls it takes far fewer queries than the 1,000 of an invocation", async () => {
  const counting = await bootLedger({ main: "test/support/stores/counting-ledger.ts" });
  await counting.DB.prepare(
    `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions)
     SELECT 'many-' || value, 'atoms', 'a', 'ended', '2024-01-01T00:00:00.000Z', '', '', '{}' FROM json_each(?)`,
  )
    .bind(JSON.stringify(Array.from({ length: 12_000 }, (_, index) => index)))
    .run();
  const { text } = await askText(counting.url, "/api/calls.csv");
  expect(text.split("\r\n")).toHaveLength(12_000 + 2);
  const { d1RoundTrips } = counts.parse(await (await fetch(new URL(COUNTS_PATH, counting.url))).json());
  expect(d1RoundTrips).toBeLessThan(12);
  await counting.harness.close();
});

test("of the largest calls it reads a few at a time, and sends them all", async () => {
  const counting = await bootLedger({ main: "test/support/stores/counting-ledger.ts" });
  await counting.DB.prepare(
    `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions,
       variables, metrics, summary)
     SELECT 'large-' || value, 'atoms', 'a', 'ended', '2024-01-01T00:00:00.000Z', '', '', '{}',
       json_object('v', hex(zeroblob(445000))), json_object('m', hex(zeroblob(295000))), hex(zeroblob(95000))
     FROM json_each(?)`,
  )
    .bind(JSON.stringify(Array.from({ length: 20 }, (_, index) => index)))
    .run();
  const { text } = await askText(counting.url, "/api/calls.csv");
  expect(text.match(/large-\d+/g)).toEqual(Array.from({ length: 20 }, (_, index) => `large-${19 - index}`));
  const { d1RoundTrips } = counts.parse(await (await fetch(new URL(COUNTS_PATH, counting.url))).json());
  // Five of 1.7 MB have 8 MB; and one for the names of metrics.
  expect(d1RoundTrips).toBe(5);
  await counting.harness.close();
});

test("metrics have a column each, of those that the calls have, and no value is a formula", async () => {
  const metrics = {
    score: 4.5,
    done: true,
    note: "=1+1",
    "a;=b": "x",
    list: [1, "=2"],
    none: null,
    ["long ".repeat(50)]: 1,
  };
  const call = (call_id: string) => documentedCall({ call_id, agent_id: "measured" });
  await post(ledger.url, call("measured").end());
  await post(ledger.url, call("measured").analytics({ metrics }));
  await post(ledger.url, call("measured-less").analytics({ metrics: { score: "high" } }));
  await post(ledger.url, call("not-measured").end());
  const { rows } = await download("?agent_id=measured");
  const columns = Object.keys(rows[0] ?? {}).filter((column) => column.startsWith("metric:"));
  expect(columns).toEqual(["metric:a;'=b", "metric:done", "metric:list", "metric:none", "metric:note", "metric:score"]);
  const row = (call_id: string) => rows.find((each) => each["call_id"] === call_id);
  expect(row("measured")).toMatchObject({
    ...{
      "metric:score": "4.5",
      "metric:done": "true",
      "metric:note": "'=1+1",
      "metric:list": '[1,"=2"]',
      "metric:none": "",
    },
    "metric:a;'=b": "x",
  });
  expect(JSON.parse(row("measured")?.["metrics"] ?? "")).toMatchObject({ score: 4.5, done: true });
  expect(row("measured-less")).toMatchObject({ "metric:score": "high", "metric:done": "" });
  expect(row("not-measured")).toMatchObject({ "metric:score": "" });
});

test("without calls there is still a header", async () => {
  expect((await download("?agent_id=nobody")).text).toMatch(/^\ufeffid,call_id,.*\r\n$/);
});
