import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, askText } from "./support/ask.ts";
import { documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";
import { signIn } from "./support/sign-in.ts";
import { COUNTS_PATH, counts } from "./support/stores/counts.ts";

/** What a page looks at, at most. */
const LOOKED_AT = 20_000;

const PHONE = "+15550001000";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger();
  const oldest = documentedCall({ call_id: "oldest", agent_id: "rare" });
  const words = [{ role: "user", content: "A zebra.", timestamp: "..." }];
  await post(ledger.url, oldest.start({ caller_phone: PHONE }));
  await post(ledger.url, oldest.end({ transcript: words, disposition: "rare", duration_seconds: 900 }));
  await post(ledger.url, oldest.analytics({ metrics: { rare: 1, score: 2 } }));
  await ledger.DB.prepare(
    `UPDATE calls SET cost_usd = 9, agent_version = 'rare', recording_url = 'https://recordings.example.com/1.wav', agent_phone = '+15550009000'
     WHERE call_id = 'oldest'`,
  ).run();
  await ledger.DB.prepare(
    "INSERT INTO tool_calls (call_id, number, name, status) VALUES ('oldest', 1, 'rare', 'error')",
  ).run();
  // Of the same moment as the crowd, and behind it.
  await post(
    ledger.url,
    documentedCall({ call_id: "tied", agent_id: "tied" }).start({ timestamp: "2024-08-01T00:00:00Z" }),
  );
  await crowd();
  const newest = documentedCall({ call_id: "newest", agent_id: "newest" });
  await post(ledger.url, newest.start({ timestamp: "2024-08-02T00:00:00Z" }));
});
afterAll(() => ledger.harness.close());

/** So many calls after the oldest, of one moment and of one number, in which one word was said, with two deliveries each. */
async function crowd(): Promise<void> {
  const numbers = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${LOOKED_AT})`;
  const at = "'2024-08-01T00:00:00.000Z'";
  await ledger.DB.batch(
    [
      `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions, metrics)
       ${numbers} SELECT 'crowd ' || n, 'atoms', 'busy', 'active', ${at}, ${at}, ${at}, '{}', '{"score":3}' FROM numbers`,
      "INSERT INTO tool_calls (call_id, number, name, status) SELECT call_id, 1, 'busy', 'ok' FROM calls WHERE call_id GLOB 'crowd *'",
      `INSERT INTO ledger_search_index (rowid, text) SELECT id, 'zebra' FROM calls WHERE call_id GLOB 'crowd *'`,
      `INSERT INTO ledger_caller_numbers (digits, id) SELECT '${PHONE.slice(1)}', id FROM calls WHERE call_id GLOB 'crowd *'`,
      `INSERT INTO events (call_id, event, event_id, agent_id, occurred_at, received_at, format, ledger_sha256, ledger_ingest_id)
       SELECT call_id, 'analytics.completed', 'id of ' || call_id || ' ' || value, '', ${at}, ${at}, 'documented', '', ''
       FROM calls, json_each('["delivered", "failed", "pending"]')`,
      ...[
        ["oldest", "'rare'", "delivered", "NULL"],
        ["oldest", "'rare'", "failed", "NULL"],
        ["oldest", "'rare'", "pending", "'2024-07-01T00:00:00.000Z'"],
        ["tied", "'tied'", "pending", at],
        ["crowd *", "'busy'", "failed", "NULL"],
        ["crowd *", "'busy'", "pending", at],
      ].map(
        ([calls, destination, state, overdue]) =>
          `INSERT INTO sync_deliveries (call_id, event, event_id, destination, state, occurred_at, attempts, updated_at, overdue_at)
           SELECT call_id, 'analytics.completed', 'id of ' || call_id || ' ${state}', ${destination}, '${state}',
             iif(call_id = 'oldest', '2024-07-01T00:00:00.000Z', ${at}), 1, ${at}, ${overdue}
           FROM calls WHERE call_id GLOB '${calls}'`,
      ),
    ].map((sql) => ledger.DB.prepare(sql)),
  );
}

/** The ids of the calls of each page, to the end. */
async function pagesOf(list: "calls" | "deliveries", query: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const { status, body } = await ask(ledger.url, `/api/${list}?${query}${cursor && `&cursor=${cursor}`}`);
    expect(status).toBe(200);
    pages.push(Object(body)[list].map(({ call_id }: { call_id: string }) => call_id));
    cursor = Object(body).next_cursor;
  }
  return pages;
}

describe("a page looks at 20,000 rows at most, and the next one goes on behind them", () => {
  test.each([
    ["an agent", "agent_id=rare"],
    ["a disposition", "disposition=rare"],
    ["a range and an agent", "agent_id=rare&from=2024-07-01&to=2024-08-02"],
    ["a number and an agent", `q=${encodeURIComponent(PHONE)}&agent_id=rare`],
    ["words and an agent", "q=zebra&agent_id=rare"],
    ["a metric", "metric=score%3C3"],
    ["a metric that none else has", "metric=rare%3E%3D1"],
    ["words and a metric", "words=zebra&metric=score%3C3"],
    ["a duration", "min_duration=600"],
    ["a cost", "min_cost=1"],
    ["a recording", "has_recording=true"],
    ["a version", "agent_version=rare"],
    ["an agent's number", "agent_phone=%2B15550009000"],
    ["a tool", "tool=rare"],
    ["a tool that failed", "tool_status=error"],
    ["a number and a tool", `q=${encodeURIComponent(PHONE)}&tool=rare`],
  ])("of the calls of %s", async (_what, query) => {
    expect((await pagesOf("calls", query)).slice(0, 2)).toEqual([[], ["oldest"]]);
  });

  test.each([
    ["a destination", "destination=rare", 3],
    ["an event", "event_id=id+of+oldest+failed", 1],
    ["a state", "state=delivered", 1],
    ["a state and a destination", "state=failed&destination=rare", 1],
    ["what is on the way to a destination", "state=pending&destination=rare", 1],
  ])("of the deliveries of %s", async (_what, query, count) => {
    const pages = await pagesOf("deliveries", query);
    expect(pages[0]).toEqual([]);
    expect(pages.flat()).toEqual(Array(count).fill("oldest"));
  });

  test("so it finds what is among these", async () => {
    expect((await pagesOf("calls", "agent_id=newest")).flat()).toEqual(["newest"]);
  });
});

describe("calls are counted among 20,000, and it is said whether these were all", () => {
  test.each([
    ["", { count: LOOKED_AT, exact: false }],
    ["agent_id=busy", { count: LOOKED_AT - 1, exact: false }],
    ["metric=score%3D3&tool=busy", { count: LOOKED_AT - 1, exact: false }],
    ["agent_id=newest", { count: 1, exact: false }],
    ["metric=score%3C3", { count: 0, exact: false }],
    ["words=zebra", { count: LOOKED_AT, exact: false }],
    ["words=zebra&tool=rare", { count: 0, exact: false }],
    ["q=1000", { count: LOOKED_AT, exact: false }],
    ["q=1000&tool=rare", { count: 1, exact: true }],
    ["from=2024-08-02", { count: 1, exact: true }],
    ["to=2024-07-31&tool=rare", { count: 1, exact: true }],
  ])("%s", async (query, matching) => {
    const { body } = await ask(ledger.url, `/api/calls?limit=1&count=true&${query}`);
    expect(body).toMatchObject({ matching });
  });

  test("on the page too", async () => {
    const { visit } = await signIn(ledger.url);
    expect((await visit("/calls")).text).toContain("20,000+ calls, newest first");
    const few = (await visit("/calls?agent_id=newest")).text;
    expect(few).toContain("1+ calls among the newest 20,000, and perhaps older ones, newest first");
  });
});

test("what a page offers to choose from is that of the newest calls, and no walk through all", async () => {
  const { visit } = await signIn(ledger.url);
  expect((await visit("/calls")).html).toContain('<option value="busy">');
  expect((await visit("/calls")).html).not.toContain('<option value="rare">');
  expect((await visit("/calls?to=2024-07-31")).html).toContain('<option value="rare">');
});

test("a download has columns for the metrics of the newest 20,000, and all of each in one", async () => {
  const { text } = await askText(ledger.url, "/api/calls.csv");
  expect(text.slice(0, text.indexOf("\r\n"))).toMatch(/,updated_at,metric:score$/);
  expect(text).toContain('"{""rare"":1,""score"":2}"');
  const old = await askText(ledger.url, "/api/calls.csv?to=2024-07-31");
  expect(old.text.slice(0, old.text.indexOf("\r\n"))).toMatch(/,updated_at,metric:rare,metric:score$/);
});

test.each([
  ["calls", "agent_id=tied", ["tied"]],
  ["deliveries", "state=pending&destination=tied", ["tied"]],
] as const)("of %s of one moment none is passed over: %s", async (list, query, ids) => {
  expect((await pagesOf(list, query)).flat()).toEqual(ids);
});

test("the calls of a part of a number are all looked at", async () => {
  expect(await pagesOf("calls", "q=1000&agent_id=rare")).toEqual([["oldest"]]);
});

test("failed deliveries are listed by their index, however many others are newer", async () => {
  expect((await pagesOf("deliveries", "state=failed&limit=200"))[0]).toHaveLength(200);
});

test("an index finds an id at once, wherever its call is", async () => {
  expect(await pagesOf("calls", "q=oldest")).toEqual([["oldest"]]);
  expect(await pagesOf("calls", "q=oldest&agent_id=rare")).toEqual([["oldest"]]);
  for (const state of ["delivered", "failed", "pending"]) {
    expect(await pagesOf("deliveries", `call_id=oldest&state=${state}&destination=rare`)).toEqual([["oldest"]]);
  }
});

test("pages meet every call once, also where the calls of one moment are more than a page looks at", async () => {
  const ids = (await pagesOf("calls", "agent_id=busy&limit=200")).flat();
  expect(ids).toHaveLength(LOOKED_AT);
  expect(new Set(ids).size).toBe(LOOKED_AT);
});

test("a download has them all, without lines between", async () => {
  for (const [query, ids] of [
    ["agent_id=rare", ["oldest"]],
    ["q=zebra&agent_id=rare", ["oldest"]],
    ["agent_id=newest", ["newest"]],
  ] as const) {
    const { text } = await askText(ledger.url, `/api/calls.csv?${query}`);
    expect(text.split("\r\n").map((line) => line.split(",")[1])).toEqual(["call_id", ...ids, undefined]);
  }
});

test("what a page costs is the same, whatever it is filtered by, however many calls there are", async () => {
  const counting = await bootLedger({ main: "test/support/stores/counting-ledger.ts" });
  const { visit } = await signIn(counting.url);
  const rowsRead = async (open: () => Promise<{ status: number }>) => {
    const read = async () => counts.parse(await (await fetch(new URL(COUNTS_PATH, counting.url))).json()).rowsRead;
    await read();
    expect((await open()).status).toBe(200);
    return read();
  };
  const costs = async () => {
    const rows: Record<string, number> = {};
    for (const query of [
      "",
      "metric=score%3C0",
      "tool=none",
      "tool_status=error",
      "min_duration=9",
      "q=word&tool=none",
    ]) {
      rows[`page ${query}`] = await rowsRead(() => visit(`/calls?${query}`));
      rows[`API ${query}`] = await rowsRead(() => ask(counting.url, `/api/calls?count=true&${query}`));
    }
    return rows;
  };
  const grow = (from: number) =>
    counting.DB.batch(
      [
        `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions, metrics)
         WITH RECURSIVE numbers (n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${from} + 25000)
         SELECT 'many ' || n, 'atoms', 'a', 'ended', strftime('%Y-%m-%dT%H:%M:%fZ', '2024-07-15', n || ' seconds'), '', '', '{}', '{"score":3}' FROM numbers`,
        `INSERT INTO tool_calls (call_id, number, name, status) SELECT call_id, 1, 'some', 'ok' FROM calls
         WHERE NOT EXISTS (SELECT 1 FROM tool_calls WHERE tool_calls.call_id = calls.call_id)`,
        "INSERT OR REPLACE INTO ledger_search_index (rowid, text) SELECT id, 'word' FROM calls",
      ].map((sql) => counting.DB.prepare(sql)),
    );
  await grow(0);
  const few = await costs();
  await grow(100_000);
  const many = await costs();
  for (const [name, rows] of Object.entries(many)) expect(rows, name).toBeLessThan((few[name] ?? 0) * 1.01 + 10);
  await counting.harness.close();
});

test.each([
  ["/calls?agent_id=rare", "No call matches so far", "Not all calls were looked at yet"],
  ["/deliveries?state=pending&destination=rare", "None so far", "Not all deliveries were looked at yet"],
])("%s says so to people, and goes on", async (path, title, words) => {
  const { visit } = await signIn(ledger.url);
  const page = await visit(path);
  expect(page.text).toContain(title);
  expect(page.text).toContain(words);
  const next = /href="([^"]*cursor=[^"]*)"/.exec(page.html)?.[1]?.replaceAll("&amp;", "&") ?? "";
  const after = await visit(next);
  expect(after.html).toMatch(/href="\/calls\/oldest["?]/);
  expect(after.text).not.toContain("were looked at");
});

test.each([
  ["/calls?agent_id=newest", "These were all calls"],
  ["/deliveries?state=delivered&destination=busy", "These were all"],
])("behind the last row of %s stands no other reason", async (path, words) => {
  const { visit } = await signIn(ledger.url);
  let last = "";
  for (let next: string | undefined = path; next !== undefined; ) {
    const page = await visit(next);
    last = page.text;
    next = /href="([^"]*cursor=[^"]*)"/.exec(page.html)?.[1]?.replaceAll("&amp;", "&");
  }
  expect(last).toContain(words);
});

test("a crowd of deliveries that have not arrived is not counted to the end", async () => {
  const { body } = await ask(ledger.url, "/api/stats");
  expect(Object(body).sync).toMatchObject([
    { state: "failed", deliveries: 200, overdue: 0 },
    { state: "pending", deliveries: 200, overdue: 200 },
  ]);
  const { visit } = await signIn(ledger.url);
  const { text } = await visit("/");
  expect(text.match(/200\+ deliveries/g)).toHaveLength(2);
  expect(text).toContain("200+ are overdue");
});
