import Papa from "papaparse";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ask, askText } from "./support/ask.ts";
import { SYNC_SECRET, startDownstream } from "./support/downstream.ts";
import { elevenLabsCall } from "./support/elevenlabs.ts";
import type { PlatformName } from "./support/every-platform.ts";
import { everyPlatform, postAs } from "./support/every-platform.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { retellCall } from "./support/retell.ts";
import { vapiCall } from "./support/vapi.ts";

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootOnNetwork({ env: { ...everyPlatform, SYNC_URL: downstream.url, SYNC_SECRET } });
});
afterAll(async () => {
  await ledger.close();
  await downstream.close();
});
beforeEach(() => ledger.DB.prepare("DELETE FROM calls").run());

const send = async (platform: PlatformName, body: object) =>
  expect(await postAs(platform, ledger.url, JSON.stringify(body))).toMatchObject({ status: 200 });
const toolsOf = async (call_id: string) => {
  const query = ledger.DB.prepare("SELECT * FROM tool_calls WHERE call_id = ? ORDER BY number").bind(call_id);
  return (await query.all()).results;
};
const costs = ["agent_version", "cost_usd", "latency_ms"] as const;
const costsOf = (call_id: string) =>
  ledger.DB.prepare(`SELECT ${costs.join(", ")} FROM calls WHERE call_id = ?`)
    .bind(call_id)
    .first();

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

describe("what each platform states of a call", () => {
  const call_id = "stated";
  test.each<[PlatformName, object, object, object]>([
    [
      "retell",
      retellCall({ call_id }).end(),
      { agent_version: "3", cost_usd: 0.114, latency_ms: 812 },
      { name: "find_slot", status: "ok", started_at: null, duration_ms: null },
    ],
    [
      "vapi",
      vapiCall({ call_id }).report({ assistantVersion: 7 }),
      { agent_version: "7", cost_usd: 0.1372, latency_ms: 1180 },
      { name: "find_invoice", status: null, started_at: "2024-07-15T14:30:08.000Z", duration_ms: 700 },
    ],
    [
      "elevenlabs",
      elevenLabsCall({ call_id }).transcription({ version_id: "agtvrsn_1" }),
      { agent_version: "agtvrsn_1", cost_usd: null, latency_ms: null },
      { name: "find_slot", status: "ok", started_at: "2025-06-15T15:06:47.000Z", duration_ms: null },
    ],
  ])("%s: is in its row, and its tools in theirs", async (platform, body, facts, tool) => {
    await send(platform, body);
    expect(await costsOf(call_id)).toEqual(facts);
    expect(await toolsOf(call_id)).toEqual([{ call_id, number: 1, ...tool }]);
    const { tool_calls } = Object((await ask(ledger.url, `/api/calls/${call_id}`)).body);
    expect(tool_calls).toEqual([{ number: 1, ...tool }]);
  });

  test("a cost below nothing is refused by its path", async () => {
    const body = retellCall({ call_id }).end({ call_cost: { combined_cost: -1 } });
    expect(await postAs("retell", ledger.url, JSON.stringify(body))).toMatchObject({
      status: 422,
      body: { errors: [{ path: "call.call_cost.combined_cost", message: "must not be negative" }] },
    });
  });

  test("days and agents have their costs in sum, and none where none is stated", async () => {
    await send("retell", retellCall({ call_id: "a", agent_id: "dear" }).end());
    await send("retell", retellCall({ call_id: "b", agent_id: "dear" }).end({ call_cost: null }));
    await send("elevenlabs", elevenLabsCall({ call_id: "c", agent_id: "unknown" }).transcription());
    const { results } = await ledger.DB.prepare(
      "SELECT agent_id, calls, cost_usd FROM daily_calls ORDER BY agent_id",
    ).all();
    expect(results).toEqual([
      { agent_id: "dear", calls: 2, cost_usd: 0.114 },
      { agent_id: "unknown", calls: 1, cost_usd: null },
    ]);
  });
});

describe("the tools of the transcript that wins", () => {
  const invocation = (name: string) => ({ role: "tool_call_invocation", tool_call_id: name, name, arguments: "{}" });
  const end = (call_id: string, second: number, call: object) =>
    retellCall({ call_id }).end(call, { event_timestamp: 1_750_000_100_000 + second * 1000 });
  const bodies = (call_id: string) => [
    retellCall({ call_id }).start(),
    end(call_id, 1, { transcript_with_tool_calls: ["a", "b", "c"].map(invocation), call_cost: { combined_cost: 3 } }),
    end(call_id, 3, { transcript_with_tool_calls: ["d"].map(invocation), call_cost: { combined_cost: 5 } }),
    // Later, but without a transcript: it sets the cost alone.
    end(call_id, 5, {
      transcript_object: null,
      transcript_with_tool_calls: null,
      transcript: null,
      call_cost: { combined_cost: 7 },
      agent_version: 4,
    }),
  ];

  test.each(permutations([1, 2, 3]))("are the same in order %i, %i, %i, and repeated", async (...order) => {
    const call_id = `ordered ${order.join("")}`;
    const all = bodies(call_id);
    for (const index of [...order, 0, ...order.toReversed()]) await send("retell", all[index] ?? {});
    expect(await toolsOf(call_id)).toMatchObject([{ number: 1, name: "d" }]);
    expect(await costsOf(call_id)).toEqual({ agent_version: "3", cost_usd: 0.07, latency_ms: 812 });
  });

  test("are the same for bodies that come at once", async () => {
    const all = bodies("raced");
    await Promise.all([...all, ...all].map((body) => send("retell", body)));
    expect(await toolsOf("raced")).toMatchObject([{ number: 1, name: "d" }]);
  });

  test.each([
    [0, 1],
    [1, 0],
  ])("a correction without tools has none, in order %i, %i", async (...order) => {
    const call_id = `taken back ${order.join("")}`;
    const all = [
      end(call_id, 1, {}),
      end(call_id, 2, { transcript_with_tool_calls: [], disconnection_reason: "corrected" }),
    ];
    for (const index of order) await send("retell", all[index] ?? {});
    expect(await toolsOf(call_id)).toEqual([]);
  });

  test.each([
    [0, 1],
    [1, 0],
  ])("an end from far ahead never wins, even over one without a transcript, in order %i, %i", async (...order) => {
    const call_id = `ahead ${order.join("")}`;
    const none = { transcript_object: null, transcript_with_tool_calls: null };
    const all = [
      retellCall({ call_id }).end({}, { event_timestamp: Date.UTC(9998, 1) }),
      end(call_id, 1, { ...none, transcript: null }),
    ];
    for (const index of order) await send("retell", all[index] ?? {});
    expect(await toolsOf(call_id)).toEqual([]);
  });

  test("are at most 500", async () => {
    const tools = Array.from({ length: 501 }, (_, index) => invocation(`tool ${index}`));
    await send("retell", end("many", 1, { transcript_with_tool_calls: tools }));
    expect(await toolsOf("many")).toHaveLength(500);
    const { turns } = Object((await ask(ledger.url, "/api/calls/many/transcript")).body);
    expect(turns).toHaveLength(504);
  });
});

describe("outside D1", () => {
  test("a transcript has its tools in their place, as JSON and as text", async () => {
    await send("vapi", vapiCall({ call_id: "read" }).report());
    expect((await ask(ledger.url, "/api/calls/read/transcript")).body).toEqual({
      call_id: "read",
      turns: [
        {
          kind: "speech",
          role: "agent",
          content: "Hello! How can I help?",
          timestamp: "2024-07-15T14:30:01.120Z",
          ended_at: "2024-07-15T14:30:04.020Z",
        },
        expect.objectContaining({ kind: "speech", role: "user" }),
        {
          kind: "tool",
          name: "find_invoice",
          arguments: {},
          result: { invoice: "platypus" },
          status: null,
          timestamp: "2024-07-15T14:30:08.000Z",
          duration_ms: 700,
        },
        expect.objectContaining({ content: "Here is another one." }),
      ],
      next_cursor: null,
    });
    const { text } = await askText(ledger.url, "/api/calls/read/transcript", { Accept: "text/plain" });
    expect(text.split("\n")).toContain(
      'tool find_invoice (2024-07-15T14:30:08.000Z) 700 ms {} → {"invoice":"platypus"}',
    );
  });

  test("a transcript is read page by page, its tools counted as turns", async () => {
    await send("vapi", vapiCall({ call_id: "paged" }).report());
    const path = "/api/calls/paged/transcript";
    const read = async (query: string) => (await ask(ledger.url, `${path}?${query}`)).body;
    const first = await read("limit=3");
    expect(first).toMatchObject({ turns: [{ kind: "speech" }, { kind: "speech" }, { kind: "tool" }] });
    const { next_cursor } = Object(first);
    const last = { turns: [{ content: "Here is another one." }], next_cursor: null };
    expect(await read(`limit=3&cursor=${encodeURIComponent(next_cursor)}`)).toMatchObject(last);
    expect(await read(`cursor=${encodeURIComponent(next_cursor)}`)).toMatchObject(last);
    expect(await read("cursor=3")).toMatchObject({ status: 400, errors: [{ path: "cursor" }] });
    expect(await read("limit=0")).toMatchObject({ status: 400, errors: [{ path: "limit" }] });
  });

  test("words are found that were said, and not those of a tool", async () => {
    await send("vapi", vapiCall({ call_id: "searched" }).report());
    const found = async (words: string) => Object((await ask(ledger.url, `/api/calls?words=${words}`)).body).calls;
    expect(await found("invoice")).toHaveLength(1);
    expect(await found("platypus")).toEqual([]);
  });

  test("arguments and results are in no row", async () => {
    await send("vapi", vapiCall({ call_id: "quiet" }).report());
    const rows = await ledger.DB.batch(
      ["calls", "events", "tool_calls"].map((table) => ledger.DB.prepare(`SELECT * FROM ${table}`)),
    );
    expect(JSON.stringify(rows)).not.toContain("platypus");
  });

  test("a delivery has its cost, its version and its tools", async () => {
    await send("retell", retellCall({ call_id: "delivered" }).end());
    await send("retell", retellCall({ call_id: "delivered" }).analytics());
    await vi.waitFor(() => expect(downstream.deliveriesOf("delivered")).toHaveLength(1), { timeout: 100_000 });
    expect(downstream.deliveriesOf("delivered")).toMatchObject([
      {
        payload: {
          data: {
            call: {
              agent_version: "3",
              cost_usd: 0.114,
              latency_ms: 812,
              recording_key: null,
              tool_calls: [{ number: 1, name: "find_slot", status: "ok", started_at: null, duration_ms: null }],
            },
          },
        },
      },
    ]);
  });

  test("a download has a column of each", async () => {
    await send("retell", retellCall({ call_id: "download" }).end());
    const { text } = await askText(ledger.url, "/api/calls.csv");
    const [row] = Papa.parse<Record<string, string>>(text.slice(1), { header: true }).data;
    expect(row).toMatchObject({ agent_version: "3", cost_usd: "0.114", latency_ms: "812", recording_key: "" });
  });

  test("the tools of an erased call go with it", async () => {
    await send("vapi", vapiCall({ call_id: "erased" }).report());
    expect(await toolsOf("erased")).toHaveLength(1);
    expect(await ask(ledger.url, "/api/calls/erased", { method: "DELETE" })).toMatchObject({ status: 202 });
    await vi.waitFor(async () => expect(await toolsOf("erased")).toEqual([]), { timeout: 100_000 });
  });
});
