import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { decode } from "../../src/ingest/decode.ts";
import { customerPhones } from "./customers.ts";
import { planDay } from "./day.ts";
import type { Delivery } from "./delivery.ts";

function digest(deliveries: readonly Delivery[]): string {
  const hash = createHash("sha256");
  for (const { body, signing, expected } of deliveries) hash.update(body).update(`${signing} ${expected.join()}\n`);
  return hash.digest("hex");
}

/** Of events that carry no time of their own. */
const RECEIVED_AT = "2026-11-01T00:00:00.000Z";

/** The event of a body, as the ledger reads it. */
async function eventOf({ body }: Delivery) {
  const decoded = await decode({
    platform: "atoms",
    body: new Uint8Array(body).buffer,
    sha256: createHash("sha256").update(body).digest("hex"),
    receivedAt: RECEIVED_AT,
  });
  if (decoded.kind !== "events") throw new Error(`no event: ${JSON.stringify(decoded)}`);
  const { event_id, format, events } = decoded;
  const [event] = events;
  return { event_id, format, event, identity: JSON.stringify([event.call_id, event.event, event_id]) };
}

function eventsOf(deliveries: readonly Delivery[]) {
  return deliveries.filter(({ content }) => content !== "noise");
}

test("the same seed gives the same requests, byte by byte", () => {
  expect(digest(planDay(7, 60).deliveries)).toBe(digest(planDay(7, 60).deliveries));
});

/** The events of a day, as the ledger reads them. */
const decodeAll = (deliveries: readonly Delivery[]) => Promise.all(eventsOf(deliveries).map(eventOf));

test("another seed gives another day, and no id of the first", async () => {
  const idsOf = async (seed: number) =>
    new Set(
      (await decodeAll(planDay(seed, 100).deliveries)).flatMap(({ event, event_id }) => [event.call_id, event_id]),
    );
  const others = await idsOf(4);
  expect([...(await idsOf(3))].filter((id) => others.has(id))).toEqual([]);
});

test.each([1, 2, 5, 200])("a day of %i calls adds up to what its bodies say", async (calls) => {
  const { deliveries, totals } = planDay(11, calls);
  const events = await decodeAll(deliveries);
  const distinct = new Map(events.map(({ identity, event }) => [identity, event]));
  const callIds = (name?: string) =>
    new Set(
      [...distinct.values()].filter(({ event }) => name === undefined || event === name).map(({ call_id }) => call_id),
    );

  const ends = [...distinct.values()].filter(({ event }) => event === "call.end");
  const hasTranscript = ({ transcript_turns }: (typeof ends)[number]) => transcript_turns !== undefined;
  expect(totals.rows).toEqual({
    calls: calls,
    analyzed: callIds("analytics.completed").size,
    events: distinct.size,
    deliveries: callIds("analytics.completed").size,
    searchable: new Set(ends.filter(hasTranscript).map(({ call_id }) => call_id)).size,
  });
  expect(callIds().size).toBe(calls);
  expect(totals.answers["200 stored"]).toBe(distinct.size);
  expect(totals.objects.transcripts).toBe(callIds("call.end").size);
  expect(totals.objects.superseded).toBe(ends.length - callIds("call.end").size);

  const requests = deliveries.reduce((sum, { expected }) => sum + expected.length, 0);
  expect(Object.values(totals.answers).reduce((sum, count) => sum + count, 0)).toBe(requests);
});

test("an event that is sent again has the same body, and comes after the first delivery is answered", () => {
  const { deliveries } = planDay(5, 100);
  const again = deliveries.filter(({ after }) => after !== undefined);
  expect(again.length).toBeGreaterThan(0);
  for (const delivery of again) {
    expect(delivery.after && deliveries.indexOf(delivery.after)).toBeLessThan(deliveries.indexOf(delivery));
    expect(delivery.body).toEqual(delivery.after?.body);
  }
});

test("a correction has an id of its own, a later time and another disposition than the call's first end", async () => {
  const { deliveries, totals } = planDay(5, 200);
  expect(totals.corrected.length).toBeGreaterThan(0);
  for (const callId of totals.corrected) {
    const find = async (content: Delivery["content"]) => {
      const found = deliveries.find((one) => one.callId === callId && one.content === content);
      return found && eventOf(found);
    };
    const [first, correction] = [await find("call.end"), await find("correction")];
    expect(correction?.event_id).not.toBe(first?.event_id);
    expect(correction?.event.timestamp.localeCompare(first?.event.timestamp ?? "")).toBe(1);
    expect(correction?.event.disposition).toBe("failed");
    expect(first?.event.disposition).not.toBe("failed");
  }
});

test("a day has everything that a real one has", async () => {
  const { deliveries, totals } = planDay();
  const events = await decodeAll(deliveries);
  const of = (field: string) =>
    new Set(events.map((one) => Object.entries({ ...one, ...one.event }).find(([key]) => key === field)?.[1]));
  expect(of("format")).toEqual(new Set(["documented", "atoms"]));
  expect(of("call_direction")).toEqual(new Set(["inbound", "outbound", undefined]));
  for (const count of Object.values(totals.answers)) expect(count).toBeGreaterThan(0);

  const turns = events.flatMap(({ event }) => (event.event === "call.end" ? [event.transcript_turns ?? -1] : []));
  expect(turns).toContain(-1);
  expect(turns).toContain(0);
  expect(Math.max(...turns)).toBeGreaterThan(200);

  const texts = deliveries.map(({ body }) => new TextDecoder().decode(body)).join("");
  for (const script of ["Latin", "Arabic", "Devanagari", "Hiragana", "Cyrillic", "Emoji_Presentation"]) {
    const name = script === "Emoji_Presentation" ? script : `Script=${script}`;
    expect(texts).toMatch(new RegExp(`\\p{${name}}`, "u"));
  }
  const first = deliveries.filter(({ after }) => after === undefined);
  const outOfOrder = first.filter(
    ({ content, callId }, index) =>
      content === "call.start" &&
      first.slice(0, index).some((one) => one.callId === callId && one.content === "call.end"),
  );
  expect(outOfOrder.length).toBeGreaterThan(0);
});

test.each([1, 9, 20])("the whole day %i lies within the 24 hours before its end", async (seed) => {
  const end = Date.parse("2026-03-01T05:00:00.000Z");
  const times = (await decodeAll(planDay(seed, 300, end).deliveries))
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
    new Set((await decodeAll(deliveries)).map(({ event }) => event.call_id));
  const others = await idsOf(other?.deliveries);
  expect([...(await idsOf(one?.deliveries))].filter((id) => others.has(id))).toEqual([]);
});

test("every body that a ledger may keep aside names the number of a customer, by which it is found again", () => {
  const noise = planDay(5, 200).deliveries.filter(({ content }) => content === "noise");
  for (const { body } of noise.filter(({ expected }) => !expected.includes("401"))) {
    const text = new TextDecoder().decode(body);
    expect(
      customerPhones.some((phone) => text.includes(phone)),
      text,
    ).toBe(true);
  }
});
