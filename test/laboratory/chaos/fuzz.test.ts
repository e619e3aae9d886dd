import * as fc from "fast-check";
import pMap from "p-map";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { type Received, readAgain } from "../../../src/events/received.ts";
import { decode } from "../../../src/ingest/decode.ts";
import { callRow, parseRows } from "../../../src/ledger/schema.ts";
import { everyPlatform, everySecret } from "../../support/every-platform.ts";
import "../../support/hex.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { listKeys, listObjects } from "../../support/stores/objects.ts";
import { type ArbitraryBody, anyBody } from "./arbitrary-bodies.ts";
import { type CallInTwoOrders, callInTwoOrders, ORDERED_CALLS } from "./arbitrary-calls.ts";
import { openDoor } from "./door.ts";
import { sha256Of } from "./make-call.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 500);
/** Fixed, so that a test that fails fails again; `npm run chaos` brings others. */
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
/** Bodies or calls that are sent at once: one at a time would take all day. */
const TOGETHER = 40;
const CONCURRENCY = 32;
const timeout = 30_000 + RUNS * 300;
const settings = { seed: SEED, numRuns: Math.ceil(RUNS / TOGETHER), endOnFailure: true };

async function boot() {
  const ledger = await bootOnNetwork({ env: everyPlatform });
  return { ...ledger, door: openDoor(ledger.url, everySecret, CONCURRENCY) };
}

let ledgers: Awaited<ReturnType<typeof boot>>[] = [];
beforeAll(async () => {
  console.log(`fuzz: ${RUNS} runs, again with FUZZ_RUNS=${RUNS} FUZZ_SEED=${SEED}`);
  ledgers = await Promise.all([boot(), boot()]);
});
afterAll(async () => {
  for (const { door, close } of ledgers) {
    door.close();
    await close();
  }
});

function receive({ platform, bytes }: ArbitraryBody): Received {
  const body = new Uint8Array(bytes).buffer;
  return readAgain({ platform, body, sha256: sha256Of(bytes), receivedAt: "2026-11-01T00:00:00.000Z" });
}

test("any bytes are decoded to something, and every event among them is whole", { timeout }, async () => {
  const kinds = new Map<string, number>();
  const platforms = new Set<string>();
  await fc.assert(
    fc.asyncProperty(anyBody, async (body) => {
      const received = receive(body);
      const decoded = await decode(received);
      kinds.set(decoded.kind, (kinds.get(decoded.kind) ?? 0) + 1);
      if (decoded.kind === "events") {
        platforms.add(body.platform);
        for (const { timestamp, call_id, agent_id } of decoded.events) {
          expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
          expect(call_id.length * agent_id.length).toBeGreaterThan(0);
        }
        const { id } = decoded.body;
        const isOwn =
          ["atoms", "custom"].includes(body.platform) && typeof id === "string" && id !== "" && id.isWellFormed();
        if (isOwn) expect(decoded.event_id).toBe(id);
        // Of Retell and Vapi a part of the body counts, which may be all of it.
        else if (["atoms", "elevenlabs", "custom"].includes(body.platform))
          expect(decoded.event_id).toBe(received.sha256);
        else expect(decoded.event_id).toMatch(/^[0-9a-f]{64}$/);
        expect(JSON.parse(decoded.payloadText)).toEqual(JSON.parse(JSON.stringify(decoded.payload)));
      }
      if (decoded.kind === "invalid") expect(decoded.errors).not.toEqual([]);
    }),
    { seed: SEED, numRuns: RUNS },
  );
  expect([...kinds.keys()].sort()).toEqual(["events", "ignored", "invalid", "not-an-object", "unrecognised"]);
  expect([...platforms].sort()).toEqual(["atoms", "custom", "elevenlabs", "retell", "vapi"]);
});

const figures = z.object({
  events: z.number(),
  ends: z.number(),
  calls_without_event: z.number(),
  events_without_call: z.number(),
});

test("any signed body gets an answer that is no 5xx, and an event is stored whole or not at all", {
  timeout,
}, async () => {
  const { DB, ARCHIVE, door } = ledgers[0] ?? expect.unreachable();
  const counting = DB.prepare(
    `SELECT (SELECT count(*) FROM events) AS events,
       (SELECT count(*) FROM events WHERE event = 'call.end') AS ends,
       (SELECT count(*) FROM calls WHERE call_id NOT IN (SELECT call_id FROM events)) AS calls_without_event,
       (SELECT count(*) FROM events WHERE call_id NOT IN (SELECT call_id FROM calls)) AS events_without_call`,
  );
  const count = async () => parseRows(figures, await counting.all())[0] ?? expect.unreachable();
  const answers = new Map<string, number>();
  let before = await count();
  await fc.assert(
    fc.asyncProperty(fc.array(anyBody, { minLength: TOGETHER, maxLength: TOGETHER }), async (bodies) => {
      let stored = 0;
      await pMap(
        bodies,
        async (body) => {
          const answer = await door.send(body.bytes, body.platform);
          expect(
            ["200 stored", "200 duplicate", "200 ignored", "200 quarantined", "400", "422"],
            `${body.platform}: ${new TextDecoder().decode(body.bytes)}`,
          ).toContain(answer);
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
          if (answer !== "200 stored") return;
          const decoded = await decode(receive(body));
          stored += decoded.kind === "events" ? decoded.events.length : 0;
        },
        { concurrency: CONCURRENCY },
      );
      const after = await count();
      expect(after.events - before.events).toBe(stored);
      before = after;
    }),
    settings,
  );
  expect(before).toMatchObject({ calls_without_event: 0, events_without_call: 0 });
  // The body of every end is in the archive, as the transcript of its call or superseded by another.
  expect((await listKeys(ARCHIVE, "calls/")).filter((key) => !key.includes("/overflow/")).length).toBe(before.ends);
  expect(answers.get("200 stored")).toBeGreaterThan(0);
  console.log(`fuzz: answers ${JSON.stringify(Object.fromEntries(answers))}`);
});

test("rows, transcript and objects of a call are the same for every order and repetition", { timeout }, async () => {
  let sent = 0;
  const someCalls = fc.array(callInTwoOrders, { minLength: TOGETHER, maxLength: TOGETHER });
  await fc.assert(
    fc.asyncProperty(someCalls, async (calls) => {
      const [one, other] = await Promise.all([0, 1].map((side) => sendAll(calls, side)));
      sent += calls.length;
      expect(one).toEqual(other);
    }),
    settings,
  );
  const [one, other] = await Promise.all(ledgers.map(({ ARCHIVE }) => archived(ARCHIVE)));
  expect(one).toEqual(other);
  console.log(`fuzz: ${sent} calls, each sent in two orders`);
});

/** Lists the objects of the calls that are sent in two orders. An etag is the MD5 of the bytes. */
async function archived(bucket: R2Bucket): Promise<unknown[]> {
  const objects = await listObjects(bucket, ORDERED_CALLS);
  return objects.map(({ key, etag, customMetadata }) => ({ key, etag, sha256: customMetadata?.["sha256"] }));
}

const callWithNumbers = callRow.extend({
  ledger_first_received_at: z.string(),
  ledger_caller_digits: z.string(),
});

/** Sends the calls to the ledger of one side, each in that side's order. */
async function sendAll(calls: readonly CallInTwoOrders[], side: number): Promise<unknown[]> {
  const ledger = ledgers[side] ?? expect.unreachable();
  await pMap(
    calls,
    async ({ bodies, orders }) => {
      for (const index of orders[side] ?? []) {
        const { platform, body } = bodies[index] ?? expect.unreachable();
        expect(await ledger.door.send(body, platform), body).toMatch(/^200 (stored|duplicate)$/);
      }
    },
    { concurrency: CONCURRENCY },
  );
  const result = await ledger.DB.prepare(
    `SELECT calls.*, (
       SELECT json_group_array(digits ORDER BY digits) FROM ledger_caller_numbers WHERE ledger_caller_numbers.id = calls.id
     ) AS ledger_caller_digits
     FROM calls JOIN json_each(?) AS wanted ON wanted.value = call_id ORDER BY call_id`,
  )
    .bind(JSON.stringify(calls.map(({ call_id }) => call_id)))
    .all();
  return parseRows(callWithNumbers, result).map(comparable);
}

function comparable(row: z.infer<typeof callWithNumbers>): unknown {
  const { id: _arrival, updated_at: _written, analyzed_at, ledger_first_received_at, ...rest } = row;
  return {
    ...rest,
    called_at: rest.called_at === ledger_first_received_at ? "the first receipt" : rest.called_at,
    // An analysis of Atoms was finished, as far as anyone can tell, when it came in.
    analyzed_at: analyzed_at?.startsWith("2024") ? analyzed_at : typeof analyzed_at,
  };
}
