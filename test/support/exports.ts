import { expect, vi } from "vitest";
import { type TableName, tables } from "../../src/export/tables.ts";

export { queryExports, readExports, runHourly } from "./query-files.ts";

/** Waits until no day that is over has changes, and none is being exported. */
export async function untilExported({ DB }: { DB: D1Database }): Promise<void> {
  await vi.waitFor(
    async () => {
      const open = await DB.prepare(
        "SELECT * FROM ledger_export_days WHERE (changed_at IS NOT NULL OR export_id IS NOT NULL) AND day < date('now')",
      ).all();
      expect(open.results).toEqual([]);
    },
    { timeout: 60_000, interval: 50 },
  );
}

/** A row as D1 has it, of one that DuckDB read: times as text, counts as numbers. */
export function asD1(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Date ? value.toISOString() : typeof value === "bigint" ? Number(value) : value,
    ]),
  );
}

/** Reads all rows of a table out of D1, those columns alone that are exported. */
export async function readTable({ DB }: { DB: D1Database }, table: TableName, order: string): Promise<unknown[]> {
  const columns = Object.keys(tables[table].columns).join(", ");
  return (await DB.prepare(`SELECT ${columns} FROM ${table} ORDER BY ${order}`).all()).results;
}
