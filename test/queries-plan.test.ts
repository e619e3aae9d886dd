import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootLedger } from "./support/ledger.ts";

const folder = resolve(import.meta.dirname, "../src/ledger/queries");
const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));

/** Tables that grow, by the names the queries give them. */
const GROWING = /^(?:SCAN|SEARCH) (?:calls|events|delivery|sync_deliveries)\b/;

/** The range of calls in the order of their time, or the partial index of what is not delivered, which is short. */
const BY_INDEX =
  /^SEARCH calls USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)|^(?:SCAN|SEARCH) delivery USING (?:COVERING )?INDEX undelivered\b/;

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger();
});
afterAll(() => ledger.harness.close());

/** How SQLite goes through the tables that grow. */
async function stepsOf({ DB }: typeof ledger, name: string): Promise<string[]> {
  const sql = `EXPLAIN QUERY PLAN ${readFileSync(join(folder, name), "utf8")}`;
  const { results } = await DB.prepare(sql).all<{ detail: string }>();
  return results.map(({ detail }) => detail).filter((detail) => GROWING.test(detail));
}

describe.each(files)("%s", (name) => {
  test("finds its rows by an index, and walks through no table", async () => {
    const steps = await stepsOf(ledger, name);
    expect(steps).not.toEqual([]);
    for (const step of steps) expect(step).toMatch(BY_INDEX);
  });
});

test("without the index those of deliveries would walk through a table, and would be found out", async () => {
  // A ledger of its own: a plan that was asked for before the indexes went would be remembered.
  const bare = await bootLedger();
  await bare.DB.prepare("DROP INDEX undelivered").run();
  for (const name of ["failed-deliveries.sql", "sync-health.sql"]) {
    expect(await stepsOf(bare, name), name).toEqual(["SCAN delivery"]);
  }
  await bare.harness.close();
});
