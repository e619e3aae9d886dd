import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Value } from "../src/dashboard/pages/overview/own-figures.tsx";
import { offsetOf, withParameters } from "../src/ledger/queries/parameters.ts";
import { documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";
import { copyProject } from "./support/project-copy.ts";
import { linkNamed, type Seen, signIn } from "./support/sign-in.ts";

const FIRST_LINE =
  "WITH parameters AS (SELECT date('now', '-7 days') AS since, date('now', '+1 day') AS until, NULL AS agent_id, '+00:00' AS time_zone)\n";

/** The calls of the range and the agent. */
const CALLS = `FROM parameters CROSS JOIN calls
WHERE calls.called_at >= parameters.since AND calls.called_at < parameters.until
  AND (parameters.agent_id IS NULL OR calls.agent_id = parameters.agent_id)`;

const HOSTILE = "<script>alert(1)</script>";

/** Figures of somebody's own, by their titles: what stands below the first line. */
const figures: Record<string, string> = {
  "Short calls": `-- How many calls were over in two minutes?\nSELECT count(*) AS calls ${CALLS} AND calls.duration_seconds < 120;\n`,
  "Newest call": `SELECT max(calls.called_at) AS newest ${CALLS}`,
  "The range": "SELECT since AS first, until AS last, agent_id AS agent, time_zone FROM parameters",
  "Longest calls": `SELECT calls.call_id, calls.called_at, calls.duration_seconds, calls.disposition ${CALLS} ORDER BY calls.duration_seconds DESC -- the longest first`,
  "Nobody's calls": `SELECT calls.call_id ${CALLS} AND false`,
  Numbers:
    ", numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 60) SELECT n, -n AS less FROM numbers",
  Misspelt: "SELECT kount(*) FROM calls",
  Writes:
    "INSERT INTO ledger_jobs (id, kind, status, output, updated_at) SELECT 'written', '', '', '', '' FROM parameters",
  Erases: "SELECT 1; DELETE FROM calls",
  "Another first line": "",
  "Never answers": `-- never\nSELECT count(*) AS calls ${CALLS}`,
};

/** The Worker with a D1 that leaves one query without an answer, on a page of all agents. */
const SLOW_WORKER = `import ledger from "./index.ts";
export * from "./index.ts";
const never = { bind: () => ({ async raw() { for (;;) await scheduler.wait(50); } }) };
export default {
  ...ledger,
  fetch(request, env, ctx) {
    const slow = (db) => ({
      prepare: (sql) => (sql.includes("-- never") ? never : db.prepare(sql)),
      batch: (statements) => db.batch(statements),
      withSession: (constraint) => slow(db.withSession(constraint)),
    });
    const isSlow = !request.url.includes("agent_id");
    return ledger.fetch(request, isSlow ? { ...env, DB: slow(env.DB) } : env, ctx);
  },
};
`;

const project = copyProject();
let ledger: Awaited<ReturnType<typeof bootLedger>>;
let visit: Awaited<ReturnType<typeof signIn>>["visit"];
/** Of some days of July 2024, in New York. */
let page: Seen;

beforeAll(async () => {
  const folder = join(project.folder, "src/ledger/queries");
  const lines = Object.entries(figures).map(([title, sql], index) => {
    const first = title === "Another first line" ? "SELECT 1" : FIRST_LINE;
    writeFileSync(join(folder, `own-${index}.sql`), first + sql);
    return [
      `import own${index} from "./own-${index}.sql";`,
      `  { title: ${JSON.stringify(title)}, sql: own${index} },`,
    ];
  });
  writeFileSync(
    join(folder, "figures.ts"),
    `${lines.map(([line]) => line).join("\n")}\nexport const figures = [\n${lines.map(([, line]) => line).join("\n")}\n];\n`,
  );
  const patient = readFileSync(join(folder, "figure.ts"), "utf8");
  writeFileSync(join(folder, "figure.ts"), patient.replace("TIMEOUT_MS = 5_000", "TIMEOUT_MS = 2_000"));
  writeFileSync(join(project.folder, "src/slow.ts"), SLOW_WORKER);
  ledger = await bootLedger({ root: project.folder, main: "src/slow.ts" });
  const calls = [
    { call_id: "one", agent_id: "ada", at: "2024-07-15T12:00:00Z", seconds: 60, disposition: HOSTILE },
    { call_id: "two", agent_id: "ada", at: "2024-07-16T12:00:00Z", seconds: 1_500, disposition: "successful" },
    { call_id: "three", agent_id: "bob", at: "2024-07-17T12:00:00Z", seconds: 90, disposition: "successful" },
    { call_id: "outside", agent_id: "bob", at: "2024-08-17T12:00:00Z", seconds: 1, disposition: "successful" },
  ];
  for (const { call_id, agent_id, at, seconds, disposition } of calls) {
    const call = documentedCall({ call_id, agent_id });
    await post(ledger.url, call.end({ timestamp: at, duration_seconds: seconds, disposition }));
  }
  ({ visit } = await signIn(ledger.url, { timeZone: "America/New_York" }));
  page = await visit("/?range=own&from=2024-07-15&to=2024-07-18");
});
afterAll(async () => {
  await ledger.harness.close();
  project[Symbol.dispose]();
});

/** The table under a title. */
function tableOf({ html }: Seen, title: string): string {
  const from = html.indexOf(`>${title}</h2>`);
  if (from === -1) throw new Error(`there is no table “${title}”`);
  return html.slice(from, html.indexOf("</section>", from));
}

/** The words of a table's cells, row by row. */
const rowsOf = (seen: Seen, title: string) =>
  Array.from(tableOf(seen, title).matchAll(/<tr>(.*?)<\/tr>/gs), ([, row = ""]) =>
    Array.from(row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs), ([, cell = ""]) => cell.replaceAll(/<[^>]*>/g, "")),
  );

describe("a query is a figure", () => {
  test("one value is a tile, below what the overview has of its own", () => {
    expect(page.status).toBe(200);
    expect(page.text).toContain("Short calls 2 ");
    expect(page.text).toContain("Newest call 17 Jul 2024, 08:00 ");
    expect(page.text.indexOf("Short calls")).toBeGreaterThan(page.text.indexOf("Agents"));
  });

  test("anything else is a table: call ids are links, times of the viewer's zone, numbers aligned", () => {
    expect(rowsOf(page, "Longest calls").slice(0, 3)).toEqual([
      ["call id", "called at", "duration seconds", "disposition"],
      ["two", "16 Jul 2024, 08:00", "1,500", "successful"],
      ["three", "17 Jul 2024, 08:00", "90", "successful"],
    ]);
    const table = tableOf(page, "Longest calls");
    expect(linkNamed(table, "two")).toBe("/calls/two");
    expect(table).toMatch(/<td[^>]* class="number">1,500</);
    expect(tableOf(page, "Nobody&#39;s calls")).toContain("Nothing in this range");
  });

  test("is of the range, the agent and the offset with which the range ends", async () => {
    const ends = ["15 Jul 2024, 00:00", "19 Jul 2024, 00:00"];
    expect(rowsOf(page, "The range")[1]).toEqual([...ends, "–", "-04:00"]);
    const bob = await visit("/?range=own&from=2024-07-15&to=2024-07-18&agent_id=bob");
    expect(rowsOf(bob, "The range")[1]).toEqual([...ends, "bob", "-04:00"]);
    expect(bob.text).toContain("Short calls 1 ");
  });

  test("shows so many rows, and says that there are more", () => {
    const rows = rowsOf(page, "Numbers");
    expect(rows).toHaveLength(51);
    expect(rows.at(-1)).toEqual(["50", "-50"]);
    expect(tableOf(page, "Numbers")).toContain("the first 50 rows");
    expect(tableOf(page, "Longest calls")).not.toContain("the first");
  });

  test("shows as text whatever a caller said", () => {
    expect(page.html).not.toContain(HOSTILE);
    expect(tableOf(page, "Longest calls")).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  });

  test.each([
    ["Misspelt", "kount"],
    ["Writes", "syntax error"],
    ["Erases", "syntax error"],
    ["Another first line", "not a first line with parameters"],
    ["Never answers", "no answer in time"],
  ])("%s: says that it failed, and the log says why", (figure, reason) => {
    expect(page.text).toContain(`${figure} – failed: the log says why`);
    const entries = ledger.harness
      .getLogs()
      .flatMap(({ message }) => (message.startsWith("{") ? JSON.parse(message) : []));
    expect(entries.find((entry) => entry.figure === figure)).toMatchObject({
      message: "a figure failed",
      error: expect.stringContaining(reason),
    });
  });

  test("cannot write", async () => {
    expect(await ledger.DB.prepare("SELECT count(*) AS calls FROM calls").first("calls")).toBe(4);
    expect(await ledger.DB.prepare("SELECT count(*) AS jobs FROM ledger_jobs").first("jobs")).toBe(0);
  });
});

const viewer = { timeZone: "Asia/Kolkata", csrfToken: "", canSignOut: false, now: new Date() };

test.each([
  ["calls", null, "–"],
  ["calls", 1234567.891, "1,234,567.89"],
  ["calls", 0.00321, "0.0032"],
  ["calls", 1e300, "1e+300"],
  ["hour", "2024-07-15T14", "<bdi>2024-07-15T14</bdi>"],
  ["day", "2024-07-15", "<bdi>2024-07-15</bdi>"],
  [
    "at",
    "2024-07-15T14:30:00.000Z",
    '<time class="keep" datetime="2024-07-15T14:30:00.000Z">15 Jul 2024, 20:00</time>',
  ],
  ["at", "2024-02-30T14:30:00.000Z", "<bdi>2024-02-30T14:30:00.000Z</bdi>"],
  ["phone", "+15550142001", "<bdi>+15550142001</bdi>"],
  ["call_id", "a/b", '<a href="/calls/a%2Fb"><bdi>a/b</bdi></a>'],
  ["call_id", 7, "7"],
  ["call_id", "2024-07-15T14:30:00Z", '<a href="/calls/2024-07-15T14%3A30%3A00Z"><bdi>2024-07-15T14:30:00Z</bdi></a>'],
  ["words", "<b>", "<bdi>&lt;b&gt;</bdi>"],
  ["words", "x".repeat(300), `<bdi>${"x".repeat(200)}…</bdi>`],
])("of the column %s, %s is shown as %s", async (column, value, shown) => {
  expect(String(await Value({ column, value, viewer }))).toBe(shown);
});

test.each([
  ["UTC", "2024-07-16T00:00:00.000Z", "+00:00"],
  ["Asia/Kolkata", "2024-07-16T00:00:00.000Z", "+05:30"],
  ["America/St_Johns", "2024-07-16T00:00:00.000Z", "-02:30"],
  // Clocks are set back on 27 October at three: with the end of the day before, and at the end of that day.
  ["Europe/Berlin", "2024-10-26T22:00:00.000Z", "+02:00"],
  ["Europe/Berlin", "2024-10-27T23:00:00.000Z", "+01:00"],
  // A day ends as clocks are set forward at midnight: it has the offset of before.
  ["Africa/Cairo", "2024-04-25T22:00:00.000Z", "+02:00"],
])("in %s a range until %s has the offset %s", (timeZone, until, offset) => {
  expect(offsetOf(timeZone, until)).toBe(offset);
});

test("a first line is replaced, whatever range it names, and another is refused", () => {
  expect(withParameters(`${FIRST_LINE}SELECT 1`)).toMatch(/^WITH parameters AS \(SELECT \?1 AS since, .*\)\nSELECT 1$/);
  expect(() => withParameters("SELECT 1")).toThrow("not a first line with parameters");
});
