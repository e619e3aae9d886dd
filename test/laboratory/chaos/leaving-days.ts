import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import { performStep as eraseStep, nothingErased } from "../../../src/erasure/steps.ts";
import { beginDay } from "../../../src/export/days.ts";
import { exportStep } from "../../../src/export/step.ts";
import { insertJob, type JobRow, readJob } from "../../../src/ledger/jobs.ts";
import { nothingLeft, performStep } from "../../../src/letting-go/step.ts";
import { ask } from "../../support/ask.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { type Around, wrapStores } from "../../support/stores/wrapped-stores.ts";
import { readExportedCalls } from "./day-files.ts";

/** The power goes: unlike an error of a store, this is not retried. */
export class PowerCut extends TypeError {}

const TOMORROW = "2021-01-01";
const moments = { one: "10:00", two: "10:20", three: "11:30" };

/**
 * Boots a ledger whose days are exported and leave. The code of its jobs runs in this process, on the stores of a real runtime, so that
 * each of its requests to a store can be the last one.
 */
export async function bootLeavingDays() {
  Object.assign(globalThis, { scheduler: { wait } });
  Object.assign(Uint8Array.prototype, {
    toHex(this: Uint8Array) {
      return Buffer.from(this).toString("hex");
    },
  });
  const ledger = await bootOnNetwork();
  const storesOf = (around: Around) => {
    const { DB: db, ARCHIVE: bucket } = wrapStores(ledger, around);
    return { db, bucket };
  };
  const well = { db: ledger.DB, bucket: ledger.ARCHIVE };

  const run = async (...statements: string[]) => {
    await ledger.DB.batch(statements.map((sql) => ledger.DB.prepare(sql)));
  };
  const rows = async (sql: string) => (await ledger.DB.prepare(sql).all<Record<string, unknown>>()).results;

  async function exportWhole(day: string): Promise<void> {
    await beginDay(ledger.DB, day, new Date());
    while (!(await exportStep(day, well)));
  }

  let days = 0;
  let jobs = 0;

  /** A day of which everything is exported. */
  async function prepareDay(): Promise<string> {
    const day = new Date(Date.UTC(2020, 0, ++days)).toISOString().slice(0, 10);
    const calls = Object.entries(moments).flatMap(([name, time], nth) =>
      insertCall(`${day} ${name}`, `${day}T${time}:00.000Z`, 0.1 + nth / 3),
    );
    await run(...calls);
    await exportWhole(day);
    return day;
  }

  /** Performs the steps of a new job, each again a few times when a store fails, as the Workflow does. */
  async function perform(
    job: Pick<JobRow, "kind"> & { subject: object; output: object },
    step: (row: JobRow) => Promise<boolean>,
  ): Promise<void> {
    const id = `job ${++jobs}`;
    const { kind, subject, output } = job;
    const row = { id, kind, subject: JSON.stringify(subject), output: JSON.stringify(output), position: null };
    await insertJob(ledger.DB, row, new Date(), new Date());
    let retries = 0;
    for (let isOver = false; !isOver; ) {
      const at = await readJob(ledger.DB, id);
      if (at === undefined) return;
      try {
        isOver = await step(at);
      } catch (error) {
        if (error instanceof PowerCut || ++retries > 5) throw error;
      }
    }
  }

  const letGo = (stores = well) =>
    perform(
      { kind: "letting-go", subject: { before: TOMORROW }, output: nothingLeft },
      async (job) => (await performStep(job, 0, stores)) === undefined,
    );

  const erase = (call_id: string, stores = well) =>
    perform({ kind: "erasure", subject: { call_id }, output: nothingErased }, (job) => eraseStep(job, 0, stores));

  const open = async (id: string) => Object((await ask(ledger.url, `/api/calls/${encodeURIComponent(id)}`)).body);

  async function statistics(day: string): Promise<unknown> {
    const path = `/api/stats?from=${day}&to=${day}&time_zone=Asia%2FKolkata`;
    const { database_bytes, live, sync, ...rest } = Object((await ask(ledger.url, path)).body);
    return rest;
  }

  /** Each call is in D1 or has left, never both; is read either way; and the files have it once. */
  async function expectWhole(day: string, ids = idsOf(day)): Promise<void> {
    const inD1 = await rows(`SELECT call_id FROM calls WHERE call_id LIKE '${day}%'`);
    const left = await rows(`SELECT call_id FROM ledger_left_calls WHERE day = '${day}'`);
    expect([...inD1, ...left].map(({ call_id }) => call_id).sort()).toEqual(ids.toSorted());
    for (const table of ["calls", "events", "tool_calls"] as const) {
      expect(await readExportedCalls(ledger.ARCHIVE, day, table), table).toEqual(ids.toSorted());
    }
    for (const id of ids) {
      expect(await open(id), id).toMatchObject({
        call: { call_id: id, disposition: `said by ${id}` },
        events: [{}],
        tool_calls: [{}],
        deliveries: [{ state: "delivered" }],
      });
    }
    const [{ found, calls } = {}] = await rows(
      `SELECT (SELECT count(*) FROM ledger_caller_numbers) + (SELECT count(*) FROM ledger_left_numbers) AS found,
         (SELECT count(*) FROM calls) + (SELECT count(*) FROM ledger_left_calls) AS calls`,
    );
    expect(found).toBe(calls);
  }

  /** All calls of a day have left, and nothing of them is to be exported again. */
  async function expectGone(day: string, ids = idsOf(day)): Promise<void> {
    await expectWhole(day, ids);
    for (const table of ["calls", "events", "tool_calls", "sync_deliveries"]) {
      expect(await rows(`SELECT * FROM ${table} WHERE call_id LIKE '${day}%'`), table).toEqual([]);
    }
    expect(await rows(`SELECT changed_at, export_id, leaving FROM ledger_export_days WHERE day = '${day}'`)).toEqual([
      { changed_at: null, export_id: null, leaving: null },
    ]);
  }

  return {
    ledger,
    ...{ storesOf, run, rows, prepareDay, exportWhole, letGo, erase, open, statistics, expectWhole, expectGone },
  };
}

export const idsOf = (day: string) => Object.keys(moments).map((name) => `${day} ${name}`);

function insertCall(call_id: string, time: string, duration: number): string[] {
  return [
    `INSERT INTO calls (call_id, platform, agent_id, status, started_at, ended_at, duration_seconds, disposition, metrics, updated_at,
       ledger_first_received_at, ledger_column_versions)
     VALUES ('${call_id}', 'custom', 'agent', 'ended', '${time}', '${time}', ${duration}, 'said by ${call_id}', '{"score":${duration}}', '${time}', '${time}', '{}')`,
    `INSERT INTO events VALUES ('${call_id}', 'call.end', '1', 'agent', '${time}', '${time}', 'custom', '{}', 'sha', 'run', NULL)`,
    `INSERT INTO tool_calls VALUES ('${call_id}', 1, 'tool', NULL, '${time}', 1.5)`,
    `INSERT INTO sync_deliveries VALUES ('${call_id}', 'call.end', '1', 'webhook', 'delivered', '${time}', 1, NULL, NULL, '${time}', NULL, 0)`,
    `INSERT INTO ledger_caller_numbers SELECT '1555014${call_id.slice(5, 10).replace("-", "")}', id FROM calls WHERE call_id = '${call_id}'`,
  ];
}
