import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { documentedCall } from "../support/events.ts";
import { everyPlatform, postAs } from "../support/every-platform.ts";
import { bootLedger } from "../support/ledger.ts";
import { post } from "../support/post.ts";
import { retellCall } from "../support/retell.ts";
import { decoded, linkNamed, signIn } from "../support/sign-in.ts";
import { FAULTS_HEADER } from "../support/stores/faults.ts";

/** Four days of July 2024, and the four before them. */
const JULY = "/?range=own&from=2024-07-15&to=2024-07-18";

const calls = [
  { call_id: "before-1", at: "2024-07-11T12:00:00Z", disposition: "successful", metrics: { csat: 3, loudness: 5 } },
  { call_id: "before-2", at: "2024-07-14T23:59:00Z", disposition: "successful", metrics: { csat: 2, loudness: 5 } },
  { call_id: "monday", at: "2024-07-15T09:10:00Z", disposition: "successful", metrics: { csat: 5, is_vip: true } },
  { call_id: "tuesday", at: "2024-07-16T09:10:00Z", disposition: "busy", metrics: { csat: 4, loudness: 9 } },
  { call_id: "wednesday", at: "2024-07-17T09:10:00Z", disposition: "busy", metrics: { csat: 3, is_vip: false } },
];

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let visit: Awaited<ReturnType<typeof signIn>>["visit"];
let page: Awaited<ReturnType<typeof visit>>;
beforeAll(async () => {
  ledger = await bootLedger({ env: everyPlatform, main: "test/support/stores/faulty-ledger.ts" });
  ({ visit } = await signIn(ledger.url));
  for (const { call_id, at, disposition, metrics } of calls) {
    const { end, analytics } = documentedCall({ call_id, agent_id: "ada" });
    await post(ledger.url, end({ timestamp: at, disposition }));
    await post(ledger.url, analytics({ timestamp: at, metrics }));
  }
  await retell("tools-1", "2024-07-18T10:00:00Z", 2, false);
  await retell("tools-2", "2024-07-18T10:05:00Z", 3, true);
  await retell("tools-before", "2024-07-12T10:00:00Z", 1, false);
  page = await visit(JULY);
});
afterAll(() => ledger.harness.close());

/** A call of an agent's version, with one call of a tool. */
async function retell(call_id: string, at: string, agent_version: number, successful: boolean): Promise<void> {
  const start_timestamp = Date.parse(at);
  const { end } = retellCall({ call_id, agent_id: "bob" });
  const turns = [
    { role: "tool_call_invocation", tool_call_id: "1", name: "find_order", arguments: "{}" },
    { role: "tool_call_result", tool_call_id: "1", content: "", successful },
  ];
  const changes = {
    agent_version,
    transcript_with_tool_calls: turns,
    call_cost: { combined_cost: successful ? 10 : 30 },
    latency: { e2e: { p50: 800 } },
  };
  const times = { start_timestamp, end_timestamp: start_timestamp + 60_000 };
  await postAs("retell", ledger.url, end({ ...times, ...changes }, { event_timestamp: start_timestamp + 90_000 }));
}

const idsOn = async (path: string) =>
  Array.from((await visit(path)).html.matchAll(/class="call-link" href="\/calls\/([^"?]*)/g), ([, id]) => id).sort();

/** The address of a mark on a chart, by its words. */
const markOf = (html: string, words: string) => {
  const marks = Array.from(html.matchAll(/<a class="mark" href="([^"]*)"><span class="tip">([^<]*)</g));
  const [, href] = marks.find(([, , tip]) => tip === words) ?? expect.unreachable(`no mark says ${words}`);
  return decoded(href ?? "");
};

describe("the first row", () => {
  test("says how calls came out beside the period before, and whether that is good where it is known", () => {
    expect(page.text).toContain("Calls 5 67 % more than 3 csat 4 up from 2.5: better");
    expect(page.text).toContain("Tools that failed 50 % 1 of 2 tool calls down from 100 %: better");
    expect(page.text).toContain("Cost $0.4000 $0.2000 a call down from $0.3000: better");
    expect(page.text).toContain("Beside the 4 days before: 11 Jul 2024 – 14 Jul 2024.");
  });

  test("does not judge a metric of which nobody knows which way is good", () => {
    expect(page.text).toMatch(/loudness 9 up from 5 /);
  });

  test("says so when there is nothing to compare with", async () => {
    const { text } = await visit("/?range=own&from=2024-07-01&to=2024-07-12");
    expect(text).toContain("There were no calls in the 12 days before: 19 Jun 2024 – 30 Jun 2024.");
    expect(text).not.toMatch(/up from|down from|more than/);
  });
});

describe("each part of it leads to the calls behind it:", () => {
  const links: [what: string, path: (html: string) => string, ids: string[]][] = [
    ["a bar", (html) => markOf(html, "Tue 16 Jul: 1 call, 1 analyzed"), ["tuesday"]],
    ["a bar of cost", (html) => markOf(html, "Thu 18 Jul: $0.4000"), ["tools-1", "tools-2"]],
    ["an hour", (html) => markOf(html, "Wed 9:00: 1 call"), ["wednesday"]],
    ["a point of a line", (html) => markOf(html, "Mon 15 Jul: 5"), ["monday"]],
    ["the least of a metric", (html) => linkNamed(part(html, "csat"), "3"), ["wednesday"]],
    ["a value of a metric", (html) => linkNamed(part(html, "is_vip"), "false"), ["wednesday"]],
    ["a disposition", (html) => linkNamed(html, "busy"), ["tuesday", "wednesday"]],
    ["a tool", (html) => linkNamed(html, "find_order"), ["tools-1", "tools-2"]],
    ["a tool's failures", (html) => linkNamed(html.slice(html.indexOf("Failure rate")), "1"), ["tools-1"]],
    ["a version", (html) => linkNamed(html.slice(html.indexOf("Agents and versions")), "3"), ["tools-2"]],
    ["a version's failures", (html) => linkNamed(html, "1 of 1"), ["tools-1"]],
    ["an agent", (html) => linkNamed(html.slice(html.indexOf("Agents and versions")), "bob"), ["tools-1", "tools-2"]],
  ];
  test.each(links)("%s", async (_what, path, ids) => {
    expect(await idsOn(path(page.html))).toEqual(ids);
  });

  test("a version's failures are of that version alone", () => {
    expect(linkNamed(page.html, "1 of 1")).toContain("agent_id=bob&agent_version=2&tool_status=error");
  });

  const part = (html: string, metric: string) => html.slice(html.indexOf(`<h3 title="${metric}">`));

  test("an hour of a range of more than a week is no one list", async () => {
    const { html } = await visit("/?range=own&from=2024-07-10&to=2024-07-18");
    expect(html).toContain('<span class="mark"><span class="tip">Wed 9:00: 1 call</span></span>');
  });
});

test("names of metrics are words, and the name itself is on hover", () => {
  expect(page.html).toMatch(/<h3 title="is_vip">\s*<bdi>is vip<\/bdi>/);
  expect(page.text).not.toContain("is_vip");
});

test("a line has the scale of the metric's values, its ends written", () => {
  expect(page.html).toMatch(
    /<figure class="trend" aria-label="csat: 5 on Mon 15 Jul, [^"]*">.*?<span>3<\/span><span>5<\/span>/,
  );
});

test("a day has its label, and one that is not over is drawn as such", async () => {
  expect(page.html).toContain("<span>15 Jul</span><span>16 Jul</span><span>17 Jul</span><span>18 Jul</span>");
  expect(page.html).not.toContain('class="begun"');
  const now = new Date().toISOString();
  await post(ledger.url, documentedCall({ call_id: "today", agent_id: "ada" }).end({ timestamp: now }));
  const week = await visit("/");
  expect(week.html.match(/<g class="begun">/g)?.length).toBeGreaterThanOrEqual(1);
  expect(week.text).toMatch(/, so far: \d+ calls?, \d+ analyzed/);
});

test("eight dispositions are listed, and the others as one", async () => {
  for (let nth = 0; nth < 11; nth++) {
    const { end } = documentedCall({ call_id: `many-${nth}`, agent_id: "many" });
    await post(
      ledger.url,
      end({ timestamp: "2024-03-01T12:00:00Z", disposition: `end ${String(nth).padStart(2, "0")}` }),
    );
  }
  const { text } = await visit("/?range=own&from=2024-03-01&to=2024-03-01");
  expect(text).toMatch(/end 07 1 9 %.* others 3 27 %/);
  expect(text).not.toContain("end 08");
});

describe("what goes on and what waits", () => {
  const started = (seconds: number) => ({ timestamp: new Date(Date.now() - seconds * 1000).toISOString() });

  test("calls that go on are a part of a page by themselves, with their seconds, of one agent or of all", async () => {
    expect((await visit("/live")).html).toContain("Nobody is on the line");
    await post(ledger.url, documentedCall({ call_id: "rings", agent_id: "ada" }).start(started(65)));
    const { status, headers, html } = await visit("/live");
    expect(status).toBe(200);
    expect(headers.get("Cache-Control")).toBe("private, no-store");
    expect(html).toMatch(/^<section class="sheet"[^>]* data-live="\/live"/);
    expect(Number(/data-elapsed="(\d+)"/.exec(html)?.[1])).toBeGreaterThanOrEqual(65);
    expect(html).toContain("/calls/rings");
    expect((await visit("/live?agent_id=bob")).html).not.toContain("/calls/rings");
    expect((await visit("/")).html).toContain('data-live="/live"');
    await post(ledger.url, documentedCall({ call_id: "rings", agent_id: "ada" }).end());
    expect((await visit("/live")).html).not.toContain("/calls/rings");
  });

  test("are counted in the navigation of every page, and named on the overview", async () => {
    expect((await visit("/calls")).html).not.toContain('class="count');
    await post(ledger.url, documentedCall({ call_id: "rings-too" }).start(started(5)));
    for (const key of ["quarantine/2024/07/15/a.json", "quarantine/2024/07/16/b.json", "parked/2024-07-15T/c.json"]) {
      await ledger.ARCHIVE.put(key, "{}");
    }
    await ledger.DB.exec(
      `INSERT INTO sync_deliveries (call_id, event, event_id, destination, state, occurred_at, attempts, updated_at)
       SELECT call_id, event, event_id, 'webhook', 'failed', occurred_at, 3, '2024-07-16T15:00:00.000Z' FROM events
       WHERE call_id = 'monday' AND event = 'call.end'`.replaceAll("\n", " "),
    );
    for (const path of ["/", "/calls", "/deliveries", "/quarantine", "/calls/monday"]) {
      const { text } = await visit(path);
      expect(text).toMatch(/Overview Calls 1 going on Deliveries 1 failed Quarantine 3 waiting/);
    }
    const overview = await visit("/");
    expect(overview.text).toMatch(
      /In quarantine did not fit[^0-9]* 2 .*Failed deliveries [^0-9]* 1 .*Parked [^0-9]* 1 /,
    );
    expect(linkNamed(overview.html, "In quarantine")).toBe("/quarantine");
    expect(linkNamed(overview.html, "Failed deliveries")).toBe("/deliveries?state=failed");
  });

  test("a store that fails leaves its counts out, and the page is there", async () => {
    const answer = await fetch(new URL("/calls", ledger.url), {
      headers: { ...(await signIn(ledger.url)).headers, [FAULTS_HEADER]: JSON.stringify({ R2: "before" }) },
    });
    expect(answer.status).toBe(200);
    const html = await answer.text();
    expect(html).toContain('1<span class="unseen"> going on');
    expect(html).not.toContain(" waiting</span>");
  });
});
