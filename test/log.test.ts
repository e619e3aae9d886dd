import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "smol-toml";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ask } from "./support/ask.ts";
import { documentedCall } from "./support/events.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { post } from "./support/post.ts";
import { faultyHeaders } from "./support/stores/faults.ts";

const PHONE = "+15550142077";

let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
let lines: string[] = [];
beforeAll(async () => {
  ledger = await bootOnNetwork({ main: "test/support/stores/faulty-ledger.ts", onLog: (line) => lines.push(line) });
});
afterAll(() => ledger.close());
beforeEach(() => {
  lines = [];
});

/** The entries of the log with a member of this value. */
const entriesOf = (name: string, value: string) =>
  lines.flatMap((line) => (line.startsWith("{") ? JSON.parse(line) : [])).filter((entry) => entry[name] === value);

test("an event that this code trips over is logged with its id and the stack, and is in quarantine", async () => {
  await ledger.DB.prepare(
    "CREATE TRIGGER refuse BEFORE INSERT ON calls BEGIN SELECT raise(ABORT, 'no such luck'); END",
  ).run();
  const { body } = await post(ledger.url, documentedCall({ call_id: "tripped" }).start({ caller_phone: PHONE }));
  await ledger.DB.prepare("DROP TRIGGER refuse").run();
  expect(body).toMatchObject({ status: "quarantined", reason: "faulty" });
  expect(entriesOf("message", "a plan could not be carried out")).toMatchObject([
    { error: expect.stringContaining("no such luck"), stack: expect.stringMatching(/\n\s+at /) },
  ]);
  expect(entriesOf("message", "event")).toMatchObject([{ result: "quarantined", event_id: Object(body).event_id }]);
});

test("a request that fails unexpectedly is logged with its path and the stack, and its answer says nothing of it", async () => {
  await ledger.DB.prepare("ALTER TABLE sync_deliveries RENAME TO elsewhere").run();
  const { status, body } = await ask(ledger.url, `/api/deliveries?call_id=${encodeURIComponent(PHONE)}`);
  await ledger.DB.prepare("ALTER TABLE elsewhere RENAME TO sync_deliveries").run();
  expect(status).toBe(500);
  expect(JSON.stringify(body)).not.toContain("sync_deliveries");
  expect(entriesOf("message", "a request failed")).toMatchObject([
    {
      path: "/api/deliveries",
      error: expect.stringContaining("sync_deliveries"),
      stack: expect.stringMatching(/\n\s+at /),
    },
  ]);
});

test("no number and no word of a call stands in the log, nor in what Cloudflare logs of an address", async () => {
  const call = documentedCall({ call_id: "private" });
  await post(ledger.url, call.start({ caller_phone: PHONE }));
  const transcript = [{ role: "user", content: "My word is heliotrope.", timestamp: "..." }];
  await post(ledger.url, call.end({ transcript, variables: { secret: "variable-of-mine" } }));
  for (const q of [PHONE, "heliotrope"]) await ask(ledger.url, `/api/calls?q=${encodeURIComponent(q)}`);
  await ask(ledger.url, "/api/erasures", { method: "POST", body: JSON.stringify({ caller_phone: PHONE }) });
  expect(entriesOf("message", "event")).toHaveLength(2);
  expect(lines.join("\n")).not.toMatch(/5550142077|heliotrope|variable-of-mine/);
  const config = parse(readFileSync(resolve(import.meta.dirname, "../wrangler.toml"), "utf8"));
  expect(config).toMatchObject({ observability: { redact_query_string: true } });
});

test("a 503 does not promise that nothing was kept, for a store may have taken the event: sent again, it is there once", async () => {
  const event = documentedCall({ call_id: "perhaps" }).start();
  const headers = faultyHeaders({ D1: "after", R2: "before", queue: "before" });
  const refused = await post(ledger.url, event, headers);
  expect(refused).toMatchObject({ status: 503, body: { detail: expect.stringContaining("send it again") } });
  expect(JSON.stringify(refused.body)).not.toContain("Nothing was kept");
  expect(refused.headers.get("Retry-After")).toMatch(/^\d+$/);
  expect(await post(ledger.url, event)).toMatchObject({ status: 200, body: { status: "duplicate" } });
  const rows = await ledger.DB.prepare("SELECT count(*) AS events FROM events WHERE call_id = 'perhaps'").first();
  expect(rows).toEqual({ events: 1 });
});
