import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { documentedCall } from "../support/events.ts";
import { bootOnNetwork } from "../support/network-ledger.ts";
import { post } from "../support/post.ts";
import type { Faults } from "./faults.ts";
import { watchLedger } from "./ledger-state.ts";
import { readUsage } from "./limited.ts";
import { makeEvent, type TestEvent } from "./make-call.ts";
import { listKeys } from "./objects.ts";
import { queueMessage } from "./queue-message.ts";
import { runCron, setFaults } from "./relay.ts";
import { faultyHeaders } from "./send-call.ts";

let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
let read: ReturnType<typeof watchLedger>;
beforeAll(async () => {
  ledger = await bootOnNetwork({ main: "test/chaos/faulty-ledger.ts" });
  read = watchLedger(ledger.DB, ledger.ARCHIVE);
});
afterAll(() => ledger.close());
afterEach(async () => {
  await setFaults(ledger.url, {});
  await ledger.ARCHIVE.delete(await listKeys(ledger.ARCHIVE, "parked/"));
});

const end = (callId: string, more: object = {}) => makeEvent("documented", callId, "end", more);
const areStored = async (events: readonly TestEvent[]) => {
  const stored = (await read()).events;
  return events.every(({ key }) => stored.has(key));
};
/** Waits for what the queue brings by itself. */
const untilStored = (events: readonly TestEvent[]) =>
  vi.waitFor(async () => expect(await areStored(events)).toBe(true), { timeout: 30_000, interval: 200 });

const postWith = (faults: Faults, payload: unknown) => post(ledger.url, payload, faultyHeaders(faults));
const parked = { status: 200, body: { status: "parked" } };

test("while D1 is overloaded the queue comes first, asked once, and brings the body back without the cron", async () => {
  const { faults } = await readUsage(ledger.url);
  const event = end("overloaded");
  expect(await postWith({ D1: "overloaded" }, event.body)).toMatchObject(parked);
  expect((await readUsage(ledger.url)).faults).toBe(faults + 1);
  expect((await read()).parked).toEqual({ D1: 0, R2: 0 });
  await untilStored([event]);
});

test("what is too large for a message goes to R2 while D1 is overloaded, and so does everything when D1 is only down", async () => {
  const noise = randomBytes(200_000).toString("base64");
  expect(await postWith({ D1: "overloaded" }, end("large", { variables: { noise } }).body)).toMatchObject(parked);
  expect((await read()).parked).toEqual({ D1: 0, R2: 1 });
  expect(await postWith({ D1: "before" }, documentedCall({ call_id: "down" }).start())).toMatchObject(parked);
  expect((await read()).parked).toEqual({ D1: 0, R2: 2 });
});

test("a hundred messages of the queue are four transactions, and an overloaded D1 is asked once for all of them", async () => {
  const events = Array.from({ length: 100 }, (_, index) => end(`in the queue ${index}`));
  const before = await readUsage(ledger.url);
  await setFaults(ledger.url, { D1: "overloaded" });
  await ledger.SYNC_QUEUE.sendBatch(events.map(queueMessage));
  const isRefused = async () => expect((await readUsage(ledger.url)).faults).toBeGreaterThan(before.faults);
  await vi.waitFor(isRefused, { timeout: 20_000, interval: 5 });
  await setFaults(ledger.url, {});
  await untilStored(events);
  expect((await readUsage(ledger.url)).faults).toBe(before.faults + 1);
  expect((await read()).parked).toEqual({ D1: 0, R2: 0 });

  const others = Array.from({ length: 100 }, (_, index) => end(`in the queue again ${index}`));
  const { transactions } = await readUsage(ledger.url);
  await ledger.SYNC_QUEUE.sendBatch(others.map(queueMessage));
  await untilStored(others);
  expect((await readUsage(ledger.url)).transactions).toBe(transactions + 4);
});

test("a body that the queue holds while D1 is overloaded goes to R2 with its sixth delivery, and the cron brings it back", async () => {
  const event = end("overloaded for minutes");
  const deliver = (attempts: number) =>
    ledger.worker.queue("call-ledger-sync", [
      { id: "held", timestamp: new Date(), attempts, body: queueMessage(event).body },
    ]);
  await setFaults(ledger.url, { D1: "overloaded" });
  let seconds = 0;
  for (let attempts = 1; attempts < 6; attempts++) {
    const { explicitAcks, retryMessages } = await deliver(attempts);
    expect({ explicitAcks, retried: retryMessages.map(({ msgId }) => msgId) }).toEqual({
      explicitAcks: [],
      retried: ["held"],
    });
    seconds += retryMessages[0]?.delaySeconds ?? 0;
  }
  expect(seconds).toBeGreaterThan(60);
  expect(seconds).toBeLessThan(180);
  expect((await read()).parked).toEqual({ D1: 0, R2: 0 });

  expect(await deliver(6)).toMatchObject({ outcome: "ok", explicitAcks: ["held"], retryMessages: [] });
  expect((await read()).parked).toEqual({ D1: 0, R2: 1 });
  expect(await areStored([event])).toBe(false);

  await setFaults(ledger.url, {});
  await runCron(ledger.url, new Date(Date.now() + 60_000));
  expect(await areStored([event])).toBe(true);
  expect((await read()).parked).toEqual({ D1: 0, R2: 0 });
});
