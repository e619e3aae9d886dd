import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { atomsCall, documentedCall } from "../support/events.ts";
import { everyPlatform, postAs } from "../support/every-platform.ts";
import { bootLedger } from "../support/ledger.ts";
import { post } from "../support/post.ts";
import { retellCall } from "../support/retell.ts";
import { decoded, linkNamed, signIn } from "../support/sign-in.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
let pages: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  ledger = await bootLedger({ env: everyPlatform });
  pages = await signIn(ledger.url, { timeZone: "America/New_York" });
});
afterAll(() => ledger.harness.close());

describe("a call", () => {
  const turns = [
    { role: "agent", content: "Hello!", timestamp: "2024-07-20T14:30:05Z" },
    { role: "user", content: "¿Hablan español?", timestamp: "2024-07-20T14:31:10Z" },
    { role: "supervisor", content: "Listening in.", timestamp: "later" },
  ];
  const ended = (call_id: string, more: object) =>
    post(ledger.url, documentedCall({ call_id }).end({ timestamp: "2024-07-20T14:35:00Z", ...more }));

  test("with more events than anybody reads shows the first, and says that there are more", async () => {
    const { start } = documentedCall({ call_id: "restless" });
    for (let minute = 0; minute < 51; minute++) {
      await post(ledger.url, start({ timestamp: `2024-07-20T14:${String(minute).padStart(2, "0")}:00Z` }));
    }
    const { text, html } = await pages.visit("/calls/restless");
    expect(text).toContain("Events the first 50");
    expect(text).toContain("… and more");
    expect(html.match(/<summary>Payload/g)).toHaveLength(50);
  });

  test("shows who, when, how long, the conversation, and its result", async () => {
    const call = documentedCall({ call_id: "whole" });
    await post(ledger.url, call.start({ timestamp: "2024-07-20T14:30:00Z" }));
    await ended("whole", { transcript: turns, variables: { nested: { a: [1] }, flag: false } });
    await post(ledger.url, call.analytics());
    const { status, text } = await pages.visit("/calls/whole");
    expect(status).toBe(200);
    expect(text).toContain("Duration 5m 0s Started 20 Jul 2024, 10:30");
    expect(text).toContain("Agent · 00:05 · #1 Hello!");
    expect(text).toContain("Caller · 01:10 · #2 ¿Hablan español?");
    expect(text).toContain("supervisor · later · #3 Listening in.");
    expect(text).toContain('nested {"a":[1]} flag no');
    expect(text).toContain("satisfaction score 4 issue resolved yes");
    expect(text).toMatch(/Call started .* Call ended .* call\.end, documented/);
    expect(text).toContain("Platform atoms");
    expect(text).toContain("calls/whole/transcript.json");
  });

  test("shows how its analytics fare downstream", async () => {
    await ledger.DB.prepare(
      `INSERT INTO sync_deliveries (call_id, event, event_id, destination, state, occurred_at, attempts, last_error, updated_at)
       SELECT call_id, event, event_id, 'webhook', 'failed', occurred_at, 3, 'HTTP 410', '2024-07-16T15:00:00.000Z'
       FROM events WHERE call_id = 'whole' AND event = 'analytics.completed'`,
    ).run();
    expect((await pages.visit("/calls/whole")).text).toMatch(/webhook 3 attempts, .* HTTP 410 failed/);
    await ledger.DB.exec("DELETE FROM sync_deliveries");
  });

  test.each([
    ["has not ended", "active", "The call has not ended yet"],
    ["was analyzed before its end came in", "analyzed-only", "The end of this call has not come in"],
    ["ended without a word", "silent", "No transcript"],
    ["has lost its transcript", "lost", "The transcript is not in the archive"],
    ["has one that cannot be read", "unreadable", "The archive does not answer"],
  ])("that %s says so, and shows the rest", async (_what, call_id, title) => {
    const call = documentedCall({ call_id, agent_id: "agent_of_it" });
    if (call_id === "active") await post(ledger.url, call.start());
    else if (call_id === "analyzed-only") await post(ledger.url, call.analytics());
    else await post(ledger.url, call.end(call_id === "silent" ? { transcript: undefined } : {}));
    const key = `calls/${call_id}/transcript.json`;
    if (call_id === "lost") await ledger.ARCHIVE.delete(key);
    if (call_id === "unreadable") await ledger.ARCHIVE.put(key, "{");
    const { status, text } = await pages.visit(`/calls/${call_id}`);
    expect(status).toBe(200);
    expect(text).toContain(title);
    expect(text).toContain("agent_of_it");
  });

  test("of hundreds of turns begins with three hundred, and has them all for who asks", async () => {
    const transcript = Array.from({ length: 450 }, (_, index) => ({ role: "user", content: `turn ${index}.` }));
    await ended("endless", { transcript });
    const first = await pages.visit("/calls/endless");
    expect(first.text).toContain("turn 299.");
    expect(first.text).not.toContain("turn 300.");
    const all = await pages.visit(linkNamed(first.html, "Show all turns"));
    expect(all.text).toContain("turn 449.");
  });

  test("says where it is what a row could not hold", async () => {
    await ended("heavy", { variables: { note: "short", bulk: "x".repeat(1_000_000) } });
    const { text } = await pages.visit("/calls/heavy");
    expect(text).toMatch(/The whole body is in R2, under calls\/heavy\/overflow\/[0-9a-f]{64}\.json/);
  });

  test.each([
    ["https://recordings.example.com/a.wav", true],
    ["javascript:alert(1)", false],
    ["data:text/html,<b>", false],
  ])("with the recording %s", async (recordingUrl, isLink) => {
    const call_id = `recorded-${isLink}-${recordingUrl.length}`;
    await post(ledger.url, atomsCall({ call_id }).end({ recordingUrl }));
    const { html, text } = await pages.visit(`/calls/${call_id}`);
    const link = `<a href="${recordingUrl}" target="_blank" rel="noreferrer noopener">`;
    expect(html.includes(link)).toBe(isLink);
    expect(html.includes(`href="${recordingUrl.slice(0, 5)}`)).toBe(isLink);
    expect(text).toContain(isLink ? "Recording Listen" : `Recording ${recordingUrl}`);
  });

  test("is text all over, whatever markup is in it", async () => {
    const markup = `</title></script><img src=x onerror=alert(1)>"'`;
    const call = documentedCall({ call_id: markup, agent_id: markup });
    await post(ledger.url, call.start({ caller_phone: markup, agent_phone: markup }));
    const transcript = [{ role: markup, content: markup, timestamp: markup }];
    await post(
      ledger.url,
      call.end({ disposition: markup, transcript, variables: { [markup]: { [markup]: markup } } }),
    );
    await post(ledger.url, call.analytics({ metrics: { [markup]: markup } }));
    for (const path of [
      `/calls/${encodeURIComponent(markup)}`,
      `/calls?q=${encodeURIComponent(markup)}`,
      "/?range=own&from=2024-07-15&to=2024-07-15",
    ]) {
      const { status, html } = await pages.visit(path);
      expect(status).toBe(200);
      expect(html).toContain("&lt;img");
      expect(html).not.toContain("<img");
      expect(html).not.toMatch(/\sstyle=|\son\w+="/);
    }
  });

  test.each(["a/b/../c", "%2e%2e", "..", "100% & more?", "ümlaut 电话", "a\u0000b", "x".repeat(512)])(
    "of the id %j opens by its link in the list",
    async (call_id) => {
      await post(ledger.url, documentedCall({ call_id }).start({ timestamp: "2022-07-15T14:30:00Z" }));
      const { html } = await pages.visit("/calls?to=2022-12-31");
      const [, path = ""] = /<a class="call-link" href="([^"]*)"/.exec(html) ?? [];
      const { status, text } = await pages.visit(decoded(path));
      expect(status).toBe(200);
      expect(text).toContain(call_id.replaceAll("\u0000", ""));
      await ledger.DB.prepare("DELETE FROM calls WHERE call_id = ?").bind(call_id).run();
    },
  );

  test("that nobody knows is a page of its own", async () => {
    const { status, html, text } = await pages.visit("/calls/%3Cb%3Enobody");
    expect(status).toBe(404);
    expect(text).toContain("The ledger has no call of this id <b>nobody");
    expect(linkNamed(html, "All calls")).toBe("/calls");
  });
});

describe("the tools of a call", () => {
  const start = Date.parse("2024-07-20T14:30:00Z");
  const said = (content: string, from: number, to: number) => ({
    ...{ role: "agent", content },
    words: [
      { word: "a", start: from, end: from },
      { word: "b", start: to, end: to },
    ],
  });
  interface Tool {
    name: string;
    given?: string;
    answer?: string;
    successful?: boolean | null;
    seconds?: number;
  }
  const invoked = ({ name, given = "{}", answer, successful = true, seconds = 0.4 }: Tool, index: number) => [
    { role: "tool_call_invocation", tool_call_id: `${index}`, name, arguments: given, time_sec: 10 + index },
    ...(answer === undefined
      ? []
      : [
          {
            ...{ role: "tool_call_result", tool_call_id: `${index}`, content: answer, successful },
            time_sec: 10 + index + seconds,
          },
        ]),
  ];
  async function show(call_id: string, tools: Tool[], query = "") {
    const [first, last] = [said("One moment.", 5, 9), said("Here it is.", 70, 75)];
    const transcript = [first, ...tools.flatMap(invoked), last];
    const body = retellCall({ call_id }).end({
      ...{ start_timestamp: start, end_timestamp: start + 90_000 },
      ...{ transcript_object: [first, last], transcript_with_tool_calls: transcript },
    });
    const { status } = await postAs("retell", ledger.url, body);
    expect(status).toBe(200);
    return pages.visit(`/calls/${encodeURIComponent(call_id)}${query}`);
  }

  test("stand in their place, with how they ended, how long they took, and what they were given, to unfold", async () => {
    const { text, html } = await show("with-tools", [
      { name: "find_slot", given: '{"day":"tue"}', answer: '{"slot":["10:00"]}' },
      { name: "book", given: "{}", answer: "no such slot", successful: false, seconds: 1.25 },
      { name: "remember" },
    ]);
    expect(text).toContain("Conversation 2 turns, 3 tool calls");
    expect(text).toMatch(
      /Agent · 00:05 – 00:09 · #1 One moment\. Tool · 00:10 · #2 find_slot ok 400\sms Arguments { "day": "tue" } Result { "slot": \[ "10:00" \] }/,
    );
    expect(text).toMatch(
      /Tool · 00:11 · #3 book failed 1\.25\ss Arguments {} Result no such slot Tool · 00:12 · #4 remember unknown/,
    );
    expect(text).toContain("Agent · 01:10 – 01:15 · #5 Here it is.");
    expect(html).toContain("{\n  &quot;day&quot;: &quot;tue&quot;\n}");
    expect(html.match(/<li id="turn-3" class="turn tool failed">/g)).toHaveLength(1);
    // The script plays from each of them.
    expect(
      html.match(/<li id="turn-\d" class="turn[^>]*><p class="who">[^<]*(?:<[^t][^>]*>[^<]*)*<time datetime=/g),
    ).toHaveLength(5);
    expect(text).toMatch(/Agent’s version 3 .*Cost \$0\.1140 Latency 812\sms/);
  });

  test("are marked in the list when one failed, and calls show their cost", async () => {
    await show("plain", [{ name: "find_slot", answer: "{}" }]);
    const { html } = await pages.visit("/calls?from=2024-07-20&to=2024-07-20&platform=retell");
    const rowOf = (call_id: string) => html.split("<tr>").find((row) => row.includes(`/calls/${call_id}?`)) ?? "";
    expect(rowOf("with-tools")).toContain('<span class="badge bad">1 tool failed</span>');
    expect(rowOf("with-tools")).toContain('data-label="Cost" class="number">$0.1140<');
    expect(rowOf("plain")).toContain("$0.1140");
    expect(rowOf("plain")).not.toContain("failed");
  });

  test("are text all over, whatever markup is in them", async () => {
    const markup = `</pre></details></script><img src=x onerror=alert(1)>"'`;
    const { status, html, text } = await show("hostile-tools", [
      { name: markup, given: JSON.stringify({ [markup]: markup }), answer: markup, successful: false },
      { name: "\u202egnp.exe", given: '{"broken":', answer: "\u202e\u05d0</pre>" },
    ]);
    expect(status).toBe(200);
    expect(html).not.toContain("<img");
    expect(html).not.toMatch(/\sstyle=|\son\w+="/);
    expect(html).toContain("<code><bdi>\u202egnp.exe</bdi></code>");
    expect(html).toContain('<pre class="payload" dir="auto">\u202e\u05d0&lt;/pre&gt;</pre>');
    expect(text).toContain('Arguments {"broken":');
    const overview = await pages.visit("/?range=own&from=2024-07-20&to=2024-07-20");
    expect(overview.html).toContain("&lt;img");
    expect(overview.html).not.toContain("<img");
  });

  test("with a hundred thousand characters are cut, and have them all for who asks", async () => {
    const answer = JSON.stringify({ rows: "x".repeat(100_000), last: 1 }).slice(0, 99_999);
    const deep = "[".repeat(400) + "]".repeat(400);
    const first = await show("large-tools", [{ name: "n".repeat(5000), given: deep, answer }]);
    expect(first.text).toMatch(/95,999 characters more: R2 has the rest/);
    expect(first.html.length).toBeLessThan(60_000);
    const all = await pages.visit("/calls/large-tools?turns=all");
    expect(all.html).toContain("x".repeat(99_000));
  });

  test("are the conversation where nothing was said", async () => {
    const call = retellCall({ call_id: "tools-only" });
    const transcript = invoked({ name: "find_slot", answer: "{}" }, 0);
    await postAs(
      "retell",
      ledger.url,
      call.end({ transcript: "", transcript_object: [], transcript_with_tool_calls: transcript }),
    );
    const { text } = await pages.visit("/calls/tools-only");
    expect(text).toContain("Conversation 1 tool call");
    expect(text).not.toContain("No transcript");
  });
});

describe("erasing", () => {
  beforeAll(() => post(ledger.url, documentedCall({ call_id: "stays" }).end()));

  test("does nothing until the box is ticked", async () => {
    const { status, text } = await pages.submit("/calls/stays", "/calls/stays/erase", {});
    expect(status).toBe(400);
    expect(text).toContain("Nothing was erased");
    expect((await pages.visit("/calls/stays")).status).toBe(200);
  });

  test("is refused without the token of the page", async () => {
    const fields = { understood: "yes", csrf_token: "forged" };
    expect((await pages.submit("/calls/stays", "/calls/stays/erase", fields)).status).toBe(403);
    expect((await pages.visit("/calls/stays")).status).toBe(200);
  });

  test("leads to a page that shows how far it is, until nothing of the call is left", async () => {
    await post(ledger.url, documentedCall({ call_id: "forget/me" }).end());
    const key = "calls/forget%2Fme/transcript.json";
    expect(await ledger.ARCHIVE.head(key)).not.toBeNull();
    const path = "/calls/forget%2Fme";
    const { status, headers } = await pages.submit(path, `${path}/erase`, { understood: "yes" });
    expect(status).toBe(303);
    const erasure = headers.get("Location") ?? "";
    expect(erasure).toMatch(/^\/erasures\/[\w-]+$/);
    await vi.waitFor(async () => {
      const { status, text } = await pages.visit(erasure);
      expect(status).toBe(200);
      expect(text).toContain("The call is erased");
    }, 100_000);
    const { html, text, headers: ofPage } = await pages.visit(erasure);
    expect(text).toContain(
      "Calls 1 Events 1 Deliveries 0 Calls in the index of words 1 Transcripts and other bodies in R2 1 Parked bodies 0",
    );
    expect(linkNamed(html, "All calls")).toBe("/calls");
    expect(ofPage.get("Refresh")).toBeNull();
    expect((await pages.visit(path)).status).toBe(404);
    expect(await ledger.ARCHIVE.head(key)).toBeNull();
  });

  test("a call that somebody else erased meanwhile is erased", async () => {
    const { status, headers } = await pages.submit("/calls/stays", "/calls/never-heard-of/erase", {
      understood: "yes",
    });
    expect(status).toBe(303);
    const list = await pages.visit(headers.get("Location") ?? "");
    expect(list.text).toContain("The call is erased");
  });

  const output = JSON.stringify({
    calls: 0,
    events: 0,
    deliveries: 0,
    words: 0,
    objects: 1200,
    parked: 0,
    quarantined: 3,
    index_merged: false,
  });
  const insertJob = (id: string, status: string) =>
    ledger.DB.prepare("INSERT INTO ledger_jobs (id, kind, status, output, updated_at) VALUES (?, 'erasure', ?, ?, '')")
      .bind(id, status, output)
      .run();

  test("takes its time: the page loads itself again, by a link too, and shows what went so far", async () => {
    await insertJob("under-way", "running");
    const { status, headers, html, text } = await pages.visit("/erasures/under-way");
    expect(status).toBe(200);
    expect(headers.get("Refresh")).toBe("2");
    expect(linkNamed(html, "Refresh")).toBe("/erasures/under-way");
    expect(text).toContain("Not finished yet.");
    expect(text).toContain("Transcripts and other bodies in R2 1,200 Parked bodies 0 Bodies in quarantine 3");
    expect(text).not.toContain("The call is erased");
  });

  test("fails now and then: the page says that the ledger tries again, and does not load itself", async () => {
    await insertJob("failed", "errored");
    const { status, headers, html, text } = await pages.visit("/erasures/failed");
    expect(status).toBe(200);
    expect(headers.get("Refresh")).toBeNull();
    expect(html).toContain('role="alert"');
    expect(text).toContain("The ledger tries again by itself within ten minutes.");
    expect(linkNamed(html, "Refresh")).toBe("/erasures/failed");
  });

  test("that nobody began is a 404", async () => {
    const { status, text } = await pages.visit("/erasures/%3Cb%3Enothing");
    expect(status).toBe(404);
    expect(text).toContain("There is no such erasure.");
  });
});
