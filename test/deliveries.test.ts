import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { ask } from "./support/ask.ts";
import { SYNC_SECRET, startDownstream } from "./support/downstream.ts";
import { documentedCall } from "./support/events.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { post } from "./support/post.ts";
import { signIn } from "./support/sign-in.ts";

const patience = { timeout: 28_000, interval: 50 };
const lines: string[] = [];
let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootOnNetwork({
    main: "test/support/choosy-ledger.ts",
    env: { SYNC_URL: downstream.url, SYNC_SECRET, SYNC_EVENTS: "analytics.completed, call.end,call.start" },
    maxRetries: 1,
    onLog: (line) => lines.push(line),
  });
});
afterAll(async () => {
  await ledger.close();
  await downstream.close();
});

const answer = z.object({
  deliveries: z.array(
    z.looseObject({ call_id: z.string(), event: z.string(), state: z.string(), last_error: z.string().nullable() }),
  ),
  next_cursor: z.string().nullable(),
});
const list = async (query: Record<string, string>) =>
  answer.parse((await ask(ledger.url, `/api/deliveries?${new URLSearchParams(query)}`)).body).deliveries;
const settled = (query: Record<string, string>, expected: readonly object[]) =>
  vi.waitFor(async () => expect(await list(query)).toMatchObject(expected), patience);

describe("the events that are wanted", () => {
  test("each goes out with the whole call as the ledger has it then, under its own name", async () => {
    const call_id = "all three";
    const { start, end, analytics } = documentedCall({ call_id });
    for (const [index, event] of [start(), end(), analytics()].entries()) {
      await post(ledger.url, event);
      await vi.waitFor(() => expect(downstream.deliveriesOf(call_id)).toHaveLength(index + 1), patience);
    }
    expect(downstream.deliveriesOf(call_id).map(({ payload }) => payload)).toMatchObject([
      { type: "call.start", timestamp: "2024-07-15T14:30:00.000Z", data: { call: { status: "active" } } },
      { type: "call.end", data: { call: { status: "ended", caller_phone: "+15551234567", transcript_turns: 1 } } },
      { type: "analytics.completed", data: { call: { status: "analyzed", disposition: "successful" } } },
    ]);
    expect(new Set(downstream.deliveriesOf(call_id).map(({ id }) => id)).size).toBe(3);
    await settled({ call_id }, Array(3).fill({ state: "delivered" }));
  });

  test("for the others there is no row and no message, and of wrong names /healthz says so", async () => {
    const other = await bootOnNetwork({
      env: { SYNC_URL: downstream.url, SYNC_SECRET, SYNC_EVENTS: "call.end,call.ended" },
    });
    const call_id = "end alone";
    const { start, end, analytics } = documentedCall({ call_id });
    for (const event of [start(), end(), analytics()]) await post(other.url, event);
    const { results } = await other.DB.prepare("SELECT event FROM sync_deliveries").all();
    expect(results).toEqual([{ event: "call.end" }]);
    const { status, body } = await ask(other.url, "/healthz");
    expect(status).toBe(503);
    expect(body).toMatchObject({
      errors: [
        {
          path: "SYNC_EVENTS",
          message: "names an event other than call.start, call.end, analytics.completed",
        },
      ],
    });
    await other.close();
  });
});

test("a call that the destination does not want is skipped: no POST, no retry, nothing that piles up", async () => {
  const call_id = "not for us";
  const { end, analytics } = documentedCall({ call_id });
  await post(ledger.url, end({ disposition: "unwanted" }));
  await post(ledger.url, analytics());
  await settled({ call_id, state: "skipped" }, [
    { event: "analytics.completed", state: "skipped", attempts: 0, last_error: null, next_attempt_at: null },
    { event: "call.end", state: "skipped", attempts: 0 },
  ]);
  expect(downstream.deliveriesOf(call_id)).toEqual([]);
  const retry = await ask(ledger.url, "/api/deliveries/retry", { method: "POST", body: JSON.stringify({ call_id }) });
  expect(retry.body).toEqual({ retried: 0, more: false });
  expect(await list({ call_id, state: "skipped" })).toHaveLength(2);
  expect((await ask(ledger.url, "/healthz")).body).not.toHaveProperty("waiting");
  const { visit } = await signIn(ledger.url);
  expect((await visit("/deliveries?state=skipped")).text).toContain("not for us");
});

describe("what the other side answered", () => {
  const refuse = async (call_id: string, body: string | Buffer, status = 422) => {
    downstream.behave(call_id, (response) => response.writeHead(status).end(body));
    await post(ledger.url, documentedCall({ call_id }).analytics());
    await settled({ call_id, state: "failed" }, [{ call_id }]);
    const [delivery] = await list({ call_id });
    return delivery?.last_error;
  };

  test("stands behind the reason: 300 characters of it, as one line of text", async () => {
    expect(await refuse("answered", '{"error":\n  "no field\u0000 plan\u202e"}\r\n')).toBe(
      'HTTP 422: {"error": "no field plan "}',
    );
    expect(await refuse("answered at length", "é".repeat(100_000))).toBe(`HTTP 422: ${"é".repeat(300)}`);
    expect(await refuse("answered nothing", "")).toBe("HTTP 422");
    expect(await refuse("answered noise", Buffer.from([0xff, 0xfe, 0x41]))).toBe("HTTP 422: \ufffd\ufffdA");
    expect(await refuse("answered an emoji at the end", `${"a".repeat(299)}😀`)).toBe(
      `HTTP 422: ${"a".repeat(299)}\ufffd`,
    );
  });

  test("stays out of the log, since it may repeat what was sent", async () => {
    await refuse("echoed", "no such customer: +15550142077");
    expect(lines.join("\n")).toContain("HTTP 422");
    expect(lines.join("\n")).not.toContain("15550142077");
  });

  test("is read for two seconds at the most", async () => {
    const call_id = "drips";
    downstream.behave(call_id, (response) => {
      response.writeHead(400);
      const drip = setInterval(() => response.write("drip "), 500);
      response.on("close", () => clearInterval(drip));
    });
    const begun = Date.now();
    await post(ledger.url, documentedCall({ call_id }).analytics());
    await settled({ call_id }, [{ state: "failed", last_error: expect.stringMatching(/^HTTP 400: drip/) }]);
    expect(Date.now() - begun).toBeLessThan(8_000);
  });

  test("is kept from attempt to attempt, and the next one is announced", async () => {
    const call_id = "busy";
    downstream.behave(call_id, (response) => response.writeHead(503, { "Retry-After": "3600" }).end("in an hour"));
    const begun = Date.now();
    await post(ledger.url, documentedCall({ call_id }).analytics());
    await settled({ call_id, state: "pending" }, [{ attempts: 1, last_error: "HTTP 503: in an hour" }]);
    const [delivery] = await list({ call_id });
    const inSeconds = (Date.parse(String(delivery?.["next_attempt_at"])) - begun) / 1000;
    expect(inSeconds).toBeGreaterThanOrEqual(3600);
    expect(inSeconds).toBeLessThan(3640);
    const { visit } = await signIn(ledger.url);
    const page = await visit("/deliveries?state=pending");
    expect(page.text).toMatch(/Next attempt/);
    expect(page.html).toContain(`datetime="${delivery?.["next_attempt_at"]}"`);
  });

  test("is shown as text", async () => {
    await refuse("markup", "<script>alert(1)</script>");
    const { visit } = await signIn(ledger.url);
    const page = await visit("/deliveries");
    expect(page.text).toContain("HTTP 422: <script>alert(1)</script>");
    expect(page.html).not.toContain("<script>alert");
  });
});

describe("listings", () => {
  beforeAll(async () => {
    for (const [day, call_id] of [
      ["2030-05-02", "second"],
      ["2030-05-01", "first"],
      ["2030-05-03", "third"],
    ] as const) {
      downstream.behave(call_id, (response) =>
        response.writeHead(400).end(call_id === "third" ? "gone" : "no such plan"),
      );
      const { start, analytics } = documentedCall({ call_id, agent_id: `agent of ${call_id}` });
      await post(ledger.url, start({ timestamp: `${day}T10:00:00Z`, caller_phone: "+15550001111" }));
      await post(ledger.url, analytics({ timestamp: `${day}T11:00:00Z` }));
    }
    await settled({ from: "2030-05-01", state: "failed" }, Array(6).fill({}));
  });
  const ids = async (query: Record<string, string>) =>
    (await list({ from: "2030-05-01", ...query })).map(({ call_id }) => call_id);

  test("say of each what it is about, the newest event first", async () => {
    expect((await list({ from: "2030-05-01", event: "call.start" }))[0]).toMatchObject({
      call_id: "third",
      event: "call.start",
      occurred_at: "2030-05-03T10:00:00.000Z",
      caller_phone: "+15550001111",
      agent_id: "agent of third",
    });
    expect(await ids({ event: "analytics.completed" })).toEqual(["third", "second", "first"]);
  });

  test.each([
    [{ to: "2030-05-01", event: "call.start" }, ["first"]],
    [{ from: "2030-05-02", to: "2030-05-02T10:30:00Z" }, ["second"]],
    [{ from: "2030-05-02", event: "call.start", destination: "webhook", state: "failed" }, ["third", "second"]],
    [{ state: "delivered" }, []],
    [{ destination: "elsewhere" }, []],
  ])("are filtered by state, destination, event and time: %o", async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  test.each([["event=call.ended"], ["from=yesterday"], ["state=lost"], ["last_error=HTTP+400"]])(
    "refuse %s",
    async (query) => {
      expect((await ask(ledger.url, `/api/deliveries?${query}`)).status).toBe(400);
    },
  );

  test("group failures by what was answered; a group is sent again once somebody has seen how many there are", async () => {
    const { body } = await ask(ledger.url, "/api/deliveries/failures?from=2030-05-01");
    expect(body).toEqual({
      count: 6,
      more: false,
      groups: [
        {
          destination: "webhook",
          last_error: "HTTP 400: no such plan",
          count: 4,
          newest: "2030-05-02T11:00:00.000Z",
        },
        { destination: "webhook", last_error: "HTTP 400: gone", count: 2, newest: "2030-05-03T11:00:00.000Z" },
      ],
    });
    const { visit, submit } = await signIn(ledger.url);
    const view = "/deliveries?state=failed&from=2030-05-01";
    expect((await visit(view)).text).toMatch(/no such plan webhook 4 .* gone webhook 2 /);

    for (const call_id of ["first", "second", "third"]) {
      downstream.behave(call_id, (response) => response.writeHead(200).end());
    }
    const action = "/deliveries/retry?state=failed&from=2030-05-01";
    const fields = { last_error: "HTTP 400: no such plan", from: "2030-05-02", destination: "webhook" };
    const asked = await submit(view, action, fields);
    expect(asked.status).toBe(200);
    expect(asked.text).toContain("2 deliveries that failed");
    for (const [name, value] of Object.entries({ ...fields, confirmed: "yes" })) {
      expect(asked.html).toContain(`name="${name}" value="${value}"`);
    }
    expect(await ids({ state: "failed" })).toHaveLength(6);
    const done = await submit(view, action, { ...fields, confirmed: "yes" });
    expect(done.headers.get("Location")).toMatch(/done=sent-again&count=2/);
    await vi.waitFor(async () => expect(await ids({ state: "delivered" })).toEqual(["second", "second"]), patience);

    const retry = { method: "POST", body: JSON.stringify({ last_error: "HTTP 400: gone" }) };
    expect((await ask(ledger.url, "/api/deliveries/retry", retry)).body).toEqual({ retried: 2, more: false });
    await vi.waitFor(async () => expect(await ids({ state: "failed" })).toEqual(["first", "first"]), patience);
  });

  test("days of the page are days of the viewer", async () => {
    const { visit } = await signIn(ledger.url, { timeZone: "Pacific/Auckland" });
    // 11:00 UTC is 23:00 there.
    const page = await visit("/deliveries?state=all&from=2030-05-03&to=2030-05-03");
    expect(page.html).toContain('href="/calls/third"');
    expect(page.html).not.toContain('href="/calls/second"');
    expect((await visit("/deliveries?from=yesterday")).status).toBe(400);
  });
});
