import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, askText } from "./support/ask.ts";
import { atomsCall, documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";
import { signIn } from "./support/sign-in.ts";
import { COUNTS_PATH, counts } from "./support/stores/counts.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger();
  const calls = [
    ["monday", "agent_1", "2024-07-15T09:00:00Z", "inbound", "+15550000001", "successful"],
    ["tuesday", "agent_2", "2024-07-16T09:00:00Z", "outbound", "+15550000002", "no_answer"],
    ["twin-a", "agent_1", "2024-07-17T09:00:00Z", "inbound", "+15550000003", "successful"],
    ["twin-b", "agent_1", "2024-07-17T09:00:00Z", "inbound", "+15550000003", "successful"],
  ] as const;
  for (const [call_id, agent_id, timestamp, call_direction, caller_phone, disposition] of calls) {
    const call = documentedCall({ call_id, agent_id });
    await post(ledger.url, call.start({ timestamp, call_direction, caller_phone }));
    await post(ledger.url, call.end({ timestamp: timestamp.replace(":00:00Z", ":05:00Z"), disposition }));
  }
  // No start: listed by its end. Neither: by its receipt, which is now.
  await post(ledger.url, documentedCall({ call_id: "ended-only" }).end({ timestamp: "2024-07-16T10:00:00Z" }));
  await post(ledger.url, documentedCall({ call_id: "live" }).start({ timestamp: "2024-07-18T09:00:00Z" }));
  await post(ledger.url, documentedCall({ call_id: "analyzed-only" }).analytics());
});
afterAll(() => ledger.harness.close());

const spoken = [
  { role: "agent", content: "Hello!", timestamp: "..." },
  { role: "user", content: "¿Hablan español?", timestamp: "2024-07-15T14:30:06.500Z" },
];
const newestFirst = ["analyzed-only", "live", "twin-b", "twin-a", "ended-only", "tuesday", "monday"];
const idsOf = (body: unknown) => Object(body).calls.map(({ call_id }: { call_id: string }) => call_id);
const list = async (query = "") => idsOf((await ask(ledger.url, `/api/calls${query}`)).body);

describe("GET /api/calls", () => {
  test("lists calls newest first: by start, else by end, else by receipt", async () => {
    expect(await list()).toEqual(newestFirst);
  });

  test("carries every column of a call, JSON columns as JSON", async () => {
    await post(ledger.url, documentedCall({ call_id: "monday" }).analytics({ metrics: { csat: 4 } }));
    const { body } = await ask(ledger.url, "/api/calls?to=2024-07-15");
    expect(Object(body).calls).toEqual([
      {
        id: 1,
        call_id: "monday",
        platform: "atoms",
        agent_id: "agent_1",
        status: "analyzed",
        call_direction: "inbound",
        caller_phone: "+15550000001",
        agent_phone: "+15559876543",
        called_at: "2024-07-15T09:00:00.000Z",
        started_at: "2024-07-15T09:00:00.000Z",
        ended_at: "2024-07-15T09:05:00.000Z",
        analyzed_at: "2024-07-15T14:36:00.000Z",
        duration_seconds: 300,
        cost_usd: null,
        latency_ms: null,
        agent_version: null,
        disposition: "successful",
        variables: { customer_name: "Robin Example" },
        metrics: { csat: 4 },
        summary: null,
        recording_url: null,
        recording_key: null,
        transcript_key: "calls/monday/transcript.json",
        transcript_turns: 1,
        updated_at: expect.stringMatching(/Z$/),
      },
    ]);
  });

  test.each([1, 2, 3, 7])("pages of %i meet every call once, calls of the same moment too", async (limit) => {
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const { body } = await ask(ledger.url, `/api/calls?limit=${limit}&cursor=${encodeURIComponent(cursor)}`);
      seen.push(...idsOf(body));
      cursor = Object(body).next_cursor;
    }
    expect(seen).toEqual(newestFirst);
  });

  test.each([
    ["agent_id=agent_2", ["tuesday"]],
    ["call_direction=outbound", ["tuesday"]],
    ["disposition=no_answer", ["tuesday"]],
    ["status=active", ["live"]],
    ["from=2024-07-17&to=2024-07-17", ["twin-b", "twin-a"]],
    ["from=2024-07-16T09:00:00Z&to=2024-07-17T09:00:00Z", ["ended-only", "tuesday"]],
    ["from=2024-07-16T11:00:00%2B02:00&to=2024-07-16", ["ended-only", "tuesday"]],
    ["agent_id=agent_1&disposition=successful&to=2024-07-16", ["ended-only", "monday"]],
    ["from=0000-01-01&to=9999-12-31", newestFirst],
    ["agent_id=nobody", []],
    ["agent_id=", newestFirst],
  ])("%s", async (query, expected) => {
    expect(await list(`?${query}`)).toEqual(expected);
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["limit=many", "limit"],
    ["cursor=nonsense", "cursor"],
    ["cursor=%5B1%5D", "cursor"],
    ["cursor=%5B%22time%22,%22x%22%5D", "cursor"],
    ["cursor=%5B%22words%22,%22x%22%5D", "cursor"],
    ["cursor=%5B%22neither%22,%22x%22,1%5D", "cursor"],
    ["from=yesterday", "from"],
    ["to=2024-02-30", "to"],
    ["status=lost", "status"],
    ["call_direction=sideways", "call_direction"],
    ["agent=agent_1", "agent"],
  ])("refuses %s and names it", async (query, path) => {
    const answer = await ask(ledger.url, `/api/calls?${query}`);
    expect(answer).toMatchObject({ status: 400, type: "application/problem+json", body: { errors: [{ path }] } });
  });

  test("reads as many rows as it shows, however many calls there are", async () => {
    const counting = await bootLedger({ main: "test/support/stores/counting-ledger.ts" });
    await counting.DB.prepare(
      `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions)
       SELECT 'many-' || value, 'atoms', 'a', 'ended', strftime('%Y-%m-%dT%H:%M:%fZ', '2024-07-15', value || ' seconds'), '', '', '{}'
       FROM json_each(?)`,
    )
      .bind(JSON.stringify(Array.from({ length: 2000 }, (_, index) => index)))
      .run();
    let query = "?limit=10";
    for (let page = 0; page < 3; page++) {
      const { body } = await ask(counting.url, `/api/calls${query}`);
      expect(idsOf(body)).toEqual(Array.from({ length: 10 }, (_, index) => `many-${1999 - page * 10 - index}`));
      query = `?limit=10&cursor=${encodeURIComponent(Object(body).next_cursor)}`;
    }
    const { d1RoundTrips, rowsRead } = counts.parse(await (await fetch(new URL(COUNTS_PATH, counting.url))).json());
    expect(d1RoundTrips).toBe(3);
    // Ten rows a page and one to see whether there is another: by the index, for their sizes, and themselves.
    expect(rowsRead).toBeLessThanOrEqual(3 * 10 * 11);
    await counting.harness.close();
  });
});

test("a page of calls ends once its rows have 8 MB, and goes on behind them", async () => {
  const crowded = await bootLedger();
  await crowded.DB.prepare(
    `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions, metrics)
     SELECT 'large-' || value, 'atoms', 'a', 'ended', '2024-07-15T09:00:00.000Z', '', '', '{}', json_object('m', hex(zeroblob(450000)))
     FROM json_each('[0,1,2,3,4,5,6,7,8,9]')`,
  ).run();
  for (const query of ["", "&agent_id=a", "&limit=200"]) {
    const first = (await ask(crowded.url, `/api/calls?${query}`)).body;
    expect(idsOf(first)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1].map((nth) => `large-${nth}`));
    const { body } = await ask(crowded.url, `/api/calls?cursor=${Object(first).next_cursor}${query}`);
    expect(body).toMatchObject({ calls: [{ call_id: "large-0" }], next_cursor: null });
  }
  // What a list for people does not show counts for nothing.
  const { visit } = await signIn(crowded.url);
  expect((await visit("/calls")).html.match(/class="call-link"/g)).toHaveLength(10);
  await crowded.harness.close();
});

describe("GET /api/calls/{call_id}", () => {
  test("tells the call, its events in order and its deliveries", async () => {
    const { status, body } = await ask(ledger.url, "/api/calls/twin-a");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      call: { call_id: "twin-a", status: "ended" },
      events: [
        { event: "call.start", payload: { caller_phone: "+15550000003" } },
        { event: "call.end", payload: { disposition: "successful" } },
      ],
      deliveries: [],
    });
    expect(JSON.stringify(body)).not.toContain("How can I help");
  });

  test.each(["a/b/../c", "%2e%2e", "100% & more?", "ümlaut 电话", "x".repeat(512)])(
    "finds the id %s",
    async (call_id) => {
      await post(ledger.url, documentedCall({ call_id }).start());
      const { body } = await ask(ledger.url, `/api/calls/${encodeURIComponent(call_id)}`);
      expect(body).toMatchObject({ call: { call_id } });
    },
  );

  test.each(["/api/calls/nobody", "/api/calls/nobody/transcript", "/api/calls/%ff"])("%s is a 404", async (path) => {
    expect(await ask(ledger.url, path)).toMatchObject({ status: 404, type: "application/problem+json" });
  });
});

describe("GET /api/calls/{call_id}/transcript", () => {
  test.each([
    ["documented", documentedCall],
    ["atoms", atomsCall],
  ])("is the conversation, in the vocabulary %s", async (format, makeCall) => {
    const call_id = `CALL-1721053800000-${format === "atoms" ? "aaaaaa" : "bbbbbb"}`;
    const end = JSON.stringify(makeCall({ call_id }).end());
    await post(ledger.url, end.replace(/"transcript":\[.*?\]/, `"transcript":${JSON.stringify(spoken)}`));
    const { body, headers } = await ask(ledger.url, `/api/calls/${call_id}/transcript`);
    expect(body).toMatchObject({ call_id, turns: spoken });
    expect(headers.get("Vary")).toBe("Accept");
  });

  test("is text for who wants to read", async () => {
    const call_id = "read-aloud";
    await post(ledger.url, documentedCall({ call_id }).end({ timestamp: "2023-07-15T14:30:00Z", transcript: spoken }));
    const { text, type } = await askText(ledger.url, `/api/calls/${call_id}/transcript`, { Accept: "text/plain" });
    expect(type).toBe("text/plain; charset=utf-8");
    expect(text).toBe("agent (...):\nHello!\n\nuser (2024-07-15T14:30:06.500Z):\n¿Hablan español?\n");
  });

  test("says so when there is none", async () => {
    const { status, body } = await ask(ledger.url, "/api/calls/live/transcript");
    expect(status).toBe(404);
    expect(body).toMatchObject({ title: "No transcript" });
  });
});

test("every answer below /api is for this reader alone, and nothing but what it says it is", async () => {
  const paths = ["/api/calls", "/api/calls?limit=x", "/api/calls/nobody", "/api/nothing", "/api/calls.csv"];
  for (const path of [...paths, "/api/calls/monday/transcript", "/api/jobs/nobody", "/api/erasures"]) {
    const { cacheControl, headers } = await askText(ledger.url, path);
    expect(cacheControl, path).toBe("private, no-store");
    expect(headers.get("X-Content-Type-Options"), path).toBe("nosniff");
  }
});

test("what only reads goes through a session, so that a copy of the database can answer", async () => {
  const copied = await bootLedger({ main: "test/support/session-ledger.ts" });
  const call = documentedCall({ call_id: "read" });
  for (const event of [call.start(), call.end({ transcript: spoken }), call.analytics()]) await post(copied.url, event);
  const addresses = [
    "calls",
    "calls?q=read",
    "calls.csv",
    "stats",
    "calls/read",
    "calls/read/transcript",
    "deliveries",
  ];
  for (const address of addresses) expect((await askText(copied.url, `/api/${address}`)).status, address).toBe(200);
  const pages = await signIn(copied.url);
  for (const path of ["/", "/calls", "/calls.csv", "/calls/read", "/deliveries?state=all"]) {
    expect((await pages.visit(path)).status, path).toBe(200);
  }
  await copied.harness.close();
});
