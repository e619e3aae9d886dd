import pMap from "p-map";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Answer } from "../../support/post.ts";
import { listKeys, listObjects, prefixOf } from "../../support/stores/objects.ts";
import { everyFault, expectedAnswer, statusIn } from "./faulty-answers.ts";
import { makeEvent, shortNames, type TestEvent } from "./make-call.ts";
import { bootRecoverable } from "./recoverable-ledger.ts";

/** Most of the time of a request goes by at a store that hangs. */
const CONCURRENCY = 80;

let ledger: Awaited<ReturnType<typeof bootRecoverable>>;
beforeAll(async () => {
  ledger = await bootRecoverable();
});
afterAll(() => ledger.close());

/** Holds that the quarantine has a body once, as one whose id another body has, unless its sender was answered 503. */
async function expectInQuarantine(reused: readonly { event: TestEvent; answer: Answer }[]): Promise<void> {
  const objects = await listObjects(ledger.ARCHIVE, "quarantine/");
  for (const { event, answer } of reused) {
    const own = objects.filter(({ key }) => key.includes(event.sha256));
    const isPromised = answer.status === 200;
    expect(own.length, event.call_id).toBeLessThanOrEqual(1);
    if (isPromised) expect(own.length, event.call_id).toBe(1);
    for (const { customMetadata } of own) expect(customMetadata, event.call_id).toMatchObject({ reason: "id-reused" });
    if (own[0]) expect(await (await ledger.ARCHIVE.get(own[0].key))?.text()).toBe(event.body);
  }
}

/** The same event of the same call with the same id, and something else in it. */
const reuseId = (callId: string, name: (typeof shortNames)[number]) =>
  makeEvent("atoms", callId, name, {}, { description: "Another body" });

test("an id reused with another body ends in quarantine and leaves nothing of it anywhere else, whatever fails", async () => {
  const cases = shortNames.flatMap((name) =>
    everyFault.map((faults) => ({ name, faults, call_id: `reused ${name} with ${JSON.stringify(faults)}` })),
  );
  for (const { name, call_id } of cases) await ledger.send(makeEvent("atoms", call_id, name));
  await ledger.recoverAll();
  const before = await ledger.snapshot();

  const reused = await pMap(
    cases,
    async ({ name, faults, call_id }) => {
      const event = reuseId(call_id, name);
      const answer = await ledger.send(event, faults);
      expect(answer, call_id).toMatchObject(expectedAnswer(faults, ["D1", "R2"], "quarantined"));
      return { event, answer };
    },
    { concurrency: CONCURRENCY },
  );
  await ledger.recoverAll();
  await expectInQuarantine(reused);
  const digests = new Set(reused.map(({ event }) => event.sha256));
  const { tables, objects } = await ledger.snapshot();
  const others = Object.entries(objects).filter(([key]) => !digests.has(key.replace(/^quarantine\/.*\/|\.json$/g, "")));
  expect({ tables, objects: Object.fromEntries(others) }).toEqual(before);
});

test("an id reused before the first body is in the archive does not take its transcript", async () => {
  const cases = [{}, ...everyFault].map((faults) => {
    const call_id = `overtaken with ${JSON.stringify(faults)}`;
    return { faults, first: makeEvent("atoms", call_id, "end"), reused: reuseId(call_id, "end") };
  });
  const reused = await pMap(
    cases,
    async ({ faults, first, reused: event }) => {
      expect(await ledger.send(first, { R2: "before" })).toMatchObject({ body: { status: "parked" } });
      return { event, answer: await ledger.send(event, faults) };
    },
    { concurrency: CONCURRENCY },
  );
  await ledger.recoverAll();
  await expectInQuarantine(reused);
  for (const { first } of cases) {
    const transcript = `${prefixOf(first.call_id)}transcript.json`;
    expect(await listKeys(ledger.ARCHIVE, prefixOf(first.call_id)), first.call_id).toEqual([transcript]);
    expect(await (await ledger.ARCHIVE.get(transcript))?.text(), first.call_id).toBe(first.body);
  }
});

test("of two bodies that arrive at once under one id, one is stored with its transcript, the other is in quarantine", async () => {
  const pairs = Array.from({ length: 60 }, (_, index) => {
    const call_id = `one id, two bodies ${index}`;
    return [makeEvent("atoms", call_id, "end"), reuseId(call_id, "end")] as const;
  });
  const winners = await pMap(
    pairs,
    async (pair) => {
      const answers = await Promise.all(pair.map((event) => ledger.send(event)));
      const statuses = answers.map(statusIn);
      expect(statuses.toSorted()).toEqual(["quarantined", "stored"]);
      const [winner, loser] = statuses[0] === "stored" ? pair : pair.toReversed();
      return { winner: winner ?? expect.unreachable(), loser: loser ?? expect.unreachable() };
    },
    { concurrency: 8 },
  );
  const quarantined = await listKeys(ledger.ARCHIVE, "quarantine/");
  for (const { winner, loser } of winners) {
    const transcript = `${prefixOf(winner.call_id)}transcript.json`;
    expect(await listKeys(ledger.ARCHIVE, prefixOf(winner.call_id))).toEqual([transcript]);
    expect(await (await ledger.ARCHIVE.get(transcript))?.text()).toBe(winner.body);
    expect(quarantined.filter((key) => key.includes(loser.sha256)).length).toBe(1);
  }
});
