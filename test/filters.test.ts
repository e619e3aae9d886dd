import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, askText } from "./support/ask.ts";
import { CUSTOM_SECRET, customCall } from "./support/custom.ts";
import { postAs } from "./support/every-platform.ts";
import { bootLedger, SECRET } from "./support/ledger.ts";
import { decoded, signIn } from "./support/sign-in.ts";

const WEIRD = 'a<="b" c\\';

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let pages: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  ledger = await bootLedger({
    env: { ATOMS_WEBHOOK_SECRETS: SECRET, CUSTOM_WEBHOOK_SECRETS: CUSTOM_SECRET },
  });
  pages = await signIn(ledger.url);
  const tool = (name: string, status: string) => ({ kind: "tool", name, status });
  const calls = [
    {
      ...{ call_id: "happy", agent_version: "v1", duration_seconds: 30, cost_usd: 0.01, disposition: "Booked" },
      ...{ recording_url: null, tools: [tool("book", "ok")] },
      metrics: { satisfaction_score: 5, resolved: true, product: "Widget Pro", [WEIRD]: 1 },
    },
    {
      ...{ call_id: "unhappy", agent_version: "v2", duration_seconds: 900, cost_usd: 0.5, disposition: "booked" },
      tools: [tool("book", "error"), tool("look_up", "ok")],
      metrics: { satisfaction_score: 1.5, resolved: false, product: "Gadget", list: [1] },
    },
    {
      ...{ call_id: "textual", agent_version: "v2", duration_seconds: 600, cost_usd: 0, disposition: "lost" },
      tools: [tool("look_up", "error")],
      metrics: { satisfaction_score: "4", resolved: "true", product: "widget pro" },
    },
    {
      call_id: "bare",
      tools: [],
      agent_version: null,
      duration_seconds: null,
      cost_usd: null,
      disposition: null,
      metrics: null,
    },
  ];
  for (const [index, { call_id, metrics, tools, ...end }] of calls.entries()) {
    const call = customCall({ call_id, agent_id: "ada" });
    const at = `2024-07-15T14:3${index}:00Z`;
    const transcript = [{ role: "user", content: "Hello." }, ...tools];
    const start = { timestamp: at, started_at: at, agent_phone: index === 0 ? "+15559990001" : "+1 555 999-0002" };
    await postAs("custom", ledger.url, call.start(start));
    const ended = { ...end, started_at: at, ended_at: at, transcript };
    if (call_id !== "bare") await postAs("custom", ledger.url, call.end(ended));
    if (metrics !== null) await postAs("custom", ledger.url, call.analytics({ metrics }));
  }
});
afterAll(() => ledger.harness.close());

/** The same query in the API, in the CSV and on the page. */
async function found(query: string): Promise<string[]> {
  const { body, status } = await ask(ledger.url, `/api/calls?${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  const ids: string[] = Object(body).calls.map(({ call_id }: { call_id: string }) => call_id);
  const csv = await askText(ledger.url, `/api/calls.csv?${query}`);
  expect(
    csv.text
      .split("\r\n")
      .slice(1, -1)
      .map((line) => line.split(",")[1]),
  ).toEqual(ids);
  expect(idsIn((await pages.visit(`/calls?${query}`)).html)).toEqual(ids);
  const file = await pages.visit(`/calls.csv?${query}`);
  expect(
    file.html
      .split("\r\n")
      .slice(1, -1)
      .map((line) => line.split(",")[1]),
  ).toEqual(ids);
  return ids;
}

function idsIn(html: string): string[] {
  return [...html.matchAll(/<a class="call-link" href="\/calls\/([^"?#]*)/g)].map(([, id = ""]) =>
    decodeURIComponent(id),
  );
}

describe("calls are filtered, in the API, in CSV and on the page", () => {
  test.each([
    ["", ["bare", "textual", "unhappy", "happy"]],
    ["min_duration=600", ["textual", "unhappy"]],
    ["max_duration=600", ["textual", "happy"]],
    ["min_duration=31&max_duration=899", ["textual"]],
    ["min_cost=0.5", ["unhappy"]],
    ["min_cost=0", ["textual", "unhappy", "happy"]],
    ["has_recording=true", ["textual", "unhappy"]],
    ["has_recording=false", ["bare", "happy"]],
    ["agent_version=v2", ["textual", "unhappy"]],
    ["agent_phone=%2B15559990001", ["happy"]],
    ["agent_phone=%2B1+555+999-0002", ["bare", "textual", "unhappy"]],
    ["agent_phone=(1)+555+999+0001", ["happy"]],
    ["tool=book", ["unhappy", "happy"]],
    ["tool=look_up&tool_status=error", ["textual"]],
    ["tool=book&tool_status=ok", ["happy"]],
    ["tool_status=error", ["textual", "unhappy"]],
    ["disposition=BOOKED", ["unhappy", "happy"]],
    ["platform=custom&agent_version=v1", ["happy"]],
    ["q=unhappy&min_duration=600", ["unhappy"]],
    ["q=unhappy&min_duration=901", []],
    ["phone=%2B15551234567&tool=book", ["unhappy", "happy"]],
    ["words=hello&metric=resolved%3Dfalse", ["unhappy"]],
  ])("by %s", async (query, expected) => {
    expect(await found(query)).toEqual(expected);
  });

  test.each([
    ["satisfaction_score<=2", ["unhappy"]],
    ["satisfaction_score <= 1.5", ["unhappy"]],
    ["satisfaction_score<1.5", []],
    ["satisfaction_score>1", ["unhappy", "happy"]],
    ["satisfaction_score>=5", ["happy"]],
    ["satisfaction_score=5.0", ["happy"]],
    ["satisfaction_score=4", ["textual"]],
    ["satisfaction_score!=5", ["textual", "unhappy"]],
    ["resolved=true", ["textual", "happy"]],
    ["resolved=TRUE", ["textual", "happy"]],
    ["resolved!=true", ["unhappy"]],
    ["resolved=1", []],
    ["product=WIDGET pro", ["textual", "happy"]],
    ["product!=gadget", ["textual", "happy"]],
    ["product=text", []],
    ["list!=1", ["unhappy"]],
    [`${JSON.stringify(WEIRD)}=1`, ["happy"]],
    ["no such metric=1", []],
  ])("by the metric %s", async (metric, expected) => {
    expect(await found(`${new URLSearchParams({ metric })}`)).toEqual(expected);
  });

  test("by several metrics, all of which hold", async () => {
    expect(await found("metric=resolved%3Dtrue&metric=satisfaction_score%3E4")).toEqual(["happy"]);
    const ten = Array.from({ length: 10 }, (_, nth) => `metric=satisfaction_score%3C${100 + nth}`).join("&");
    expect(await found(`${ten}&tool=book&tool_status=error&agent_version=v2&min_cost=0.1&from=2024-07-15`)).toEqual([
      "unhappy",
    ]);
  });

  test.each([
    ["metric=score", "metric"],
    ["metric=%3C2", "metric"],
    ["metric=score%3C%3Dtwo", "metric"],
    ["metric=%22score%3D2", "metric"],
    [Array.from({ length: 11 }, (_, nth) => `metric=a%3D${nth}`).join("&"), "metric"],
    ["min_duration=long", "min_duration"],
    ["min_duration=9&max_duration=8", "min_duration"],
    ["has_recording=maybe", "has_recording"],
    ["tool_status=late", "tool_status"],
    ["from=2024-07-16&to=2024-07-15", "from"],
    ["from=2024-07-16T10:00:00Z&to=2024-07-16T09:00:00Z", "from"],
    ["count=perhaps", "count"],
  ])("%s is refused, and named", async (query, path) => {
    const answer = await ask(ledger.url, `/api/calls?${query}`);
    expect(answer).toMatchObject({ status: 400 });
    expect(Object(answer.body).errors[0].path.split(".")[0]).toBe(path);
    if (path === "count") return;
    expect((await askText(ledger.url, `/api/calls.csv?${query}`)).status).toBe(400);
    const page = await pages.visit(`/calls?${query}`);
    expect(page.status).toBe(400);
    expect(page.html).toContain('role="alert"');
  });
});

describe("how many match", () => {
  const matching = async (query: string) => Object((await ask(ledger.url, `/api/calls?${query}`)).body).matching;

  test("is answered to who asks", async () => {
    expect(await matching("")).toBeUndefined();
    expect(await matching("count=false")).toBeUndefined();
    expect(await matching("count=true&limit=1")).toEqual({ count: 4, exact: true });
    expect(await matching("count=true&limit=1&tool=book")).toEqual({ count: 2, exact: true });
    expect(await matching("count=true&limit=1&words=hello&tool=book")).toEqual({ count: 2, exact: true });
    expect(await matching("count=true&phone=4567")).toEqual({ count: 4, exact: true });
    expect(await matching("count=true&q=unhappy")).toEqual({ count: 1, exact: true });
    expect(await matching("count=true&tool=none")).toEqual({ count: 0, exact: true });
  });

  test("is the same on every page", async () => {
    const { body } = await ask(ledger.url, "/api/calls?limit=1&tool=book");
    expect(await matching(`count=true&limit=1&tool=book&cursor=${Object(body).next_cursor}`)).toEqual({
      count: 2,
      exact: true,
    });
  });

  test("stands on the page, with the order that the list is in", async () => {
    expect((await pages.visit("/calls")).text).toContain("4 calls, newest first");
    expect((await pages.visit("/calls?tool=book")).text).toContain("2 calls, newest first");
    const came = "in the order in which they came in, the last first";
    expect((await pages.visit("/calls?words=hello")).text).toContain(`3 calls, ${came}`);
    expect((await pages.visit("/calls?q=%2B15551234567")).text).toContain(`4 calls, ${came}`);
    expect((await pages.visit("/calls?q=34567")).text).toContain("4 calls, newest first");
  });
});

describe("the form", () => {
  test("offers what there is: metrics by what they are, dispositions, tools, versions and numbers", async () => {
    const { html } = await pages.visit("/calls");
    const form = html.slice(html.indexOf('<form method="get"'), html.indexOf("<table"));
    const select = (name: string) => new RegExp(`<select[^>]* name="${name}".*?</select>`, "s").exec(form)?.[0] ?? "";
    const values = (name: string) =>
      [...select(name).matchAll(/<option value="([^"]*)"/g)].map(([, value = ""]) => decoded(value));
    expect(values("number_metric")).toEqual(["", "satisfaction_score", WEIRD]);
    expect(values("text_metric")).toEqual(["", "product", "resolved", "satisfaction_score"]);
    expect(values("metric")).toEqual(["", "resolved=true", "resolved=false"]);
    expect(values("tool")).toEqual(["", "book", "look_up"]);
    const list = (id: string) => new RegExp(`<datalist id="${id}".*?</datalist>`, "s").exec(form)?.[0] ?? "";
    // One of those that differ in case alone.
    expect(list("disposition-values").match(/booked/gi)).toHaveLength(1);
    expect(list("agent_version-values")).toContain('value="v2"');
    expect(list("agent_phone-values")).toContain('value="+1 555 999-0002"');
    expect(list("text-values").match(/widget pro/gi)).toHaveLength(1);
  });

  test("has the filters that are used most in sight, and the others one click away", async () => {
    expect((await pages.visit("/calls")).html).toContain("<details><summary>More filters</summary>");
    const { html } = await pages.visit("/calls?tool=book&metric=resolved%3Dtrue&status=analyzed");
    expect(html).toContain("<details><summary>More filters (2 on)</summary>");
    expect(html).toContain('<option value="book" selected="">');
    const mistaken = await pages.visit("/calls?tool=book&min_duration=soon");
    expect(mistaken.html).toContain('<details open=""><summary>More filters (2 on)</summary>');
    expect(mistaken.html).toContain('name="min_duration" value="soon"');
  });

  test("adds a condition on a metric to those that are on, and each can be taken off", async () => {
    const query = new URLSearchParams({
      ...{ number_metric: WEIRD, number_is: "<=", number_value: "2" },
      metric: "resolved=true",
    });
    const { html, text } = await pages.visit(`/calls?${query}`);
    expect(idsIn(html)).toEqual(["happy"]);
    expect(text).toContain("resolved is yes × take off");
    expect(text).toContain(`${WEIRD} ≤ 2 × take off`);
    const off = /<a class="chip" href="([^"]*)" title="resolved">/.exec(html)?.[1] ?? "";
    expect(decoded(off)).toBe(`/calls?${new URLSearchParams({ metric: `${JSON.stringify(WEIRD)}<=2` })}`);
    expect(html).toContain('type="hidden" name="metric" value="resolved=true"');
    const words = await pages.visit("/calls?text_metric=product&text_value=GADGET");
    expect(idsIn(words.html)).toEqual(["unhappy"]);
  });

  test.each(["number_metric=satisfaction_score&number_is=%3D", "text_value=x"])(
    "%s is half a condition",
    async (query) => {
      const { status, text } = await pages.visit(`/calls?${query}`);
      expect(status).toBe(400);
      expect(text).toContain("Metric: choose one, and write what it has to be");
    },
  );

  test("takes durations as people write them", async () => {
    for (const [typed, ids] of [
      ["10m", ["textual", "unhappy"]],
      ["0h 15m", ["unhappy"]],
      ["1h", []],
      ["10m 1s", ["unhappy"]],
      ["30.0", ["textual", "unhappy", "happy"]],
    ] as const) {
      expect(idsIn((await pages.visit(`/calls?${new URLSearchParams({ min_duration: typed })}`)).html)).toEqual(ids);
    }
    expect((await pages.visit("/calls?min_duration=10m")).text).toContain("Lasted from 10m 0s × take off");
    expect((await pages.visit("/calls?min_duration=soon")).text).toContain("Lasted from: is no duration");
  });

  test("says of a range that it is back to front", async () => {
    const { status, text, html } = await pages.visit("/calls?from=2024-07-16&to=2024-07-15");
    expect(status).toBe(400);
    expect(text).toContain("From: the range ends before it begins");
    expect(html).toContain('name="from" value="2024-07-16"');
    expect((await pages.visit("/calls?from=2024-07-15&to=2024-07-15")).status).toBe(200);
  });
});

describe("the list", () => {
  test("has a column for each metric that is filtered by", async () => {
    const { html, text } = await pages.visit("/calls?metric=satisfaction_score%3E0&metric=resolved%3Dfalse");
    expect(html).toContain('<td data-label="satisfaction score" class="number">');
    expect(text).toMatch(/satisfaction score resolved Disposition .* 1\.5 no booked/);
    expect((await pages.visit("/calls")).html).not.toContain('data-label="satisfaction score"');
  });

  test("leads from a value to the calls that have it too, with the filters that are on", async () => {
    const { html } = await pages.visit("/calls?tool=book&status=analyzed");
    expect(html).toContain('href="/calls?status=analyzed&amp;tool=book&amp;disposition=Booked"');
    expect(html).toContain('href="/calls?status=analyzed&amp;tool=book&amp;agent_id=ada"');
    expect(html).toContain('href="/calls?status=analyzed&amp;tool=book&amp;tool_status=error"');
  });

  test("lets ids and numbers be copied, and has no link over a row", async () => {
    const { html } = await pages.visit("/calls?q=happy");
    expect(html).toContain('data-copy="happy"');
    expect(html).toContain('data-copy="+15551234567"');
    expect(html).not.toContain("row-link");
    expect(await (await fetch(new URL("/assets/calls.css", ledger.url))).text()).not.toMatch(/::after[^}]*inset: 0/);
  });
});
