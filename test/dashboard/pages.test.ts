import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { documentedCall } from "../support/events.ts";
import { bootLedger } from "../support/ledger.ts";
import { post } from "../support/post.ts";
import { decoded, linkNamed, signIn } from "../support/sign-in.ts";

const NEW_YORK = "America/New_York";
/** Some days of July 2024, in New York. */
const JULY = "range=own&from=2024-07-15&to=2024-07-18";

const calls = [
  // Late on Monday evening in New York, Tuesday in UTC.
  { call_id: "late", agent_id: "ada", at: "2024-07-16T03:30:00Z", phone: "+15550000001", disposition: "successful" },
  { call_id: "noon", agent_id: "ada", at: "2024-07-16T16:00:00Z", phone: "+15550000002", disposition: "successful" },
  { call_id: "bob-1", agent_id: "bob", at: "2024-07-18T16:00:00Z", phone: "+15550000003", disposition: "no_answer" },
];

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let pages: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  ledger = await bootLedger();
  pages = await signIn(ledger.url, { timeZone: NEW_YORK });
  for (const [index, { call_id, agent_id, at, phone, disposition }] of calls.entries()) {
    const call = documentedCall({ call_id, agent_id });
    await post(ledger.url, call.start({ timestamp: at, caller_phone: phone }));
    await post(ledger.url, call.end({ timestamp: at, duration_seconds: 60 * (index + 1), disposition }));
  }
  const { analytics } = documentedCall({ call_id: "late", agent_id: "ada" });
  await post(
    ledger.url,
    analytics({ timestamp: "2024-07-16T03:40:00Z", metrics: { csat: 4, resolved: true, product: "Widget" } }),
  );
});
afterAll(() => ledger.harness.close());

describe("a ledger without calls", () => {
  let empty: Awaited<ReturnType<typeof bootLedger>>;
  let visit: typeof pages.visit;
  beforeAll(async () => {
    empty = await bootLedger();
    ({ visit } = await signIn(empty.url));
  });
  afterAll(() => empty.harness.close());

  test("says on its overview where the webhook has to point", async () => {
    const { status, text } = await visit("/");
    expect(status).toBe(200);
    expect(text).toContain(`${empty.url}webhooks/atoms`);
  });

  test("says in its list that there are none yet, and not that none match", async () => {
    expect((await visit("/calls")).text).toContain("No calls yet");
    expect((await visit("/calls?status=ended")).text).toContain("No call matches");
  });
});

describe("the overview", () => {
  test("counts calls by the viewer's days, those without calls too", async () => {
    const { status, text } = await pages.visit(`/?${JULY}`);
    expect(status).toBe(200);
    expect(text).toContain("15 Jul – 18 Jul 2024");
    expect(text).toContain("Mon 15 Jul 1 1 Tue 16 Jul 1 0 Wed 17 Jul 0 0 Thu 18 Jul 1 0");
  });

  test("draws a range of two days by the hour", async () => {
    const { text } = await pages.visit("/?range=own&from=2024-07-15&to=2024-07-16");
    expect(text).toContain("Calls by the hour");
    expect(text).toContain("Mon 15 Jul, 23:00 1 1");
  });

  test("says how calls ended, how long they took, and the results of their analysis", async () => {
    const { text } = await pages.visit(`/?${JULY}`);
    expect(text).toContain("Average duration 2m 0s");
    expect(text).toContain("successful 2 67 % 1m 30s");
    expect(text).toContain("no_answer 1 33 % 3m 0s");
    expect(text).toContain("csat 4 average in 1 call, from 4 to 4");
    expect(text).toContain("resolved 100 % true, in 1 call");
    expect(text).toContain("Widget 1");
    expect(text).toContain("Most on Mondays at 23:00 (1 call)");
  });

  test("counts the values of a metric that do not fit", async () => {
    const other = await bootLedger();
    try {
      for (const letter of "ABCDEFG") {
        const { end, analytics } = documentedCall({ call_id: `product-${letter}` });
        const timestamp = "2024-07-16T12:00:00Z";
        await post(other.url, end({ timestamp }));
        await post(other.url, analytics({ timestamp, metrics: { product: `Product ${letter}` } }));
      }
      const { visit } = await signIn(other.url);
      expect((await visit(`/?${JULY}`)).text).toContain("Product E 1 others 2");
    } finally {
      await other.harness.close();
    }
    expect((await pages.visit(`/?${JULY}`)).text).not.toContain("others");
  });

  test("of one agent is about its calls, and the others stay to choose from", async () => {
    const { html, text } = await pages.visit(`/?${JULY}&agent_id=bob`);
    expect(text).toContain("Calls 1");
    expect(html).toContain('<option value="bob" selected="">bob</option>');
    expect(html).toContain('<option value="ada">ada</option>');
  });

  test("leads to the calls that it counts", async () => {
    const { html } = await pages.visit(`/?${JULY}&agent_id=ada`);
    const list = (await pages.visit(linkNamed(html, "See these calls"))).html;
    expect(idsIn(list)).toEqual(["noon", "late"]);
    expect(idsIn((await pages.visit(linkNamed(html, "successful"))).html)).toEqual(["noon", "late"]);
  });

  test("of a range without calls leads to where there are some", async () => {
    const { html, text } = await pages.visit("/?range=own&from=2020-01-01&to=2020-01-02");
    expect(text).toContain("No calls in this range");
    expect((await pages.visit(linkNamed(html, "Show the week up to it"))).text).toMatch(/Calls [1-9]/);
  });

  test("says that nothing is sent on while there is nowhere to send it", async () => {
    expect((await pages.visit(`/?${JULY}`)).text).toContain("Nothing is sent on");
  });

  test.each(["range=forever", "range=own&from=2024-02-30", "range=own&from=2020-01-01&to=2024-01-01"])(
    "%s is a mistake that it names",
    async (query) => {
      const { status, html } = await pages.visit(`/?${query}`);
      expect(status).toBe(400);
      expect(html).toContain('role="alert"');
    },
  );
});

test("calls that go on are live, and lead to their pages", async () => {
  const timestamp = new Date(Date.now() - 60_000).toISOString();
  await post(ledger.url, documentedCall({ call_id: "on-the-line" }).start({ timestamp, caller_phone: "+15559990000" }));
  const { html, text } = await pages.visit(`/?${JULY}`);
  expect(text).toMatch(/Live now 1 /);
  expect(linkNamed(html, "+15559990000")).toBe("/calls/on-the-line");
});

test("what did not arrive downstream is on the overview, with the way to it", async () => {
  await ledger.DB.exec(
    `INSERT INTO sync_deliveries (call_id, event, event_id, destination, state, occurred_at, attempts, updated_at)
     SELECT call_id, event, event_id, 'webhook', 'failed', occurred_at, 3, '2024-07-16T15:00:00.000Z' FROM events
     WHERE call_id = 'late' AND event = 'analytics.completed'`.replaceAll("\n", " "),
  );
  const { html } = await pages.visit(`/?${JULY}`);
  expect(linkNamed(html, "1 delivery")).toBe("/deliveries?state=failed");
  await ledger.DB.exec("DELETE FROM sync_deliveries");
  const { text } = await pages.visit(`/?${JULY}`);
  expect(text).not.toContain("1 delivery");
});

describe("the calls", () => {
  test.each([
    ["agent_id=bob", ["bob-1"]],
    ["disposition=no_answer", ["bob-1"]],
    ["status=analyzed", ["late"]],
    ["from=2024-07-15&to=2024-07-15", ["late"]],
    ["from=2024-07-15T23:31&to=2024-07-16", ["noon"]],
    ["q=5550000002", ["noon"]],
    ["q=bob-1", ["bob-1"]],
    ["q=dog&agent_id=bob", ["bob-1"]],
    ["phone=0002", ["noon"]],
    ["words=dog&agent_id=bob", ["bob-1"]],
    ["agent_id=&status=analyzed&utm_source=mail", ["late"]],
  ])("%s", async (query, expected) => {
    const { status, html } = await pages.visit(`/calls?${query}`);
    expect(status).toBe(200);
    expect(idsIn(html)).toEqual(expected);
  });

  test("keep their filter in the form, and each part of it can be taken off", async () => {
    const { html, text } = await pages.visit("/calls?q=dog&agent_id=ada&from=2024-07-15&status=ended");
    expect(html).toContain('name="q" value="dog"');
    expect(html).toContain('<option value="ada" selected="">');
    expect(html).toContain('<option value="ended" selected="">');
    expect(html).toContain('name="from" value="2024-07-15"');
    expect(text).toContain("Agent ada × take off");
    expect(html).toContain('href="/calls?q=dog&amp;status=ended&amp;from=2024-07-15"');
    expect(linkNamed(html, "Clear filters")).toBe("/calls");
  });

  test("are turned page by page with the filter, and none is left out", async () => {
    await ledger.DB.prepare(
      `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions)
       SELECT 'many-' || value, 'atoms', 'busy', 'ended', '2023-01-01T00:00:00.000Z', '', '', '{}'
       FROM json_each(?)`,
    )
      .bind(JSON.stringify(Array.from({ length: 120 }, (_, index) => index)))
      .run();
    const seen: string[] = [];
    let path = "/calls?agent_id=busy";
    for (let page = 1; page <= 3; page++) {
      const { html } = await pages.visit(path);
      seen.push(...idsIn(html));
      if (page > 1) expect(linkNamed(html, "Newest")).toBe("/calls?agent_id=busy");
      if (page < 3) path = linkNamed(html, "Older calls");
      else expect(html).not.toContain("Older calls");
    }
    expect(new Set(seen).size).toBe(120);
    await ledger.DB.exec("DELETE FROM calls WHERE agent_id = 'busy'");
  });

  test("looked for by number lead to those in which it was said, and the form says what it looks for", async () => {
    const { html, text } = await pages.visit("/calls?q=4711&status=ended");
    expect(text).toContain("No call matches");
    const said = linkNamed(html, "been said");
    expect(said).toBe("/calls?status=ended&words=4711");
    const found = await pages.visit(said);
    expect(found.html).toContain('name="words" value="4711"');
    expect(found.text).toContain("Words 4711 × take off");
    expect(found.html).not.toContain("been said");
  });

  test("that none match lead back to all", async () => {
    const { html, text } = await pages.visit("/calls?agent_id=nobody");
    expect(text).toContain("No call matches");
    expect(html).toContain('<option value="nobody" selected="">');
    expect(linkNamed(html, "Clear filters")).toBe("/calls");
  });

  test.each([
    ["from=yesterday", "From: is no date"],
    ["status=lost", "Status: is none of those to choose from"],
    ["call_direction=sideways", "Direction:"],
    ["cursor=nonsense", "no such page"],
  ])("with %s the form stays, and says what does not fit", async (query, mistake) => {
    for (const path of ["/calls", "/calls.csv"]) {
      const { status, html, text } = await pages.visit(`${path}?${query}`);
      if (path === "/calls.csv" && query.startsWith("cursor")) continue;
      expect(status).toBe(400);
      expect(text).toContain(mistake);
      expect(html).toContain('<form method="get" action="/calls"');
    }
  });

  test("say what does not fit a search", async () => {
    const { status, html, text } = await pages.visit("/calls?phone=nobody");
    expect(status).toBe(400);
    expect(text).toContain("Phone number: is no phone number");
    expect(html).toContain('name="phone" value="nobody"');
    expect((await pages.visit("/calls?phone=0001&words=dog")).text).toContain("Search: goes without");
  });

  test("are a file for a spreadsheet, the same that are listed", async () => {
    const { html } = await pages.visit("/calls?from=2024-07-15&to=2024-07-15");
    const file = await pages.visit(linkNamed(html, "Download CSV"));
    expect(file.headers.get("Content-Disposition")).toBe('attachment; filename="calls.csv"');
    expect(file.html.trim().split("\r\n").slice(1)).toEqual([expect.stringMatching(/^\d+,late,/)]);
  });
});

/** The addresses that the rows of a list lead to. */
function linksIn(html: string): string[] {
  return [...html.matchAll(/<a class="call-link" href="([^"]*)"/g)].map(([, href = ""]) => decoded(href));
}

function idsIn(html: string): string[] {
  return linksIn(html).map((path) => decodeURIComponent(path.replace("/calls/", "").replace(/[?#].*/, "")));
}

test("durations and metrics of absurd size are shown like any other", async () => {
  for (const number of [1e308, -1e308, 9.1e15, -3605, 5e-324]) {
    const { end, analytics } = documentedCall({ call_id: `absurd ${number}` });
    const timestamp = "2023-03-03T10:00:00Z";
    await post(ledger.url, end({ timestamp, duration_seconds: number, disposition: `${number}` }));
    await post(ledger.url, analytics({ timestamp, metrics: { number } }));
    const days = "from=2023-03-01&to=2023-03-05";
    for (const path of [`/?range=own&${days}`, `/calls?${days}`, `/calls/${encodeURIComponent(`absurd ${number}`)}`]) {
      expect((await pages.visit(path)).status, `${number}: ${path}`).toBe(200);
    }
  }
});
