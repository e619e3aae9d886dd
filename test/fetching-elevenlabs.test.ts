import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { endedConversation, startElevenLabs } from "./platform-apis/elevenlabs.ts";
import type { Fault } from "./platform-apis/server.ts";
import { ask } from "./support/ask.ts";
import { ELEVENLABS_SECRET, elevenLabsCall, elevenLabsHeaders, secondsNow } from "./support/elevenlabs.ts";
import { bootFetching } from "./support/fetching.ts";

let platform: Awaited<ReturnType<typeof startElevenLabs>>;
let ledger: Awaited<ReturnType<typeof bootFetching>>;
beforeAll(async () => {
  platform = await startElevenLabs();
  ledger = await bootFetching("elevenlabs", {
    ELEVENLABS_WEBHOOK_SECRETS: ELEVENLABS_SECRET,
    ELEVENLABS_API_KEY: "xi_elevenlabs",
    ELEVENLABS_API_BASE: platform.url,
  });
});
afterAll(async () => {
  await ledger.close();
  await platform.close();
});
beforeEach(async () => {
  platform.reset();
  await ledger.reset();
});

let numbers = 0;
const newId = () => `conv_${++numbers}`;
const minutesAgo = (minutes: number) => secondsNow() - Math.round(minutes * 60);
const LIST = /conversations$/;
const DETAIL = /conversations\/conv/;
const FETCHED = ["call.end elevenlabs-api", "analytics.completed elevenlabs-api"];

async function postWebhook(body: object) {
  const text = JSON.stringify(body);
  const request = { method: "POST", body: text, headers: elevenLabsHeaders(text) };
  expect(await (await fetch(new URL("/webhooks/elevenlabs", ledger.url), request)).json()).toMatchObject({
    status: "stored",
  });
}

describe("a conversation that never reached the ledger", () => {
  test("comes back whole, with its analysis, without secrets, and is asked for no more", async () => {
    const [id, start] = [newId(), minutesAgo(60)];
    platform.put(endedConversation(id, start));
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 1, missed: 1, failed: 0 } });
    expect(await ledger.eventsOf(id)).toEqual(FETCHED);
    expect(await ledger.callOf(id)).toMatchObject({
      status: "analyzed",
      platform: "elevenlabs",
      agent_id: "agent_01jx7f30b1c2d4",
      call_direction: "inbound",
      caller_phone: "+14155550123",
      agent_phone: "+14155550190",
      started_at: new Date(start * 1000).toISOString(),
      ended_at: new Date((start + 76) * 1000).toISOString(),
      duration_seconds: 76,
      disposition: "Call ended by remote party",
      metrics: '{"call_successful":"success","booked":"success","appointment":"2025-06-17T10:00","email":null}',
      summary: "The caller booked Tuesday at ten.",
      transcript_turns: 3,
    });
    expect((await ask(ledger.url, `/api/calls/${id}/transcript`)).body).toMatchObject({
      turns: expect.arrayContaining([expect.objectContaining({ content: "I need an appointment." })]),
    });
    const everything = await ledger.everything();
    expect(everything).toContain("find_slot");
    expect(everything).not.toMatch(/SECRET-|xi_elevenlabs/);
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 0, seen: 1 } });
    expect(platform.countOf(DETAIL)).toBe(1);
  });

  test("is left alone while it goes on, while its analysis is made, and in its first five minutes", async () => {
    const [going, processing, unknown, fresh] = [newId(), newId(), newId(), newId()];
    platform.put(endedConversation(going, minutesAgo(30), { status: "in-progress" }));
    platform.put(endedConversation(processing, minutesAgo(30), { status: "processing", analysis: null }));
    platform.put(endedConversation(unknown, minutesAgo(30), { status: "whatever" }));
    platform.put(endedConversation(fresh, minutesAgo(3)));
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 0, running: 4 } });
    expect(platform.countOf(DETAIL)).toBe(0);
    platform.put(endedConversation(processing, minutesAgo(30)));
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 1 } });
    expect((await ledger.callOf(processing))?.["summary"]).toBe("The caller booked Tuesday at ten.");
  });

  test("waits if its analysis is being made by the time that it is asked for", async () => {
    const id = newId();
    platform.about.oddItems.push({
      conversation_id: id,
      status: "done",
      start_time_unix_secs: minutesAgo(60),
      call_duration_secs: 76,
    });
    platform.put(endedConversation(id, minutesAgo(60 * 24 * 9), { status: "processing" }));
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 0, failed: 0 } });
    expect(platform.countOf(DETAIL)).toBe(1);
    expect(await ledger.callOf(id)).toBeNull();
  });

  test("may lack its analysis alone; a failed one has none, and is not asked for", async () => {
    const [late, failed] = [newId(), newId()];
    for (const id of [late, failed]) await postWebhook(elevenLabsCall({ call_id: id }).initiationFailure());
    platform.put(endedConversation(late, minutesAgo(60)));
    platform.put(endedConversation(failed, minutesAgo(60), { status: "failed", analysis: null }));
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 1, missed: 0 } });
    expect((await ledger.callOf(late))?.["summary"]).toBe("The caller booked Tuesday at ten.");
    expect(await ledger.eventsOf(failed)).toEqual(["call.end elevenlabs"]);
  });

  test("is corrected by the webhook that comes after all", async () => {
    const [id, start] = [newId(), minutesAgo(60)];
    const conversation = endedConversation(id, start);
    platform.put(conversation);
    await ledger.runs();
    const { data } = elevenLabsCall({ call_id: id }).transcription();
    const metadata = { ...data.metadata, start_time_unix_secs: start, termination_reason: "By the webhook" };
    const analysis = { ...data.analysis, transcript_summary: "By the webhook." };
    // At the earliest moment there can be.
    await postWebhook({
      type: "post_call_transcription",
      event_timestamp: start + 76,
      data: { ...data, metadata, analysis },
    });
    expect(await ledger.callOf(id)).toMatchObject({ disposition: "By the webhook", summary: "By the webhook." });
    expect(await ledger.eventsOf(id)).toHaveLength(4);
  });
});

describe("faults of the platform", () => {
  test.each<Fault>([
    "429 with a header",
    "429 without a word",
    "500",
    "502 as a page",
    "a page with 200",
    "hang",
    "half of an answer",
  ])("%s once makes no difference, in the list and in a conversation", async (fault) => {
    platform.put(endedConversation(newId(), minutesAgo(60)));
    platform.fail(LIST, fault);
    platform.fail(DETAIL, fault);
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 1, failed: 0 } });
  });

  test.each<Fault>(["401", "another shape"])("%s ends the run, which says so", async (fault) => {
    platform.fail(LIST, fault);
    const reason = `GET /v1/convai/conversations: ${fault === "401" ? "401" : "an unknown shape"}`;
    expect(await ledger.runs()).toMatchObject({ status: "errored", output: { reason } });
  });

  test.each<Fault>(["404", "another shape"])("one that cannot be had (%s) does not stop the others", async (fault) => {
    const [broken, good] = [newId(), newId()];
    platform.put(endedConversation(broken, minutesAgo(60)));
    platform.put(endedConversation(good, minutesAgo(61)));
    platform.fail(new RegExp(`/${broken}$`), fault, 9);
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 1, failed: 1 } });
  });

  test("nulls and other types everywhere are taken as they are", async () => {
    const [bare, timeless, odd] = [newId(), newId(), newId()];
    const nothing = { transcript: null, analysis: null, conversation_initiation_client_data: null };
    const metadata = { start_time_unix_secs: minutesAgo(60), call_duration_secs: null, phone_call: null };
    platform.put({ conversation_id: bare, agent_id: "agent_1", status: "done", metadata, ...nothing });
    platform.put({ conversation_id: timeless, agent_id: "agent_1", status: "done", metadata: null, ...nothing });
    platform.put(
      endedConversation(odd, minutesAgo(60), {
        version_id: 7,
        transcript: [
          null,
          { role: 1, message: 2, tool_calls: "x", tool_results: [null] },
          { role: "user", message: "Hi." },
        ],
        metadata: { start_time_unix_secs: minutesAgo(60), call_duration_secs: "76", phone_call: { direction: 5 } },
        analysis: { call_successful: 1, evaluation_criteria_results: [], data_collection_results: { email: null } },
      }),
    );
    platform.about.oddItems.push(null, 5, {}, { conversation_id: null });
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { seen: 3, fetched: 2, failed: 1 } });
    expect(await ledger.callOf(bare)).toMatchObject({ agent_id: "agent_1", transcript_turns: null });
    // Nothing says when it was.
    expect(await ledger.callOf(timeless)).toBeNull();
    expect(await ledger.callOf(odd)).toMatchObject({ transcript_turns: 1, metrics: '{"email":null}' });
  });

  test("one that moves between pages is taken in once, and none is passed over", async () => {
    const ids = Array.from({ length: 105 }, newId);
    for (const [index, id] of ids.entries()) {
      platform.put({
        conversation_id: id,
        agent_id: "a",
        status: index < 98 ? "in-progress" : "done",
        metadata: { start_time_unix_secs: minutesAgo(60 + index) },
      });
    }
    platform.about.beforePage = (page) => {
      // A new call pushes the last of the first page onto the second.
      if (page === 2) platform.put(endedConversation("conv_new", minutesAgo(1)));
    };
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 7, failed: 0 } });
    expect(platform.countOf(DETAIL)).toBe(7);
  });
});

test("an import takes in the days of its span and no others", async () => {
  const dayOf = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  const idsAt = [13, 12, 11, 10].map((ago) => {
    const id = newId();
    platform.put(endedConversation(id, Date.parse(`${dayOf(ago)}T00:00:00Z`) / 1000));
    return id;
  });
  const imported = await ledger.imports(dayOf(12), dayOf(11));
  expect(imported).toMatchObject({ status: "complete", output: { fetched: 2, requests: 4 } });
  const taken = await Promise.all(idsAt.map(async (id) => (await ledger.callOf(id)) !== null));
  expect(taken).toEqual([false, true, true, false]);
});
