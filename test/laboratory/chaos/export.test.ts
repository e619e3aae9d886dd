import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { beginDay, readDay } from "../../../src/export/days.ts";
import { listFiles } from "../../../src/export/files.ts";
import { readManifest } from "../../../src/export/manifest.ts";
import { rewriteStep } from "../../../src/export/rewrite.ts";
import { exportStep } from "../../../src/export/step.ts";
import type { TableName } from "../../../src/export/tables.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { throwDice } from "../../support/stores/dice.ts";
import { type Around, wrapStores } from "../../support/stores/wrapped-stores.ts";
import { FAULT_STEP, readExportedCalls } from "./day-files.ts";

let ledger: Awaited<ReturnType<typeof bootOnNetwork>>;
beforeAll(async () => {
  // Of the Worker's runtime: the code of the export runs in this process here, on the stores of a real one, so that each of its
  // requests to a store can be the last one.
  Object.assign(globalThis, { scheduler: { wait } });
  ledger = await bootOnNetwork();
});
afterAll(() => ledger.close());

/** The stores, with something around each request. */
const storesOf = (around: Around) => {
  const { DB: db, ARCHIVE: bucket } = wrapStores(ledger, around);
  return { db, bucket };
};
const well: Around = (_store, _operation, perform) => perform();

let days = 0;
const nextDay = () => new Date(Date.UTC(2020, 0, ++days)).toISOString().slice(0, 10);

const run = async (...statements: string[]) => {
  await ledger.DB.batch(statements.map((sql) => ledger.DB.prepare(sql)));
};

/** A call with an event and a tool call. */
function insertCall(call_id: string, day: string): string[] {
  const time = `${day}T10:00:00.000Z`;
  return [
    `INSERT INTO calls (call_id, platform, agent_id, status, started_at, updated_at, ledger_first_received_at, ledger_column_versions)
     VALUES ('${call_id}', 'custom', 'agent', 'active', '${time}', '${time}', '${time}', '{}')`,
    `INSERT INTO events VALUES ('${call_id}', 'call.start', '1', 'agent', '${time}', '${time}', 'custom', '{}', '', '', NULL)`,
    `INSERT INTO tool_calls VALUES ('${call_id}', 1, 'tool', NULL, '${time}', 1.5)`,
  ];
}

/** The power goes: unlike an error of a store, this is not retried. */
class PowerCut extends TypeError {}

async function exportWhole(day: string, stores = storesOf(well)): Promise<void> {
  await beginDay(stores.db, day, new Date());
  let retries = 0;
  for (let isOver = false; !isOver; ) {
    try {
      isOver = await exportStep(day, stores);
    } catch (error) {
      // As the Workflow does.
      if (error instanceof PowerCut || ++retries > 3) throw error;
    }
  }
}

/**
 * A day that was exported with five calls, of which two left D1 since, one was erased after it had left, one changed and one was
 * deleted; one came late.
 * @returns its calls
 */
async function prepareDay(day: string): Promise<string[]> {
  const names = ["left-1", "left-2", "left-erased", "changed", "deleted"];
  await run(...names.flatMap((name) => insertCall(`${day} ${name}`, day)));
  await exportWhole(day);
  const left = `call_id IN ('${day} left-1', '${day} left-2', '${day} left-erased')`;
  await run(
    `INSERT INTO ledger_left_calls (call_id, day, hour) SELECT call_id, '${day}', 0 FROM calls WHERE ${left}`,
    `DELETE FROM calls WHERE ${left}`,
    `DELETE FROM ledger_left_calls WHERE call_id = '${day} left-erased'`,
    `UPDATE calls SET summary = 'changed' WHERE call_id = '${day} changed'`,
    `DELETE FROM calls WHERE call_id = '${day} deleted'`,
    ...insertCall(`${day} late`, day),
  );
  return ["changed", "late", "left-1", "left-2"].map((name) => `${day} ${name}`);
}

const readCalls = (day: string, table: TableName) => readExportedCalls(ledger.ARCHIVE, day, table);

/** Each call of a day is in the files of each table once, and nothing else lies there. */
async function expectExported(day: string, calls: readonly string[]): Promise<void> {
  for (const table of ["calls", "events", "tool_calls"] as const) expect(await readCalls(day, table)).toEqual(calls);
  const stored = await readManifest(ledger.ARCHIVE, day);
  const named = stored?.manifest.files.map(({ key }) => key).sort();
  expect((await listFiles(ledger.ARCHIVE, day)).sort()).toEqual(named);
  expect(stored?.manifest.calls).toBe(calls.length);
  expect(await readDay(ledger.DB, day)).toMatchObject({ changed_at: null, export_id: null, position: null });
}

/** Whatever happens, a reader finds every file that the manifest names. */
async function expectWhole(day: string): Promise<void> {
  const stored = await readManifest(ledger.ARCHIVE, day);
  const there = new Set(await listFiles(ledger.ARCHIVE, day));
  expect(stored?.manifest.files.filter(({ key }) => !there.has(key))).toEqual([]);
}

/** What changes something: a runtime that is killed after a request that reads, is killed after the last one that wrote. */
const writes = new Set(["run", "put", "delete"]);

/**
 * Does something at one request to a store. When writes alone are counted, looks at the manifest after each that changes R2: each of
 * the requests between would find the same.
 */
function at(nth: number, day: string, happen: <T>(perform: () => Promise<T>) => Promise<T>, isCounted = isAny) {
  let count = 0;
  const around: Around = async (store, operation, perform) => {
    try {
      return await (isCounted(operation) && ++count === nth ? happen(perform) : perform());
    } finally {
      if (isCounted === isWrite && store === "R2" && writes.has(operation)) await expectWhole(day);
    }
  };
  return { stores: storesOf(around), count: () => count };
}

const isAny = (_operation: string) => true;
const isWrite = (operation: string) => writes.has(operation);

/** Repeats a test for one request of an export to its stores after another, until there are no more. */
async function forEachRequest(
  test: (day: string, calls: string[], nth: number) => Promise<{ requests: number }>,
): Promise<number> {
  for (let nth = 1; ; nth += FAULT_STEP) {
    const day = nextDay();
    const { requests } = await test(day, await prepareDay(day), nth);
    if (requests < nth) return nth - 1;
  }
}

test("whichever write is the last before the runtime is killed, the next run ends with the same files", async () => {
  const requests = await forEachRequest(async (day, calls, nth) => {
    const { stores, count } = at(
      nth,
      day,
      async (perform) => {
        await perform();
        throw new PowerCut("killed");
      },
      isWrite,
    );
    await exportWhole(day, stores).catch((error: unknown) => {
      if (!(error instanceof PowerCut)) throw error;
    });
    await expectWhole(day);
    await exportWhole(day);
    await expectExported(day, calls);
    return { requests: count() };
  });
  expect(requests).toBeGreaterThan(12);
});

test("whichever write's answer is lost, the files are the same", async () => {
  await forEachRequest(async (day, calls, nth) => {
    const { stores, count } = at(
      nth,
      day,
      async (perform) => {
        await perform();
        throw new Error("Network connection lost.");
      },
      isWrite,
    );
    await exportWhole(day, stores);
    await expectExported(day, calls);
    return { requests: count() };
  });
});

test("wherever an export stands still while a call is erased, it brings nothing of the call back", async () => {
  await forEachRequest(async (day, calls, nth) => {
    const { stores, count } = at(nth, day, async (perform) => {
      await run(`DELETE FROM calls WHERE call_id = '${day} changed'`);
      let position = await rewriteStep(undefined, storesOf(well));
      while (position !== undefined) position = await rewriteStep(position, storesOf(well));
      expect(await readCalls(day, "calls")).not.toContain(`${day} changed`);
      return perform();
    });
    await exportWhole(day, stores);
    if (count() < nth) await expectExported(day, calls);
    else
      await expectExported(
        day,
        calls.filter((call) => !call.endsWith(" changed")),
      );
    return { requests: count() };
  });
});

test("however the requests of several runs of one day fall, its files are right", async () => {
  for (let seed = 0; seed < 8; seed++) {
    const day = nextDay();
    const calls = await prepareDay(day);
    const dice = throwDice(seed);
    const slow: Around = async (store, operation, perform) => {
      if (dice.chance(0.3)) await wait(dice.chance(0.2) ? 60 : 5);
      const result = await perform();
      if (store === "R2" && writes.has(operation)) await expectWhole(day);
      return result;
    };
    const erase = async () => {
      await wait(dice.chance(0.5) ? 30 : 90);
      await run(`DELETE FROM calls WHERE call_id = '${day} changed'`);
      let position = await rewriteStep(undefined, storesOf(slow));
      while (position !== undefined) position = await rewriteStep(position, storesOf(slow));
      expect(await readCalls(day, "calls")).not.toContain(`${day} changed`);
    };
    await Promise.all([exportWhole(day, storesOf(slow)), exportWhole(day, storesOf(slow)), erase()]);
    await exportWhole(day);
    await expectExported(
      day,
      calls.filter((call) => !call.endsWith(" changed")),
    );
  }
});
