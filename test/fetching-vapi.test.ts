import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PlatformApi } from "../src/fetching/api.ts";
import { vapi } from "../src/fetching/vapi/index.ts";
import type { Fault } from "./platform-apis/server.ts";
import { endedVapiCall, startVapi } from "./platform-apis/vapi.ts";
import { bootFetching } from "./support/fetching.ts";
import { postVapi, VAPI_SECRET, vapiCall } from "./support/vapi.ts";

let platform: Awaited<ReturnType<typeof startVapi>>;
let ledger: Awaited<ReturnType<typeof bootFetching>>;
beforeAll(async () => {
  platform = await startVapi();
  ledger = await bootFetching("vapi", {
    VAPI_WEBHOOK_SECRETS: VAPI_SECRET,
    VAPI_API_KEY: "vapi_private",
    VAPI_API_BASE: platform.url,
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
const newId = () => `0197742b-3c00-7bbb-8000-${String(++numbers).padStart(12, "0")}`;
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const later = (time: string, ms: number) => new Date(Date.parse(time) + ms).toISOString();
const LIST = /call$/;
const DETAIL = /call\/0/;
const FETCHED = ["call.start vapi-api", "call.end vapi-api", "analytics.completed vapi-api"];

describe("a call that never reached the ledger", () => {
  test("comes back whole, without secrets, and is asked for no more", async () => {
    const [id, created] = [newId(), minutesAgo(60)];
    platform.put(endedVapiCall(id, created));
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 1, missed: 1, failed: 0 } });
    expect(await ledger.eventsOf(id)).toEqual(FETCHED);
    expect(await ledger.callOf(id)).toMatchObject({
      status: "analyzed",
      platform: "vapi",
      agent_id: "agent_1",
      call_direction: "inbound",
      caller_phone: "+15551234567",
      agent_phone: "+15559876543",
      started_at: later(created, 17_000),
      ended_at: later(created, 93_402),
      duration_seconds: 76.402,
      disposition: "customer-ended-call",
      cost_usd: 0.1372,
      latency_ms: 1180,
      summary: "Robin needs another invoice.",
      recording_url: `https://recordings.example.com/${id}.wav`,
      transcript_turns: 3,
    });
    const everything = await ledger.everything();
    expect(everything).toContain("find_invoice");
    expect(everything).toContain("Lead quality");
    expect(everything).not.toMatch(/SECRET-|vapi_private/);
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 0, seen: 1 } });
    expect(platform.countOf(DETAIL)).toBe(1);
  });

  test("is left alone while it goes on, and in its first five minutes", async () => {
    const [going, unknown, fresh] = [newId(), newId(), newId()];
    platform.put(endedVapiCall(going, minutesAgo(30), { status: "in-progress", endedAt: null }));
    platform.put(endedVapiCall(unknown, minutesAgo(30), { status: "whatever" }));
    platform.put(endedVapiCall(fresh, minutesAgo(4)));
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 0, running: 3 } });
    platform.put(endedVapiCall(going, minutesAgo(30)));
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 1 } });
  });

  test("gets its analysis once that is there, and no request before", async () => {
    const [id, created] = [newId(), minutesAgo(60)];
    platform.put(endedVapiCall(id, created, { analysis: {}, artifact: { structuredOutputs: { a: { name: "b" } } } }));
    await ledger.runs();
    expect(await ledger.eventsOf(id)).toEqual(FETCHED.slice(0, 2));
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 0 } });
    platform.put(endedVapiCall(id, created));
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 1, missed: 0 } });
    expect((await ledger.callOf(id))?.["summary"]).toBe("Robin needs another invoice.");
  });

  test("is the end of a call that only started, though it was created long before", async () => {
    const id = newId();
    const created = minutesAgo(3 * 24 * 60);
    const { message } = vapiCall({ call_id: id }).start();
    await postVapi(ledger.url, {
      message: { ...message, timestamp: Date.now() - 3_600_000, call: { ...message.call, createdAt: created } },
    });
    platform.put(endedVapiCall(id, created, { startedAt: minutesAgo(60), endedAt: minutesAgo(59) }));
    expect(await ledger.runs()).toMatchObject({ output: { fetched: 1, missed: 1 } });
  });

  test("is corrected by the webhook that comes after all", async () => {
    const [id, created] = [newId(), minutesAgo(60)];
    platform.put(endedVapiCall(id, created));
    await ledger.runs();
    const report = vapiCall({ call_id: id }).report({
      timestamp: Date.parse(created) + 93_402,
      startedAt: later(created, 17_000),
      endedAt: later(created, 93_402),
      endedReason: "by-webhook",
      analysis: { summary: "By the webhook." },
    });
    expect(await postVapi(ledger.url, report)).toMatchObject({ body: { status: "stored" } });
    expect(await ledger.callOf(id)).toMatchObject({ disposition: "by-webhook", summary: "By the webhook." });
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
  ])("%s once makes no difference, in the list and in a call", async (fault) => {
    platform.put(endedVapiCall(newId(), minutesAgo(60)));
    platform.fail(LIST, fault);
    platform.fail(DETAIL, fault);
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 1, failed: 0 } });
  });

  test.each<Fault>(["401", "another shape"])("%s ends the run, which says so", async (fault) => {
    platform.fail(LIST, fault);
    const reason = `GET /call: ${fault === "401" ? "401" : "an unknown shape"}`;
    expect(await ledger.runs()).toMatchObject({ status: "errored", output: { reason } });
  });

  test("another order than the newest first ends the run, since calls would be lost", async () => {
    for (const minutes of [60, 61]) platform.put(endedVapiCall(newId(), minutesAgo(minutes)));
    platform.about.isReversed = true;
    expect(await ledger.runs()).toMatchObject({
      status: "errored",
      output: { reason: expect.stringContaining("by time") },
    });
  });

  test.each<Fault>(["404", "another shape"])("one that cannot be had (%s) does not stop the others", async (fault) => {
    const [broken, good] = [newId(), newId()];
    platform.put(endedVapiCall(broken, minutesAgo(60)));
    platform.put(endedVapiCall(good, minutesAgo(61)));
    platform.fail(new RegExp(`/${broken}$`), fault, 9);
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 1, failed: 1 } });
  });

  test.each<Fault>(["401", "404"])("a number of the agent that may not be had (%s) is left out", async (fault) => {
    const id = newId();
    platform.put(endedVapiCall(id, minutesAgo(60)));
    platform.fail(/phone-number/, fault);
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 1 } });
    expect(await ledger.callOf(id)).toMatchObject({ agent_phone: null, status: "analyzed" });
  });

  test("nulls and other types everywhere are taken as they are", async () => {
    const [bare, odd] = [newId(), newId()];
    const nothing = Object.fromEntries(
      ["startedAt", "endedAt", "updatedAt", "artifact", "analysis", "customer", "cost", "type", "phoneNumberId"].map(
        (name) => [name, null],
      ),
    );
    platform.put({ id: bare, createdAt: minutesAgo(60), status: "ended", ...nothing });
    platform.put(
      endedVapiCall(odd, minutesAgo(60), {
        cost: "1",
        customer: { number: 5 },
        phoneNumberId: 7,
        analysis: { summary: 3, structuredData: [], successEvaluation: { a: 1 } },
        artifact: {
          messages: [null, { role: 1, message: 2, time: "x", toolCalls: "y" }, { role: "user", message: "Hi." }],
          structuredOutputs: { a: null },
          performanceMetrics: { turnLatencies: [null, { turnLatency: "1" }] },
          recording: { mono: null },
        },
        messages: "none",
      }),
    );
    platform.about.oddItems.push(null, 5, {}, { id: null });
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { seen: 2, fetched: 2, failed: 0 } });
    expect(await ledger.callOf(bare)).toMatchObject({ status: "ended", agent_id: "transient" });
    expect(await ledger.callOf(odd)).toMatchObject({ transcript_turns: 1, cost_usd: null });
  });

  test("calls of one moment, and one that moves between pages, are taken in once, and none is passed over", async () => {
    // A page ends within those of one moment.
    const moment = minutesAgo(90);
    for (let index = 0; index < 45; index++) {
      const created = index < 20 ? minutesAgo(60 + index) : index < 30 ? moment : minutesAgo(100 + index);
      platform.put({ id: newId(), createdAt: created, updatedAt: created, status: "ended" });
    }
    platform.about.beforePage = (until) => {
      if (until <= moment) platform.put(endedVapiCall("new", minutesAgo(1)));
    };
    expect(await ledger.runs()).toMatchObject({ status: "complete", output: { fetched: 45, failed: 0 } });
    expect(platform.countOf(DETAIL)).toBe(45);
  });
});

test("an import takes in the days of its span and no others", async () => {
  const dayOf = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  const idsAt = [13, 12, 11, 10].map((ago) => {
    const id = newId();
    platform.put(endedVapiCall(id, `${dayOf(ago)}T00:00:00.000Z`));
    return id;
  });
  expect(await ledger.imports(dayOf(12), dayOf(11))).toMatchObject({ status: "complete", output: { fetched: 2 } });
  const taken = await Promise.all(idsAt.map(async (id) => (await ledger.callOf(id)) !== null));
  expect(taken).toEqual([false, true, true, false]);
});

test("the present address of a recording is where the platform redirects to", async () => {
  const id = newId();
  platform.put(endedVapiCall(id, minutesAgo(60)));
  const pace = { pauseMs: 0, timeoutMs: 700, retryDelaysMs: [] };
  const api = new PlatformApi({ base: platform.url, headers: vapi.headers("vapi_private"), budget: 2, pace });
  expect(await vapi.recordingUrl?.(id, api)).toBe(`https://storage.example.com/${id}.wav?fresh=1`);
  await expect(vapi.recordingUrl?.("unknown", api)).rejects.toMatchObject({ kind: "not-found" });
});
