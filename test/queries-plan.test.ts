import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { figureSql } from "../src/ledger/queries/figure.ts";
import { withParameters } from "../src/ledger/queries/parameters.ts";
import { bootLedger } from "./support/ledger.ts";

const folder = resolve(import.meta.dirname, "../src/ledger/queries");
const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));

/** Tables that grow, by the names the queries give them. */
const GROWING = /^(?:SCAN|SEARCH) (?:calls|events|delivery|sync_deliveries|tool_calls)\b/;

/** The range of calls in the order of their time, the tools of one of them, or a partial index of what is not delivered, which is short. */
const BY_INDEX =
  /^SEARCH calls USING INDEX calls_by_time \(called_at>\? AND called_at<\?\)$|^(?:SCAN|SEARCH) delivery USING (?:COVERING )?INDEX (?:undelivered|deliveries_overdue)\b|^SEARCH tool_calls USING PRIMARY KEY \(call_id=\?\)$/;

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger();
});
afterAll(() => ledger.harness.close());

/** How SQLite goes through the tables that grow. */
async function stepsOf({ DB }: typeof ledger, sql: string, values: readonly (string | null)[] = []): Promise<string[]> {
  const { results } = await DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...values)
    .all<{ detail: string }>();
  return results.map(({ detail }) => detail).filter((detail) => GROWING.test(detail));
}

const read = (name: string) => readFileSync(join(folder, name), "utf8");

describe.each(files)("%s", (name) => {
  test("finds its rows by an index, and walks through no table", async () => {
    const steps = await stepsOf(ledger, read(name));
    expect(steps).not.toEqual([]);
    for (const step of steps) expect(step).toMatch(BY_INDEX);
  });

  test.each([withParameters, figureSql])(
    "does so with its parameters bound, of one agent and of all: %o",
    async (sqlOf) => {
      const bound = sqlOf(read(name));
      for (const agent of ["agent_1", null]) {
        const values = ["2024-07-15T00:00:00.000Z", "2024-07-16T00:00:00.000Z", agent, "0 minutes"];
        for (const step of await stepsOf(ledger, bound, values)) expect(step).toMatch(BY_INDEX);
      }
    },
  );
});

test.each([
  ["undelivered", ["failed-deliveries.sql"], "SCAN delivery"],
  ["calls_by_time", ["totals.sql", "metrics.sql", "live-calls.sql"], "SCAN calls"],
])(
  "without the index %s those that go by it would walk through a table, and this would notice",
  async (index, names, step) => {
    // A ledger of its own: SQLite would remember a plan that it made while the index was there.
    const bare = await bootLedger();
    await bare.DB.prepare(`DROP INDEX ${index}`).run();
    for (const name of names) expect(new Set(await stepsOf(bare, read(name))), name).toEqual(new Set([step]));
    await bare.harness.close();
  },
);
