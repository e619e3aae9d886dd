import { connect } from "node:net";
import pMap from "p-map";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { documentedCall } from "../../support/events.ts";
import { SECRET } from "../../support/ledger.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { signedHeaders } from "../../support/sign.ts";
import { FAULTS_HEADER, type Faults, TOOK_HEADER } from "../../support/stores/faults.ts";
import { BEGUN_HEADER, BEGUN_PATH } from "../../support/stores/faulty.ts";

const SENDERS = 20;

let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
beforeAll(async () => {
  ledger = await bootOnNetwork({ main: "test/support/stores/faulty-ledger.ts" });
});
afterAll(() => ledger.close());

/** Sends a body whole, and resets the connection while the Worker is at work on it. */
async function sendAndHangUp(name: string, body: string, faults: Faults): Promise<void> {
  const { hostname, port, host } = new URL(ledger.url);
  const headers = {
    Host: host,
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body)),
    ...signedHeaders(body, SECRET),
    [FAULTS_HEADER]: JSON.stringify(faults),
    [BEGUN_HEADER]: encodeURIComponent(name),
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect({ host: hostname, port: Number(port) });
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.on("close", () => resolve());
  socket.on("error", () => resolve());
  socket.write(`POST /webhooks/atoms HTTP/1.1\r\n${head.join("")}\r\n${body}`);
  await vi.waitFor(
    async () => {
      const begun: unknown = await (await fetch(new URL(BEGUN_PATH, ledger.url))).json();
      expect(begun).toContain(encodeURIComponent(name));
    },
    { timeout: 100_000, interval: 2 },
  );
  socket.resetAndDestroy();
  await closed;
}

const stored = async (call_ids: readonly string[]): Promise<number> => {
  const { results } = await ledger.DB.prepare(
    "SELECT count(*) AS n FROM events WHERE call_id IN (SELECT value FROM json_each(?))",
  )
    .bind(JSON.stringify(call_ids))
    .all<{ n: number }>();
  return results[0]?.n ?? 0;
};
const parked = async () => (await ledger.ARCHIVE.list({ prefix: "parked/" })).objects.length;

test.each<[string, Faults]>([
  ["with healthy stores", {}],
  ["while D1 fails one try", { D1: "every-second" }],
  ["while D1 is down", { D1: "before" }],
  ["while R2 is down", { R2: "before" }],
])("a sender that hangs up %s loses none of its events", async (label, faults) => {
  const call_ids = Array.from({ length: SENDERS }, (_, index) => `hung up ${label} ${index}`);
  const before = await parked();
  await pMap(call_ids, (call_id) => sendAndHangUp(call_id, JSON.stringify(documentedCall({ call_id }).end()), faults), {
    concurrency: 5,
  });
  await vi.waitFor(async () => expect((await stored(call_ids)) + (await parked()) - before).toBe(SENDERS), {
    timeout: 100_000,
    interval: 100,
  });
});

test.concurrent.each<[string, Faults, number]>([
  ["D1", { D1: "hang" }, 200],
  ["R2", { R2: "hang" }, 200],
  ["D1 and R2", { D1: "hang", R2: "hang" }, 200],
  ["everything", { D1: "hang", R2: "hang", queue: "hang" }, 503],
])("an answer is out within eight seconds, though %s hangs", async (label, faults, status) => {
  const body = JSON.stringify(documentedCall({ call_id: `patient ${label}` }).end());
  const headers = { ...signedHeaders(body, SECRET), [FAULTS_HEADER]: JSON.stringify(faults) };
  const answer = await fetch(new URL("/webhooks/atoms", ledger.url), { method: "POST", body, headers });
  expect(answer.status, await answer.text()).toBe(status);
  expect(Number(answer.headers.get(TOOK_HEADER))).toBeLessThan(8_000);
});
