import { randomInt } from "node:crypto";
import * as fc from "fast-check";
import pMap from "p-map";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CallRow } from "../../src/ledger/calls.ts";
import { decode } from "../../src/platforms/decode.ts";
import { SECRET } from "../support/ledger.ts";
import { bootOnNetwork } from "../support/network-ledger.ts";
import { anyBody } from "./arbitrary-bodies.ts";
import { type TwiceTold, twiceTold } from "./arbitrary-calls.ts";
import { openDoor } from "./door.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 500);
const LARGEST_SEED = 2 ** 31;
const SEED = Number(process.env["FUZZ_SEED"] ?? randomInt(LARGEST_SEED));
/** Bodies or calls that are sent at once: one at a time would take all day. */
const TOGETHER = 40;
const CONCURRENCY = 32;
const timeout = 30_000 + RUNS * 300;
const settings = { seed: SEED, numRuns: Math.ceil(RUNS / TOGETHER), endOnFailure: true };

async function boot() {
  const ledger = await bootOnNetwork();
  return { ...ledger, door: openDoor(ledger.url, SECRET, CONCURRENCY) };
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

test("any bytes are decoded to something, and what is an event is whole", { timeout }, () => {
  const receivedAt = "2026-11-01T00:00:00.000Z";
  const kinds = new Map<string, number>();
  fc.assert(
    fc.property(anyBody, (body) => {
      const decoded = decode(new Uint8Array(body).buffer, receivedAt);
      kinds.set(decoded.kind, (kinds.get(decoded.kind) ?? 0) + 1);
      if (decoded.kind === "event") {
        expect(decoded.event.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(decoded.event.call_id.length * decoded.event.agent_id.length).toBeGreaterThan(0);
        expect(JSON.parse(decoded.payload)).toEqual(JSON.parse(JSON.stringify(decoded.withoutTranscript)));
      }
      if (decoded.kind === "misfit") expect(decoded.errors).not.toEqual([]);
    }),
    { seed: SEED, numRuns: RUNS },
  );
  expect([...kinds.keys()].sort()).toEqual(["event", "misfit", "not-an-object", "unrecognised"]);
});

test("any signed body gets an answer that is no 5xx, and an event is stored whole or not at all", {
  timeout,
}, async () => {
  const ledger = ledgers[0] ?? expect.unreachable();
  const counting = ledger.DB.prepare("SELECT count(*) AS events FROM events");
  const count = async () => (await counting.all<{ events: number }>()).results[0]?.events ?? 0;
  const answers = new Map<string, number>();
  let before = await count();
  await fc.assert(
    fc.asyncProperty(fc.array(anyBody, { minLength: TOGETHER, maxLength: TOGETHER }), async (bodies) => {
      let stored = 0;
      await pMap(
        bodies,
        async (body) => {
          const answer = await ledger.door.send(body);
          expect(
            ["200 stored", "200 duplicate", "202 unrecognised", "400", "422"],
            new TextDecoder().decode(body),
          ).toContain(answer);
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
          if (answer === "200 stored") stored++;
        },
        { concurrency: CONCURRENCY },
      );
      const after = await count();
      expect(after - before).toBe(stored);
      before = after;
    }),
    settings,
  );
  const partial = await ledger.DB.prepare(
    `SELECT (SELECT count(*) FROM calls WHERE call_id NOT IN (SELECT call_id FROM events)) AS withoutEvent,
       (SELECT count(*) FROM events WHERE call_id NOT IN (SELECT call_id FROM calls)) AS withoutCall`,
  ).first();
  expect(partial).toEqual({ withoutEvent: 0, withoutCall: 0 });
  expect(answers.get("200 stored")).toBeGreaterThan(0);
  console.log(`fuzz: answers ${JSON.stringify(Object.fromEntries(answers))}`);
});

test("the row and the transcript of a call are the same for every order and repetition", { timeout }, async () => {
  let told = 0;
  const telling = fc.array(twiceTold, { minLength: TOGETHER, maxLength: TOGETHER });
  await fc.assert(
    fc.asyncProperty(telling, async (calls) => {
      const [one, other] = await Promise.all([0, 1].map((side) => tellAll(calls, side)));
      told += calls.length;
      expect(one).toEqual(other);
    }),
    settings,
  );
  console.log(`fuzz: ${told} calls, each told in two orders`);
});

/** Tells the calls to the ledger of one side, each in that side's order. */
async function tellAll(calls: readonly TwiceTold[], side: number): Promise<unknown[]> {
  const ledger = ledgers[side] ?? expect.unreachable();
  await pMap(
    calls,
    async ({ bodies, orders }) => {
      for (const index of orders[side] ?? []) {
        expect(await ledger.door.send(bodies[index] ?? ""), bodies[index]).toMatch(/^200 /);
      }
    },
    { concurrency: CONCURRENCY },
  );
  const ids = JSON.stringify(calls.map(({ call_id }) => call_id));
  const { results } = await ledger.DB.prepare(
    "SELECT calls.* FROM calls JOIN json_each(?) AS wanted ON wanted.value = call_id ORDER BY call_id",
  )
    .bind(ids)
    .all<CallRow>();
  return Promise.all(results.map((row) => withTranscript(ledger, row)));
}

async function withTranscript(ledger: Awaited<ReturnType<typeof boot>>, row: CallRow): Promise<unknown> {
  const { updated_at: _written, analyzed_at, ...rest } = row;
  for (const column of ["first_received_at", "called_at", "time_order", "sources"])
    Reflect.deleteProperty(rest, column);
  const transcript = row.transcript_key && (await (await ledger.ARCHIVE.get(row.transcript_key))?.text());
  // An analysis of the platform was finished, as far as anyone can tell, when it came in.
  return { ...rest, analyzed_at: analyzed_at?.startsWith("2024") ? analyzed_at : typeof analyzed_at, transcript };
}
