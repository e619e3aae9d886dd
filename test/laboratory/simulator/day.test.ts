import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { readAgain } from "../../../src/events/received.ts";
import { decode } from "../../../src/ingest/decode.ts";
import { receive } from "../../../src/ingest/receive.ts";
import { findPlatform } from "../../../src/platforms/index.ts";
import "../../support/hex.ts";
import { CORRECTED_SUMMARY } from "./analysis.ts";
import { customerPhones } from "./customers.ts";
import { planDay } from "./day.ts";
import type { Delivery } from "./delivery.ts";
import { PLANTED_SECRET, platformNames } from "./platforms/platform.ts";

function digest(deliveries: readonly Delivery[]): string {
  const hash = createHash("sha256");
  for (const { body, signing, expected } of deliveries) hash.update(body).update(`${signing} ${expected.join()}\n`);
  return hash.digest("hex");
}

/** Of events that carry no time of their own. */
const RECEIVED_AT = "2026-11-01T00:00:00.000Z";

/** The events of a body, as the ledger reads them. */
function eventsIn({ platform, body }: Delivery) {
  const bytes = new Uint8Array(body).buffer;
  const received = readAgain({ platform, body: bytes, sha256: "", receivedAt: RECEIVED_AT });
  const identity = received.parsed.kind === "object" && findPlatform(platform)?.identity?.(received.parsed.json);
  const sha256 = createHash("sha256")
    .update(identity ? JSON.stringify(identity) : body)
    .digest("hex");
  const decoded = decode({ ...received, sha256 });
  if (decoded.kind !== "events") throw new Error(`no event: ${JSON.stringify(decoded)}`);
  const { event_id, format, events } = decoded;
  return events.map((event) => ({
    platform,
    event_id,
    format,
    event,
    identity: JSON.stringify([event.call_id, event.event, event_id]),
  }));
}

/** Those with events in them. */
const ofCalls = (deliveries: readonly Delivery[]) => deliveries.filter(({ content }) => content !== "noise");

test("the same seed gives the same requests, byte by byte", () => {
  expect(digest(planDay(7, 60).deliveries)).toBe(digest(planDay(7, 60).deliveries));
});

/** The events of a day, as the ledger reads them. */
const decodeAll = (deliveries: readonly Delivery[]) => ofCalls(deliveries).flatMap(eventsIn);

test("every body has the events, the transcript and the customer that its plan says", async () => {
  for (const delivery of ofCalls(planDay(11, 200).deliveries)) {
    const { events, turns, callId, hasNumber } = delivery;
    const read = eventsIn(delivery).map(({ event }) => event);
    expect(read.map(({ event }) => event)).toEqual(events);
    expect(read.map(({ transcript_turns }) => transcript_turns).find((count) => count !== undefined)).toBe(turns);
    expect(countsOf(delivery)).toEqual(delivery.tools);
    expect(read.map(({ cost_usd }) => cost_usd).find((cost) => cost !== undefined) ?? 0).toBeCloseTo(
      delivery.costUsd ?? 0,
      6,
    );
    expect(read.some(({ agent_version }) => agent_version !== undefined)).toBe(delivery.hasVersion);
    expect(new Set(read.map(({ call_id }) => call_id))).toEqual(new Set([callId]));
    if (!hasNumber)
      expect(read.flatMap(({ caller_phone = [], caller_phones = [] }) => [caller_phone, caller_phones]).flat()).toEqual(
        [],
      );
  }
});

/** The tools in the transcript of a body, as the ledger reads them. */
function countsOf({ platform, body, events }: Delivery) {
  if (!events.includes("call.end")) return { calls: 0, errors: 0 };
  const turns = findPlatform(platform)?.turns(JSON.parse(new TextDecoder().decode(body))) ?? [];
  const tools = turns.filter((turn) => turn.kind === "tool");
  return { calls: tools.length, errors: tools.filter(({ status }) => status === "error").length };
}

test("a day has tools of every platform that tells of them, some that fail, costs, and two versions of each agent", () => {
  const { deliveries, totals } = planDay();
  const of = (is: (delivery: Delivery) => boolean) => new Set(deliveries.filter(is).map(({ platform }) => platform));
  expect(of(({ tools }) => tools.calls > 0)).toEqual(new Set(["retell", "vapi", "elevenlabs", "custom"]));
  expect(of(({ tools }) => tools.errors > 0)).toEqual(new Set(["retell", "elevenlabs", "custom"]));
  expect(of(({ costUsd = 0 }) => costUsd > 0)).toEqual(new Set(["retell", "vapi", "custom"]));
  const versions = decodeAll(deliveries).flatMap(({ platform, event: { agent_version } }) =>
    agent_version === undefined ? [] : `${platform} ${agent_version}`,
  );
  expect(new Set(versions).size).toBe(8);
  expect(totals.tools.errors).toBeGreaterThan(0);
});

test("what is between the events of a call is noise to its platform", async () => {
  const { deliveries } = planDay(11, 200);
  const ignored = deliveries.filter(({ expected }) => expected.includes("200 ignored"));
  expect(new Set(ignored.map(({ platform }) => platform))).toEqual(new Set(["retell", "vapi", "elevenlabs"]));
  for (const { platform, body } of ignored) {
    const parsed = JSON.parse(new TextDecoder().decode(body));
    expect(findPlatform(platform)?.decode(parsed, RECEIVED_AT)).toEqual({ kind: "ignored" });
  }
});

test("another seed gives another day, and no id of the first", async () => {
  const idsOf = async (seed: number) =>
    new Set(decodeAll(planDay(seed, 100).deliveries).flatMap(({ event, event_id }) => [event.call_id, event_id]));
  const others = await idsOf(4);
  expect([...(await idsOf(3))].filter((id) => others.has(id))).toEqual([]);
});

test("a day has the calls and the requests of the platforms that are wanted, and of no others", () => {
  const { deliveries, totals } = planDay(3, 30, undefined, ["retell", "elevenlabs"]);
  expect(new Set(deliveries.map(({ platform }) => platform))).toEqual(new Set(["retell", "elevenlabs"]));
  const calls = Array.from(totals.platforms.values(), (platform) => platform.calls);
  expect(calls.reduce((sum, count) => sum + count, 0)).toBe(30);
  for (const count of calls) expect(count).toBeGreaterThan(0);
});

test.each([1, 2, 5, 200])("a day of %i calls adds up to what its bodies say", async (calls) => {
  const { deliveries, totals } = planDay(11, calls);
  const events = decodeAll(deliveries);
  const distinct = new Map(events.map(({ identity, event }) => [identity, event]));
  const of = (name: string) => [...distinct.values()].filter(({ event }) => event === name);
  const idsOf = (list: ReturnType<typeof of>) => new Set(list.map(({ call_id }) => call_id)).size;
  const all = [...distinct.values()];
  const withTranscript = of("call.end").filter(({ transcript_turns }) => transcript_turns !== undefined);

  expect(totals.rows).toEqual({
    calls,
    analyzed: idsOf(of("analytics.completed")),
    events: distinct.size,
    deliveries: of("analytics.completed").length,
    callers: idsOf(all.filter(({ caller_phone }) => caller_phone !== undefined)),
    searchable: idsOf(withTranscript),
  });
  expect(idsOf(all)).toBe(calls);
  expect(totals.objects.transcripts).toBe(idsOf(of("call.end")));
  expect(totals.objects.superseded).toBe(of("call.end").length - idsOf(of("call.end")));

  const requests = deliveries.reduce((sum, { expected }) => sum + expected.length, 0);
  expect(Object.values(totals.answers).reduce((sum, count) => sum + count, 0)).toBe(requests);
});

test("an event that is sent again has the same identity, and comes after the first delivery is answered", async () => {
  const { deliveries } = planDay(5, 200);
  const again = deliveries.filter(({ after }) => after !== undefined);
  expect(new Set(again.map(({ platform }) => platform))).toEqual(new Set(platformNames));
  for (const delivery of again) {
    const { after: first = delivery } = delivery;
    expect(deliveries.indexOf(first)).toBeLessThan(deliveries.indexOf(delivery));
    const identities = (one: Delivery) => eventsIn(one).map(({ identity }) => identity);
    expect(identities(delivery)).toEqual(identities(first));
  }
});

test("each platform repeats in its own way: Retell says anew when it sent, Vapi links anew, the others the same bytes", () => {
  const again = planDay(5, 200).deliveries.filter(({ after }) => after !== undefined);
  const changed = (of: string, text: RegExp) =>
    again.filter(({ platform, body }) => platform === of && text.test(new TextDecoder().decode(body)));
  const isSame = ({ body, after }: Delivery) => Buffer.from(body).equals(after?.body ?? Buffer.alloc(0));
  expect(changed("retell", /event_timestamp/).some(isSame)).toBe(false);
  expect(changed("vapi", /presigned/).length).toBeGreaterThan(0);
  expect(changed("vapi", /presigned/).some(isSame)).toBe(false);
  expect(changed("atoms", /./).every(isSame)).toBe(true);
  expect(changed("elevenlabs", /./).every(isSame)).toBe(true);
  expect(changed("custom", /./).every(isSame)).toBe(true);
});

test("a correction has an id of its own, comes later, and says something else than before", async () => {
  const { deliveries, totals } = planDay(5, 200);
  expect(totals.corrected.length).toBeGreaterThan(platformNames.length);
  for (const callId of totals.corrected) {
    const ofCall = ofCalls(deliveries).filter((one) => one.callId === callId);
    const before = ofCall.filter(({ content }) => content === "call").flatMap(eventsIn);
    const corrections = ofCall.filter(({ content }) => content === "correction").flatMap(eventsIn);
    for (const { event, event_id } of corrections) {
      const first = before.filter((one) => one.event.event === event.event);
      expect(first.map((one) => one.event_id)).not.toContain(event_id);
      for (const one of first) expect(event.timestamp.localeCompare(one.event.timestamp), callId).toBe(1);
    }
    const shows = (list: typeof before) =>
      list.some(({ event }) => event.disposition === "failed" || event.summary === CORRECTED_SUMMARY);
    expect({ before: shows(before), after: shows(corrections) }).toEqual({ before: false, after: true });
  }
});

test("a day has everything that a real one has", async () => {
  const { deliveries, totals } = planDay();
  const events = decodeAll(deliveries);
  const of = (field: string) =>
    new Set(events.map((one) => Object.entries({ ...one, ...one.event }).find(([key]) => key === field)?.[1]));
  expect(of("format")).toEqual(new Set(["documented", "atoms", "retell", "vapi", "elevenlabs", "custom"]));
  expect(of("call_direction")).toEqual(new Set(["inbound", "outbound", undefined]));
  for (const count of Object.values(totals.answers)) expect(count).toBeGreaterThan(0);
  const signings = new Set(deliveries.map(({ platform, signing }) => `${platform}: ${signing}`));
  expect(signings).toContain("vapi: other");
  expect(signings).toContain("elevenlabs: other");
  for (const name of platformNames) expect(signings).toContain(`${name}: wrong`);
  // A browser's call, one that never connected, and one whose end Vapi says before its report.
  expect(totals.rows.callers).toBeLessThan(totals.rows.calls);
  expect(of("disposition")).toContain("dial_no_answer");
  expect(of("disposition")).toContain("no_answer");
  expect(totals.objects.superseded).toBeGreaterThan(totals.corrected.length);

  const turns = events.flatMap(({ event }) => (event.event === "call.end" ? [event.transcript_turns ?? -1] : []));
  expect(turns).toContain(-1);
  expect(turns).toContain(0);
  expect(Math.max(...turns)).toBeGreaterThan(200);

  const texts = deliveries.map(({ body }) => new TextDecoder().decode(body)).join("");
  for (const script of ["Latin", "Arabic", "Devanagari", "Hiragana", "Cyrillic", "Emoji_Presentation"]) {
    const name = script === "Emoji_Presentation" ? script : `Script=${script}`;
    expect(texts).toMatch(new RegExp(`\\p{${name}}`, "u"));
  }
  const first = ofCalls(deliveries).filter(({ after }) => after === undefined);
  const outOfOrder = first.filter(
    ({ events, callId }, index) =>
      events.includes("call.start") &&
      first.slice(0, index).some((one) => one.callId === callId && one.events.includes("call.end")),
  );
  expect(outOfOrder.length).toBeGreaterThan(0);
});

test("the secrets that platforms put into their bodies are there, and the ledger takes them out", async () => {
  const withSecret = planDay(5, 100).deliveries.filter(({ body }) =>
    new TextDecoder().decode(body).includes(PLANTED_SECRET),
  );
  expect(new Set(withSecret.map(({ platform }) => platform))).toEqual(new Set(["retell", "vapi", "elevenlabs"]));
  for (const { platform, body } of withSecret) {
    const received = await receive(
      findPlatform(platform) ?? expect.unreachable(),
      new Uint8Array(body).buffer,
      new Date(),
    );
    expect(new TextDecoder().decode(received.body)).not.toContain(PLANTED_SECRET);
  }
});

test.each([1, 9, 20])("the whole day %i lies within the 24 hours before its end", async (seed) => {
  const end = Date.parse("2026-03-01T05:00:00.000Z");
  const times = decodeAll(planDay(seed, 300, end).deliveries)
    .flatMap(({ event }) => [event.timestamp, event.started_at, event.ended_at])
    .filter((time) => time !== undefined && time !== RECEIVED_AT)
    .map((time) => Date.parse(time ?? ""));
  expect(Math.max(...times)).toBeLessThan(end);
  expect(Math.min(...times)).toBeGreaterThan(end - 24 * 60 * 60 * 1000);
});

test("the same seed at another time has the same calls under other ids, and ends the same", async () => {
  const [one, other] = [Date.parse("2026-03-01T05:00:00Z"), Date.parse("2026-03-01T06:00:00Z")].map((end) =>
    planDay(7, 60, end),
  );
  expect(other?.totals.rows).toEqual(one?.totals.rows);
  const idsOf = async (deliveries: readonly Delivery[] = []) =>
    new Set(decodeAll(deliveries).map(({ event }) => event.call_id));
  const others = await idsOf(other?.deliveries);
  expect([...(await idsOf(one?.deliveries))].filter((id) => others.has(id))).toEqual([]);
});

test("every body that a ledger may keep aside names the number of a customer, by which it is found again", () => {
  const noise = planDay(5, 200).deliveries.filter(({ content }) => content === "noise");
  for (const { body } of noise.filter(
    ({ expected }) => !expected.includes("401") && !expected.includes("200 ignored"),
  )) {
    const text = new TextDecoder().decode(body);
    expect(
      customerPhones.some((phone) => text.includes(phone)),
      text,
    ).toBe(true);
  }
});
