import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { throwDice } from "../../support/stores/dice.ts";
import { listKeys, prefixOf } from "../../support/stores/objects.ts";
import type { Around } from "../../support/stores/wrapped-stores.ts";
import { FAULT_STEP, readExportedCalls } from "./day-files.ts";
import { bootLeavingDays, idsOf, PowerCut } from "./leaving-days.ts";

let days: Awaited<ReturnType<typeof bootLeavingDays>>;
beforeAll(async () => {
  days = await bootLeavingDays();
});
afterAll(() => days.ledger.close());

const isAny = (_operation: string) => true;
const writes = new Set(["run", "batch", "put", "delete"]);
const isWrite = (operation: string) => writes.has(operation);

/** Does something at one request to a store. */
function at(nth: number, happen: <T>(perform: () => Promise<T>) => Promise<T>, isCounted = isAny) {
  let count = 0;
  const around: Around = (_store, operation, perform) =>
    isCounted(operation) && ++count === nth ? happen(perform) : perform();
  return { stores: days.storesOf(around), count: () => count };
}

/** Repeats a test, each time with a day of its own, for one request to the stores after another, until there are no more. */
async function forEachRequest(test: (day: string, nth: number) => Promise<number>): Promise<number> {
  for (let nth = 1; ; nth += FAULT_STEP) {
    if ((await test(await days.prepareDay(), nth)) < nth) return nth - 1;
  }
}

const killedAfter = async <T>(perform: () => Promise<T>): Promise<T> => {
  await perform();
  throw new PowerCut("killed");
};
const answerLost = async <T>(perform: () => Promise<T>): Promise<T> => {
  await perform();
  throw new Error("Network connection lost.");
};
const failed = async <T>(): Promise<T> => {
  throw new Error("Network connection lost.");
};

async function unlessKilled(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof PowerCut)) throw error;
  });
}

test.each([
  ["the runtime is killed after it", killedAfter],
  ["its answer is lost", answerLost],
  ["it fails", failed],
] as const)(
  "nothing is lost and nothing there twice, whichever write of letting go it is when %s",
  async (_name, happen) => {
    const requests = await forEachRequest(async (day, nth) => {
      const before = await days.statistics(day);
      const { stores, count } = at(nth, happen, isWrite);
      await unlessKilled(days.letGo(stores));
      await days.expectWhole(day);
      expect(await days.statistics(day)).toEqual(before);
      await days.letGo();
      await days.expectGone(day);
      // Exported again, the day has them still.
      await days.run(`UPDATE ledger_export_days SET changed_at = '2024' WHERE day = '${day}'`);
      await days.exportWhole(day);
      await days.expectGone(day);
      expect(await days.statistics(day)).toEqual(before);
      return count();
    });
    expect(requests).toBeGreaterThan(8);
  },
);

test("whichever write of an erasure of a call that left is the last before the runtime is killed, the next run leaves nothing of it", async () => {
  const requests = await forEachRequest(async (day, nth) => {
    const id = `${day} two`;
    await days.letGo();
    const { stores, count } = at(nth, killedAfter, isWrite);
    await unlessKilled(days.erase(id, stores));
    await days.erase(id);
    const others = idsOf(day).filter((one) => one !== id);
    await days.expectGone(day, others);
    expect(JSON.stringify(await days.rows("SELECT * FROM ledger_left_hours"))).not.toContain(id);
    expect(await listKeys(days.ledger.ARCHIVE, prefixOf(id))).toEqual([]);
    expect(await days.statistics(day)).toMatchObject({ totals: { calls: 2, ended: 2 } });
    expect(await days.rows("SELECT * FROM ledger_left_recounts")).toEqual([]);
    return count();
  });
  expect(requests).toBeGreaterThan(8);
});

/** What happens between two requests; `changed` and `erased` are ids of calls. */
const meanwhile: [name: string, happen: (day: string, changed: string, erased: string) => Promise<void>][] = [
  ["a call changes", async (_day, changed) => change(changed)],
  [
    "a call changes, its day is exported again, and another job lets it go",
    async (day, changed) => {
      await change(changed);
      await days.exportWhole(day);
      await days.letGo();
    },
  ],
  ["a call is erased", async (_day, _changed, erased) => days.erase(erased)],
];

/** As a late event does, which finds no call that has left. */
const change = (id: string) => days.run(`UPDATE calls SET summary = 'changed' WHERE call_id = '${id}'`);

test.each(meanwhile)("wherever letting go stands still while %s, that counts", async (_name, happen) => {
  const requests = await forEachRequest(async (day, nth) => {
    const [changed, erased] = [`${day} one`, `${day} two`];
    let wasInD1 = false;
    const { stores, count } = at(nth, async (perform) => {
      wasInD1 = (await days.rows(`SELECT 1 FROM calls WHERE call_id = '${changed}'`)).length > 0;
      await happen(day, changed, erased);
      return perform();
    });
    await days.letGo(stores);
    await days.exportWhole(day);
    await days.letGo();
    const isErased = (await days.rows(`SELECT 1 FROM ledger_erased_calls WHERE call_id = '${erased}'`)).length > 0;
    await days.expectGone(
      day,
      idsOf(day).filter((id) => !isErased || id !== erased),
    );
    const { call } = await days.open(changed);
    expect(call.summary, `request ${nth}`).toBe(happen === meanwhile[2]?.[1] || !wasInD1 ? null : "changed");
    return count();
  });
  expect(requests).toBeGreaterThan(8);
});

test("two jobs at once let each call go once", async () => {
  for (let seed = 0; seed < 8; seed++) {
    const day = await days.prepareDay();
    const before = await days.statistics(day);
    const dice = throwDice(seed);
    const slow: Around = async (_store, _operation, perform) => {
      if (dice.chance(0.4)) await wait(dice.chance(0.2) ? 40 : 5);
      return perform();
    };
    await Promise.allSettled([days.letGo(days.storesOf(slow)), days.letGo(days.storesOf(slow))]);
    await days.expectWhole(day);
    await days.letGo();
    await days.expectGone(day);
    expect(await days.statistics(day)).toEqual(before);
  }
});

test("an hour with more calls than one transaction takes leaves in two", async () => {
  const day = await days.prepareDay();
  await days.run(
    `INSERT INTO calls (call_id, platform, agent_id, status, started_at, ended_at, duration_seconds, metrics, updated_at, ledger_first_received_at, ledger_column_versions)
     WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2050)
     SELECT '${day} of many ' || n, 'custom', 'agent', 'ended', at, at, n / 2.0, json_object('score', n % 5), at, at, '{}'
     FROM (SELECT n, format('${day}T14:%02d:00.000Z', n % 60) AS at FROM numbers)`,
  );
  await days.exportWhole(day);
  const before = await days.statistics(day);
  await days.letGo();
  const parts = await days.rows(`SELECT DISTINCT part FROM ledger_left_hours WHERE hour = '${day}T14' ORDER BY part`);
  expect(parts).toEqual([{ part: 1 }, { part: 2 }]);
  expect(await days.rows(`SELECT call_id FROM calls WHERE call_id LIKE '${day}%'`)).toEqual([]);
  expect(await days.statistics(day)).toEqual(before);
  expect(await readExportedCalls(days.ledger.ARCHIVE, day, "calls")).toHaveLength(2050 + idsOf(day).length);
});
