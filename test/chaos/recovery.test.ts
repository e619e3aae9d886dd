import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SYNC_SECRET, startDownstream } from "../support/downstream.ts";
import { documentedCall } from "../support/events.ts";
import { bootOnNetwork } from "../support/network-ledger.ts";
import { post } from "../support/post.ts";
import { FAULTS_HEADER, type Faults } from "./faults.ts";
import { listKeys, watchLedger } from "./ledger-state.ts";
import { relayUntil, runCron } from "./relay.ts";

const RECOVERY = { timeoutMilliseconds: 20_000 };

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
let read: ReturnType<typeof watchLedger>;
beforeAll(async () => {
  downstream = await startDownstream();
  const env = { SYNC_URL: downstream.url, SYNC_SECRET };
  ledger = await bootOnNetwork({ main: "test/chaos/faulty-ledger.ts", env });
  read = watchLedger(ledger.DB, ledger.ARCHIVE);
});
afterAll(async () => {
  await ledger.close();
  await downstream.close();
});

const without = (faults: Faults, payload: unknown) =>
  post(ledger.url, payload, { [FAULTS_HEADER]: JSON.stringify(faults) });
const parked = { status: 202, body: { status: "parked" } };
const digestOf = (body: string) => createHash("sha256").update(body).digest("hex");
const nothingParked = async () => {
  const { D1, R2 } = (await read()).parked;
  return D1 + R2 === 0;
};

test("what does not fit parks like any other while R2 is down, and lands in quarantine", async () => {
  const bodies = ["no JSON", '{"event":"call.transferred"}', '{"event":"call.start","call_id":7}', '"the queue alone"'];
  for (const body of bodies) {
    const D1 = body.includes("queue") ? "before" : undefined;
    expect(await without({ R2: "before", D1 }, body)).toMatchObject(parked);
  }
  const quarantined = async () => (await listKeys(ledger.ARCHIVE, "quarantine/")).length === bodies.length;
  await relayUntil(ledger.url, quarantined, RECOVERY);
  expect(await nothingParked()).toBe(true);
  for (const body of bodies) {
    const [key = ""] = (await listKeys(ledger.ARCHIVE, "quarantine/")).filter((key) => key.includes(digestOf(body)));
    expect(await (await ledger.ARCHIVE.get(key))?.text()).toBe(body);
  }
});

test("bodies that can never be taken in do not keep one of the same age from it", { timeout: 60_000 }, async () => {
  const park = ledger.DB.prepare(
    "INSERT INTO parked_bodies (digest, part, received_at, reason, body) VALUES (?, 0, ?, '', ?)",
  );
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  // More than one run of the cron takes, and before it in the list.
  const poison = Array.from({ length: 100 }, (_, index) =>
    park.bind(digestOf(`poison ${index}`), minutesAgo(20.1), new Uint8Array([1, 2, 3])),
  );
  const body = JSON.stringify(documentedCall({ call_id: "behind poison" }).end());
  const packed = new Uint8Array(gzipSync(body));
  await ledger.DB.batch([...poison, park.bind(digestOf(body), minutesAgo(20), packed)]);
  const recovered = async () => (await read()).parked.D1 === poison.length;
  await relayUntil(ledger.url, recovered, { timeoutMilliseconds: 50_000 });
  expect((await read()).events.has(digestOf(body))).toBe(true);
  await ledger.DB.prepare("DELETE FROM parked_bodies").run();
});

test("a message that cannot be unpacked does not keep the others of its batch", async () => {
  const message = (parked: Uint8Array, digest: string) => ({
    body: { parked: new Uint8Array(parked), digest, received_at: new Date().toISOString() },
    contentType: "v8" as const,
  });
  const bodies = Array.from({ length: 20 }, (_, id) =>
    JSON.stringify(documentedCall({ call_id: `beside poison ${id}` }).start()),
  );
  await ledger.SYNC_QUEUE.sendBatch([
    message(new Uint8Array([1, 2, 3]), "poison"),
    ...bodies.map((body) => message(gzipSync(body), digestOf(body))),
  ]);
  const arrived = async () => {
    const { events } = await read();
    return bodies.every((body) => events.has(digestOf(body)));
  };
  // With the first delivery: a batch that is sent back as a whole rests for three seconds at least.
  await relayUntil(ledger.url, arrived, { timeoutMilliseconds: 2_500 });
});

test("two runs of the cron at once bring everything back once", async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `twice ${index}`);
  const bodies = ids.flatMap((call_id) => {
    const { end, analytics } = documentedCall({ call_id });
    return [end(), analytics()].map((event) => JSON.stringify(event));
  });
  const faults: Faults[] = [{ D1: "before" }, { R2: "before" }];
  await Promise.all(bodies.map((body, index) => without(faults[index % 3 === 0 ? 0 : 1] ?? {}, body)));
  await Promise.all([1, 2, 3].map(() => runCron(ledger.url, new Date())));
  const delivered = async () => {
    const { deliveries } = await read();
    const own = deliveries.filter(({ call_id }) => ids.includes(call_id));
    return own.length === ids.length && own.every(({ state }) => state === "delivered") && nothingParked();
  };
  await relayUntil(ledger.url, delivered, RECOVERY);

  const { events } = await read();
  const own = [...events.values()].filter(({ call_id }) => ids.includes(call_id));
  expect(own.map(({ event_id }) => event_id).sort()).toEqual(bodies.map(digestOf).sort());
  for (const [index, call_id] of ids.entries()) {
    const archived = await ledger.ARCHIVE.get(`transcripts/2024/07/15/${encodeURIComponent(call_id)}.json`);
    expect(await archived?.text()).toBe(bodies[index * 2]);
  }
  expect((await listKeys(ledger.ARCHIVE, "superseded/")).length).toBe(0);
});

test("a body far larger than a row waits in D1 compressed, and reaches R2 byte for byte", async () => {
  const transcript = Array.from({ length: 20_000 }, (_, turn) => ({
    role: "user",
    content: `${turn}: ${"मैं ".repeat(20)}`,
  }));
  const body = JSON.stringify(documentedCall({ call_id: "large" }).end({ transcript }));
  expect(Buffer.byteLength(body)).toBeGreaterThan(4_000_000);
  expect(await without({ R2: "before" }, body)).toMatchObject(parked);
  expect((await read()).parked).toEqual({ D1: 1, R2: 0 });
  await relayUntil(ledger.url, nothingParked, RECOVERY);
  const archived = await ledger.ARCHIVE.get("transcripts/2024/07/15/large.json");
  expect(digestOf((await archived?.text()) ?? "")).toBe(digestOf(body));
});

test("one that does not compress waits in D1 in parts; what no store has room for is answered 503", async () => {
  const large = (call_id: string) =>
    JSON.stringify(
      documentedCall({ call_id }).end({ variables: { noise: randomBytes(4_000_000).toString("base64") } }),
    );
  const body = large("incompressible");
  expect(await without({ R2: "before" }, body)).toMatchObject(parked);
  await relayUntil(ledger.url, nothingParked, RECOVERY);
  const archived = await ledger.ARCHIVE.get("transcripts/2024/07/15/incompressible.json");
  expect(digestOf((await archived?.text()) ?? "")).toBe(digestOf(body));

  const answer = await without({ D1: "before", R2: "before" }, large("too large for a message"));
  expect(answer).toMatchObject({ status: 503, body: { status: 503 } });
  expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
});
