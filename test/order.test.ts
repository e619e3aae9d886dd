import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { elevenLabsCall } from "./support/elevenlabs.ts";
import { atomsCall, documentedCall } from "./support/events.ts";
import type { PlatformName } from "./support/every-platform.ts";
import { everyPlatform, postAs } from "./support/every-platform.ts";
import { bootLedger } from "./support/ledger.ts";
import { post } from "./support/post.ts";
import { retellCall } from "./support/retell.ts";
import { vapiCall } from "./support/vapi.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger({ env: everyPlatform });
});
afterAll(() => ledger.harness.close());

/** The row of a call without the columns that differ from one run to the next: ids, digests, and times of receipt. */
async function finalRow(call_id: string): Promise<unknown> {
  const row = await ledger.DB.prepare("SELECT * FROM calls WHERE call_id = ?").bind(call_id).first();
  expect(row).not.toBeNull();
  const { id, updated_at, ledger_first_received_at, ledger_column_versions, analyzed_at, called_at, ...rest } =
    row ?? {};
  expect(called_at).toBe(row?.["started_at"] ?? row?.["ended_at"] ?? ledger_first_received_at);
  const tools = ledger.DB.prepare("SELECT * FROM tool_calls WHERE call_id = ? ORDER BY number").bind(call_id);
  const { results: tool_calls } = await tools.all();
  return JSON.parse(JSON.stringify({ ...rest, tool_calls }).replaceAll(call_id, "ID"));
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

const kinds = ["start", "end", "analytics"] as const;
const orders = permutations(kinds);

let callIds = 0;
/** Ids as the platform makes them, with the same start inside. */
const nextCallId = () => `CALL-1721053800000-${(++callIds).toString(16).padStart(6, "0")}`;

const vapiKinds = ({ call_id }: { call_id: string }) => {
  const { start, ended, report } = vapiCall({ call_id });
  return { start, end: ended, analytics: report };
};

describe.each<[string, PlatformName, (call: { call_id: string }) => Record<(typeof kinds)[number], () => object>]>([
  ["documented", "atoms", documentedCall],
  ["atoms", "atoms", atomsCall],
  ["retell", "retell", retellCall],
  ["vapi", "vapi", vapiKinds],
])("%s", (_format, platform, makeCall) => {
  const send = async (names: readonly (typeof kinds)[number][]) => {
    const call_id = nextCallId();
    const call = makeCall({ call_id });
    for (const name of names) {
      expect(await postAs(platform, ledger.url, JSON.stringify(call[name]()))).toMatchObject({ status: 200 });
    }
    return finalRow(call_id);
  };
  let row: unknown;
  beforeAll(async () => {
    row = await send(kinds);
  });

  test.each(orders)("a call that comes as %s, %s, %s ends in the same row", async (...order) => {
    expect(await send(order)).toEqual(row);
    expect(await send([...order, ...order])).toEqual(row);
  });
});

test("three events at the same moment end in the same row", async () => {
  const raced = documentedCall({ call_id: "raced" });
  await Promise.all(kinds.map((kind) => post(ledger.url, raced[kind]())));
  const calm = documentedCall({ call_id: "calm" });
  for (const kind of kinds) await post(ledger.url, calm[kind]());
  expect(await finalRow("raced")).toEqual(await finalRow("calm"));
});

describe("corrections", () => {
  // Each corrects some fields of the one before; the last two carry the same time.
  const corrections = (call_id: string) => {
    const { end } = documentedCall({ call_id });
    return [
      end({ disposition: "first", variables: { version: 1 } }),
      end({ timestamp: "2024-07-15T14:35:01Z", disposition: "second", variables: null }),
      end({ timestamp: "2024-07-15T14:35:02Z", disposition: "third", transcript: null, variables: null }),
      end({ timestamp: "2024-07-15T14:35:02Z", disposition: "fourth", transcript: null, variables: null }),
    ];
  };

  test("the later one wins whatever order they arrive in, and what it leaves out stays", async () => {
    const rows = [];
    for (const order of permutations([0, 1, 2, 3])) {
      const call_id = `corrected-${order.join("")}`;
      const events = corrections(call_id);
      for (const index of order) await post(ledger.url, events[index]);
      rows.push(await finalRow(call_id));
    }
    expect(rows[0]).toMatchObject({
      disposition: expect.stringMatching(/third|fourth/),
      ended_at: "2024-07-15T14:35:02.000Z",
      variables: '{"version":1}',
      transcript_turns: 1,
    });
    // Which of the two with the same time wins depends on their digests, so on the id; all else must be the same.
    const without = rows.map((row) => JSON.stringify(row).replace(/third|fourth/, "last"));
    expect(new Set(without).size).toBe(1);
  });

  test("of two with the same time the same one wins in either order", async () => {
    const [, , third, fourth] = corrections("tied");
    const winners = [];
    for (const order of [
      [third, fourth],
      [fourth, third],
    ]) {
      await ledger.DB.batch([ledger.DB.prepare("DELETE FROM calls"), ledger.DB.prepare("DELETE FROM events")]);
      for (const event of order) await post(ledger.url, event);
      winners.push(await ledger.DB.prepare("SELECT disposition FROM calls").first("disposition"));
    }
    expect(winners[0]).toBe(winners[1]);
  });
});

describe("which event wins", () => {
  test.each([
    [0, 1],
    [1, 0],
  ])("a time far ahead of its receipt does not win over sane ones, in order %i, %i", async (...order) => {
    const call_id = `ahead-${order.join("")}`;
    const { start } = documentedCall({ call_id });
    const events = [start({ timestamp: "9999-01-01T00:00:00Z", caller_phone: "+15550000000" }), start()];
    for (const index of order) await post(ledger.url, events[index]);
    expect(await finalRow(call_id)).toMatchObject({
      started_at: "2024-07-15T14:30:00.000Z",
      caller_phone: "+15551234567",
    });
  });

  test("analytics fills what no other event set, and overwrites none of it", async () => {
    const call_id = "CALL-1721053800000-eeeeee";
    const { start, end, analytics } = atomsCall({ call_id });
    const wrong = { fromNumber: "+15550000000", toNumber: "+15550000000", callStatus: "failed", callDuration: 9 };
    for (const event of [analytics({ callData: wrong }), start(), end({ callData: { callStatus: "completed" } })]) {
      await post(ledger.url, event);
    }
    expect(await finalRow(call_id)).toMatchObject({
      caller_phone: "+15551234567",
      disposition: "completed",
      duration_seconds: 9,
    });
  });

  test("the answer time is the start only until a start comes", async () => {
    const call_id = "CALL-1721053800000-ffffff";
    const { start, end } = atomsCall({ call_id });
    const startedAt = () =>
      ledger.DB.prepare("SELECT started_at FROM calls WHERE call_id = ?").bind(call_id).first("started_at");
    await post(ledger.url, end());
    expect(await startedAt()).toBe("2024-07-15T14:30:02.100Z");
    await post(ledger.url, start());
    expect(await startedAt()).toBe("2024-07-15T14:30:00.000Z");
  });

  const atoms = (call_id: string) => atomsCall({ call_id });
  const retell = (call_id: string) => retellCall({ call_id });
  const vapi = (call_id: string) => vapiCall({ call_id });
  const elevenlabs = (call_id: string) => elevenLabsCall({ call_id });
  const callData = { endTime: "2024-07-15T14:31:03.350Z" };
  test.each<[string, PlatformName, string, string, (call_id: string) => [object, object]]>([
    [
      "a message that the call is connected",
      "vapi",
      "started_at",
      "2024-07-15T14:30:00.000Z",
      (id) => [vapi(id).start({ timestamp: Date.UTC(2024, 6, 15, 16) }), vapi(id).report()],
    ],
    [
      "a message that the call has ended",
      "vapi",
      "ended_at",
      "2024-07-15T14:31:16.402Z",
      (id) => [vapi(id).ended({ timestamp: Date.UTC(2024, 6, 15, 16) }), vapi(id).report()],
    ],
    [
      "the receipt of a start",
      "atoms",
      "started_at",
      "2024-07-15T14:30:02.100Z",
      (id) => [atoms(id).start(), atoms(id).end()],
    ],
    [
      "the receipt of an end",
      "atoms",
      "ended_at",
      "2024-07-15T14:31:03.350Z",
      (id) => [{ ...atoms(id).end({ callData: null }), id: "late" }, atoms(id).analytics({ callData })],
    ],
    [
      "the event of an end",
      "retell",
      "ended_at",
      "2025-06-15T15:07:56.402Z",
      (id) => [
        retell(id).end({ end_timestamp: null, duration_ms: null }, { event_timestamp: 1_750_000_099_000 }),
        retell(id).analytics(),
      ],
    ],
    [
      "the receipt of an analysis",
      "retell",
      "analyzed_at",
      "2025-06-15T15:08:01.000Z",
      (id) => [retell(id).analytics({ agent_name: "again" }, { event_timestamp: null }), retell(id).analytics()],
    ],
    [
      "the event of an end",
      "elevenlabs",
      "ended_at",
      "2025-06-15T15:07:56.000Z",
      (id) => [
        elevenlabs(id).transcription({ metadata: null }, { event_timestamp: 1_750_000_099 }),
        elevenlabs(id).transcription(),
      ],
    ],
    [
      "the receipt of an analysis",
      "elevenlabs",
      "analyzed_at",
      "2025-06-15T15:08:05.000Z",
      (id) => [
        elevenlabs(id).transcription({ status: "again" }, { event_timestamp: null }),
        elevenlabs(id).transcription(),
      ],
    ],
  ])("a time worked out from %s of %s never is %s where one is stated", async (what, platform, column, time, make) => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const call_id = `worked out from ${what} of ${platform}, ${order.join()}`;
      const events = make(call_id);
      for (const index of order) {
        const body = JSON.stringify(events[index]);
        expect(await postAs(platform, ledger.url, body)).toMatchObject({ status: 200, body: { status: "stored" } });
      }
      const row = ledger.DB.prepare("SELECT * FROM calls WHERE call_id = ?").bind(call_id);
      expect(await row.first()).toMatchObject({ [column]: time });
    }
  });

  test("a call in both vocabularies is one row with the facts of both", async () => {
    const call_id = "CALL-1721053800000-abcdef";
    await post(ledger.url, documentedCall({ call_id }).end({ disposition: "successful" }));
    await post(ledger.url, atomsCall({ call_id }).end());
    expect(await finalRow(call_id)).toMatchObject({
      disposition: "successful",
      recording_url: "https://recordings.example.com/ID.wav",
    });
  });
});

test("daily_calls counts a call on the day it started, else ended, else first came in", async () => {
  const agent_id = "agent of the view";
  const [a, b, c] = ["view-a", "view-b", "view-c"].map((call_id) => documentedCall({ call_id, agent_id }));
  for (const event of [
    a?.start(),
    a?.end({ duration_seconds: 10 }),
    b?.end({ duration_seconds: 20 }),
    c?.analytics(),
  ]) {
    await post(ledger.url, event);
  }
  const { results } = await ledger.DB.prepare("SELECT * FROM daily_calls WHERE agent_id = ? ORDER BY day")
    .bind(agent_id)
    .all();
  expect(results).toEqual([
    {
      day: "2024-07-15",
      agent_id,
      calls: 2,
      ended: 2,
      analyzed: 0,
      total_duration_seconds: 30,
      average_duration_seconds: 15,
      cost_usd: null,
    },
    {
      day: new Date().toISOString().slice(0, 10),
      agent_id,
      calls: 1,
      ended: 0,
      analyzed: 1,
      total_duration_seconds: 0,
      average_duration_seconds: null,
      cost_usd: null,
    },
  ]);
});

test("call_metrics has a row for each metric of a call, with its type", async () => {
  const { end, analytics } = documentedCall({ call_id: "metrics", agent_id: "metrics" });
  await post(ledger.url, end());
  await post(
    ledger.url,
    analytics({ metrics: { score: 4.5, resolved: true, product: "Widget", none: null, tags: ["a"] } }),
  );
  const { results } = await ledger.DB.prepare(
    "SELECT * FROM call_metrics WHERE call_id = 'metrics' ORDER BY metric",
  ).all();
  const common = { call_id: "metrics", agent_id: "metrics", ended_at: "2024-07-15T14:35:00.000Z" };
  expect(results).toEqual([
    { ...common, metric: "none", value: null, type: "null" },
    { ...common, metric: "product", value: "Widget", type: "text" },
    { ...common, metric: "resolved", value: 1, type: "boolean" },
    { ...common, metric: "score", value: 4.5, type: "number" },
    { ...common, metric: "tags", value: '["a"]', type: "array" },
  ]);
});
