import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { SYNC_SECRET, startDownstream } from "../support/downstream.ts";
import { documentedCall } from "../support/events.ts";
import { bootOnNetwork } from "../support/network-ledger.ts";
import { post } from "../support/post.ts";
import type { Faults } from "./faults.ts";
import { runCron, setFaults } from "./relay.ts";

const patience = { timeout: 25_000, interval: 50 };

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
let unrecorded: number;
let delivery: D1PreparedStatement;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootOnNetwork({
    main: "test/chaos/faulty-ledger.ts",
    env: { SYNC_URL: downstream.url, SYNC_SECRET },
    onLog: (line) => {
      if (line.includes("could not record attempts")) unrecorded++;
    },
  });
  delivery = ledger.DB.prepare("SELECT state, attempts, last_error FROM sync_deliveries WHERE call_id = ?");
});
afterAll(async () => {
  await ledger.close();
  await downstream.close();
});

test.each<[string, Faults["D1"], number, object]>([
  ["arrives while D1 is full", "full", 200, { state: "delivered", attempts: 1, last_error: null }],
  ["arrives, and D1 is down from then on", "before", 200, { state: "delivered", attempts: 1, last_error: null }],
  ["is refused, and D1 is down from then on", "before", 404, { state: "failed", attempts: 1, last_error: "HTTP 404" }],
])("a delivery that %s is made once, and recorded when D1 is back", async (call_id, fault, status, recorded) => {
  unrecorded = 0;
  downstream.behave(call_id, async (response) => {
    await setFaults(ledger.url, { D1: fault });
    response.writeHead(status).end();
  });
  await post(ledger.url, documentedCall({ call_id }).analytics());
  await vi.waitFor(() => expect(unrecorded).toBeGreaterThan(0), patience);
  await setFaults(ledger.url, {});
  await vi.waitFor(async () => expect(await delivery.bind(call_id).first()).toEqual(recorded), patience);
  expect(downstream.deliveriesOf(call_id)).toHaveLength(1);
  await runCron(ledger.url, new Date(Date.now() + 10 * 60_000));
  expect(await delivery.bind(call_id).first()).toEqual(recorded);
});
