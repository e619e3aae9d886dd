import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { endedCall, type Fault, newCallId, startRetell, unconnectedCall, WAV } from "./platform-apis/retell.ts";
import { ask } from "./support/ask.ts";
import { postAs } from "./support/every-platform.ts";
import { bootFetching } from "./support/fetching.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { RETELL_SECRET, retellCall, retellWebCall, unansweredRetellCall } from "./support/retell.ts";

let retell: Awaited<ReturnType<typeof startRetell>>;
let ledger: Awaited<ReturnType<typeof bootFetching>>;
const env = () => ({
  RETELL_API_KEY: "key_retell",
  RETELL_API_BASE: retell.url,
  RETELL_WEBHOOK_SECRETS: RETELL_SECRET,
});
beforeAll(async () => {
  retell = await startRetell();
  ledger = await bootFetching("retell", env());
});
afterAll(async () => {
  await ledger.close();
  await retell.close();
});
beforeEach(async () => {
  retell.reset();
  await ledger.reset();
});

const webhook = (body: object) => postAs("retell", ledger.url, body);
const fetched = (event: string) => `${event} retell-api`;
const isoOf = (ms: unknown) => (typeof ms === "number" ? new Date(ms).toISOString() : undefined);
const LIST = /POST \/v3\/list-calls/;
const DETAIL = /GET \/v2\/get-call/;

describe("what never reached the ledger", () => {
  test("comes back whole, by the door of webhooks", async () => {
    const callId = newCallId();
    const call = endedCall(callId, 60);
    retell.put(call);
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 1, missed: 1, failed: 0 } });
    expect(await ledger.eventsOf(callId)).toEqual(["call.start", "call.end", "analytics.completed"].map(fetched));
    expect(await ledger.callOf(callId)).toMatchObject({
      status: "analyzed",
      platform: "retell",
      agent_id: "agent_1",
      agent_version: "3",
      call_direction: "inbound",
      caller_phone: "+14155550123",
      agent_phone: "+14155550190",
      started_at: isoOf(call.start_timestamp),
      ended_at: isoOf(call.end_timestamp),
      duration_seconds: 76.402,
      disposition: "user_hangup",
      cost_usd: 0.114,
      latency_ms: 812,
      recording_url: `https://recordings.example.com/${callId}/recording.wav`,
      variables: '{"customer_name":"Robin Example","slot":"10:00"}',
      summary: "Robin booked Tuesday at ten.",
      transcript_turns: 3,
    });
    expect((await ledger.callOf(callId))?.["metrics"]).toContain('"wants_reminder":true');
    const { body } = await ask(ledger.url, `/api/calls/${callId}/transcript`);
    expect(body).toMatchObject({
      turns: [
        { role: "agent", content: "Hello, how can I help?" },
        { role: "user", content: "My dog ate the invoice." },
        { name: "find_slot", arguments: { day: "tue" } },
        { role: "agent", content: "Tuesday at ten is free." },
      ],
    });
    expect(retell.requests).toHaveLength(2);
  });

  test("keeps no prompt, no header, no token and no key, in no store and no line of the log", async () => {
    const injected = { role: "injected", content: "SECRET-CONTEXT", time_sec: 3 };
    const spoken = { role: "agent", content: "Hello there.", words: [], thought_signature: "SECRET-THOUGHT" };
    const transcript_with_tool_calls = [spoken, injected];
    retell.put(endedCall(newCallId(), 60, { transcript_with_tool_calls, transcript_object: undefined }));
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 1 } });
    const everything = await ledger.everything();
    expect(everything).toContain("Hello there.");
    expect(everything).toContain("c-881");
    expect(everything).not.toMatch(/SECRET-|key_retell/);
  });

  test("is an analysis alone, also where it takes its time", async () => {
    const callId = newCallId();
    const call = retellCall({ call_id: callId });
    await webhook(call.start());
    await webhook(call.end());
    retell.put(endedCall(callId, 60, { call_analysis: null }));
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 0 } });
    retell.put(endedCall(callId, 60));
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 1, missed: 0 } });
    expect(await ledger.eventsOf(callId)).toEqual([
      "call.start retell",
      "call.end retell",
      fetched("analytics.completed"),
    ]);
    expect(await ledger.callOf(callId)).toMatchObject({
      status: "analyzed",
      ended_at: "2025-06-15T15:07:56.402Z",
      summary: "Robin booked Tuesday at ten.",
    });
  });

  test.each([true, false])(
    "is the end of a call that only started, before the lists' time (ids: %s)",
    async (known) => {
      await ledger.runs();
      const [old, young] = [newCallId(), newCallId()];
      retell.about.knowsIds = known;
      retell.put(endedCall(old, 5 * 60));
      retell.put(endedCall(young, 60));
      const start_timestamp = Date.now() - 5 * 60 * 60_000;
      await webhook(retellCall({ call_id: old }).start({ start_timestamp }, { event_timestamp: start_timestamp }));
      expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: known ? 2 : 1 } });
      expect((await ledger.callOf(old))?.["status"]).toBe(known ? "analyzed" : "active");
      expect((await ledger.callOf(young))?.["status"]).toBe("analyzed");
    },
  );

  test("is no other call, where the platform passes the ids over", async () => {
    const callId = newCallId();
    const start_timestamp = Date.now() - 60 * 60_000;
    await webhook(retellCall({ call_id: callId }).start({ start_timestamp }, { event_timestamp: start_timestamp }));
    retell.about.narrows = false;
    const stranger = newCallId();
    retell.put(endedCall(stranger, 26 * 60));
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 0 } });
    expect(await ledger.callOf(stranger)).toBeNull();
  });

  test("is left alone while it goes on, and in its first five minutes after", async () => {
    const running = { end_timestamp: undefined, call_analysis: undefined };
    const [registered, ongoing, unknown, fresh] = [newCallId(), newCallId(), newCallId(), newCallId()];
    retell.put(endedCall(registered, 30, { ...running, call_status: "registered", start_timestamp: undefined }));
    retell.put(endedCall(ongoing, 30, { ...running, duration_ms: undefined, call_status: "ongoing" }));
    retell.put(endedCall(unknown, 30, { call_status: "on_hold" }));
    retell.put(endedCall(fresh, 5));
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { seen: 4, fetched: 0, running: 4 } });
    retell.put(endedCall(ongoing, 30));
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 1 } });
    expect((await ledger.callOf(ongoing))?.["status"]).toBe("analyzed");
  });

  test("is a call in a browser, without its token", async () => {
    const callId = newCallId();
    const { call } = retellWebCall(callId, "SECRET-TOKEN").analytics();
    const { start_timestamp, end_timestamp } = endedCall(callId, 60);
    retell.put({ ...call, start_timestamp, end_timestamp });
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 1, failed: 0 } });
    expect(await ledger.callOf(callId)).toMatchObject({ status: "analyzed", call_direction: null, caller_phone: null });
  });
});

describe("a call that never connected", () => {
  test("has no start, and the time of the list it stands in, until its webhook says when", async () => {
    const callId = newCallId();
    retell.put(unconnectedCall(callId));
    retell.put(endedCall(newCallId(), 60));
    const dayAgo = Date.now() - 24 * 60 * 60_000;
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 2, failed: 0 } });
    expect(await ledger.eventsOf(callId)).toEqual([fetched("call.end"), fetched("analytics.completed")]);
    const call = await ledger.callOf(callId);
    expect(call).toMatchObject({ disposition: "dial_no_answer", started_at: null, caller_phone: "+14155550190" });
    expect(Math.abs(Date.parse(String(call?.["ended_at"])) - dayAgo)).toBeLessThan(10_000);
    await webhook(unansweredRetellCall(callId).end());
    expect(await ledger.callOf(callId)).toMatchObject({
      ended_at: "2025-06-15T15:07:11.000Z",
      caller_phone: "+14155550177",
    });
  });

  test("is left alone where the list is not that of the span", async () => {
    const callId = newCallId();
    retell.about.narrows = false;
    retell.put(unconnectedCall(callId));
    retell.put(endedCall(newCallId(), 26 * 60));
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 0, running: 1 } });
    expect(await ledger.callOf(callId)).toBeNull();
  });
});

describe("webhooks and what was fetched", () => {
  test("a call that came by webhooks is asked for no more", async () => {
    const callId = newCallId();
    const call = retellCall({ call_id: callId });
    for (const event of [call.start(), call.end(), call.analytics()]) await webhook(event);
    const before = await ledger.callOf(callId);
    retell.put(endedCall(callId, 60));
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 0, seen: 1 } });
    expect(await ledger.callOf(callId)).toEqual(before);
    expect(retell.countOf(DETAIL)).toBe(0);
  });

  test.each(["before", "after"])("a webhook that comes %s it wins", async (order) => {
    const callId = newCallId();
    const call = endedCall(callId, 60);
    const { start_timestamp, end_timestamp } = call;
    const times = { start_timestamp, end_timestamp };
    const event_timestamp = Number(end_timestamp) + 600;
    const changes = { ...times, disconnection_reason: "agent_hangup", collected_dynamic_variables: { by: "webhook" } };
    const end = retellCall({ call_id: callId }).end(changes, { event_timestamp });
    retell.put(call);
    if (order === "before") await webhook(end);
    await ledger.runs();
    if (order === "after") {
      expect(await ledger.callOf(callId)).toMatchObject({ disposition: "user_hangup" });
      expect(await webhook(end)).toMatchObject({ status: 200, body: { status: "stored" } });
    }
    expect(await ledger.callOf(callId)).toMatchObject({
      disposition: "agent_hangup",
      variables: '{"customer_name":"Robin Example","slot":"none","by":"webhook"}',
      summary: "Robin booked Tuesday at ten.",
    });
    expect(await ledger.eventsOf(callId)).toHaveLength(order === "before" ? 2 : 4);
  });

  test("a webhook with the very same call says when: it is no duplicate", async () => {
    const callId = newCallId();
    retell.put(endedCall(callId, 60));
    await ledger.runs();
    const { results } = await ledger.DB.prepare(
      "SELECT payload FROM events WHERE call_id = ? AND event = 'analytics.completed'",
    )
      .bind(callId)
      .all<{ payload: string }>();
    const { call } = z.object({ call: z.looseObject({}) }).parse(JSON.parse(results[0]?.payload ?? ""));
    const event_timestamp = Date.now() - 1_000;
    expect(await webhook({ event: "call_analyzed", event_timestamp, call })).toMatchObject({
      body: { status: "stored" },
    });
    expect(await ledger.callOf(callId)).toMatchObject({ analyzed_at: isoOf(event_timestamp) });
  });
});

describe("faults of the platform", () => {
  test.each<Fault>(["429 with a header", "429 with a date", "429 without a word"])(
    "%s is waited for, and the run goes on where it was",
    async (fault) => {
      retell.put(endedCall(newCallId(), 60));
      retell.put(endedCall(newCallId(), 61));
      retell.fail(DETAIL, fault);
      const began = Date.now();
      expect(await ledger.runs()).toMatchObject({
        status: "complete",
        output: { fetched: 2, failed: 0, reason: null },
      });
      expect(Date.now() - began).toBeGreaterThan(fault === "429 without a word" ? 450 : 950);
    },
  );

  test.each<Fault>(["500", "502 as a page", "a page with 200", "hang", "half of an answer"])(
    "%s once makes no difference, in the list and in a call",
    async (fault) => {
      retell.put(endedCall(newCallId(), 60));
      retell.fail(LIST, fault);
      retell.fail(DETAIL, fault);
      expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 1, failed: 0 } });
    },
  );

  test.each<Fault>(["401", "403"])("%s stops the run, which says so", async (fault) => {
    retell.fail(LIST, fault, 9);
    expect(await ledger.runs()).toMatchObject({
      status: "errored",
      output: { reason: `POST /v3/list-calls: ${fault}` },
    });
    expect(retell.requests).toHaveLength(1);
  });

  test.each<[Fault, number]>([
    ["500", 3],
    ["404", 1],
    ["another shape", 1],
    ["no key to the next page", 1],
  ])("a list that stays broken (%s) fails the run; the next good one makes up for it", async (fault, times) => {
    retell.put(endedCall(newCallId(), 60));
    retell.fail(LIST, fault, times);
    expect(await ledger.runs()).toMatchObject({ status: "errored" });
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 1 } });
  });

  test.each<Fault>(["404", "another shape", "another call"])(
    "one call that cannot be had (%s) does not stop the others",
    async (fault) => {
      const [broken, good] = [newCallId(), newCallId()];
      retell.put(endedCall(good, 61));
      retell.put(endedCall(broken, 60));
      retell.fail(new RegExp(`get-call/${broken}`), fault, 99);
      expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 1, failed: 1 } });
      expect(await ledger.callOf(good)).not.toBeNull();
    },
  );

  test("nulls everywhere, unknown words and broken turns are taken as they are", async () => {
    const [bare, odd] = [newCallId(), newCallId()];
    const whole = endedCall(bare, 60);
    const nulls = Object.fromEntries(Object.keys(whole).map((name) => [name, null]));
    const { start_timestamp, agent_id } = whole;
    const call_analysis = { call_summary: null, custom_analysis_data: null };
    retell.put({ ...nulls, call_id: bare, agent_id, start_timestamp, call_analysis, call_status: "ended" });
    const turns = [null, 7, { role: null, content: null, words: null }, { role: "user", content: "Yes.", words: [] }];
    const later = endedCall(odd, 61);
    retell.put(
      endedCall(odd, 61, {
        start_timestamp: later.start_timestamp,
        direction: null,
        disconnection_reason: "a_new_reason",
        end_timestamp: null,
        transcript_object: turns,
        transcript_with_tool_calls: null,
        call_analysis: { call_summary: null, call_successful: null, user_sentiment: "Puzzled", more: { of: "it" } },
      }),
    );
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { seen: 2, fetched: 2, failed: 0 } });
    expect(await ledger.callOf(bare)).toMatchObject({
      status: "ended",
      disposition: null,
      ended_at: isoOf(start_timestamp),
    });
    expect(await ledger.callOf(odd)).toMatchObject({
      status: "analyzed",
      disposition: "a_new_reason",
      duration_seconds: 76.402,
      metrics: '{"user_sentiment":"Puzzled"}',
      analyzed_at: isoOf(later.end_timestamp),
    });
  });

  test("small pages, and a call that begins between two of them: each call is taken in once", async () => {
    const ids = Array.from({ length: 8 }, newCallId);
    for (const [index, id] of ids.entries()) retell.put(endedCall(id, 60 + index));
    retell.about.maxPage = 3;
    retell.about.beforePage = (offset) => {
      if (offset === 3) retell.put(endedCall(newCallId(), 59));
    };
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { seen: 9, fetched: 8, failed: 0 } });
    for (const id of ids) expect(await ledger.eventsOf(id)).toHaveLength(3);
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 1 } });
  });
});

describe("an import", () => {
  const DAY_MS = 24 * 60 * 60_000;
  const dayOf = (ago: number) => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);
  /** Minutes since so long into a day. */
  const minutesSince = (ago: number, hours: number) =>
    (Date.now() - Date.parse(`${dayOf(ago)}T00:00:00.000Z`) - hours * 60 * 60_000) / 60_000;

  test("takes in the days of its span and no others, the first moment too, and is safe to repeat", async () => {
    const [before, first, second, timeless, after] = Array.from({ length: 5 }, newCallId);
    retell.put(endedCall(before ?? "", minutesSince(13, 23)));
    const midnight = Date.parse(`${dayOf(12)}T00:00:00.000Z`);
    retell.put(endedCall(first ?? "", 0, { start_timestamp: midnight, end_timestamp: midnight + 76_402 }));
    retell.put(endedCall(second ?? "", minutesSince(11, 12), { call_status: "a_new_word" }));
    retell.put(endedCall(newCallId(), minutesSince(11, 13), { call_status: "ongoing" }));
    retell.put(unconnectedCall(timeless ?? ""));
    retell.put(endedCall(after ?? "", minutesSince(10, 1)));
    const start = () => ledger.imports(dayOf(12), dayOf(11));
    expect(await start()).toMatchObject({ status: "complete", output: { fetched: 3, running: 1, unavailable: [] } });
    const { results } = await ledger.DB.prepare("SELECT call_id, called_at FROM calls ORDER BY called_at").all();
    expect(results).toEqual([
      expect.objectContaining({ called_at: `${dayOf(12)}T00:00:00.000Z` }),
      expect.objectContaining({ called_at: `${dayOf(12)}T00:00:00.000Z` }),
      { call_id: second, called_at: expect.stringContaining(dayOf(11)) },
    ]);
    const requests = retell.requests.length;
    expect(await start()).toMatchObject({ status: "complete", output: { fetched: 0 } });
    expect(retell.requests.length - requests).toBe(2);
  });
});

test("the address of a recording that has expired is asked for anew", async () => {
  const archiving = await bootOnNetwork({ env: { ...env(), ARCHIVE_RECORDINGS: "on" } });
  try {
    const callId = newCallId();
    const recording_url = retell.recordingOf(callId);
    retell.put(endedCall(callId, 60, { recording_url: `${recording_url}?anew=1` }));
    await postAs("retell", archiving.url, retellCall({ call_id: callId }).end({ recording_url }));
    await vi.waitFor(
      async () => {
        const kept = await archiving.ARCHIVE.get(`calls/${callId}/recording.wav`);
        expect(Buffer.from((await kept?.arrayBuffer()) ?? []).equals(WAV)).toBe(true);
      },
      { timeout: 10_000 },
    );
    expect((await ask(archiving.url, `/api/calls/${callId}`)).body).toMatchObject({ call: { recording_url } });
  } finally {
    await archiving.close();
  }
});
