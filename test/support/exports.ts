import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import { expect, vi } from "vitest";
import * as z from "zod";
import { type Manifest, manifest } from "../../src/export/manifest.ts";
import { type TableName, tables } from "../../src/export/tables.ts";
import { ask } from "./ask.ts";
import { runCron } from "./stores/relay.ts";

const HOURLY = "23 * * * *";

/** Runs the cron that starts exports. */
export const runHourly = (url: string, time = new Date()) => runCron(url, time, 60_000, HOURLY);

const exportsAnswer = z.object({ exports: z.array(manifest), next_cursor: z.string().nullable() });

/** Reads the manifests of all days, as the API has them. */
export async function readExports(url: string): Promise<Manifest[]> {
  return exportsAnswer.parse((await ask(url, "/api/exports")).body).exports;
}

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

/** Fetches the files of a table through the API, and has DuckDB read them. */
export async function queryExports(url: string, sql: string): Promise<Record<string, DuckDBValue>[]> {
  const folder = mkdtempSync(join(tmpdir(), "call-ledger-exports-"));
  try {
    const files = (await readExports(url)).flatMap((one) => one.files);
    const connection = await (await DuckDBInstance.create()).connect();
    for (const name of Object.keys(tables)) {
      const paths: string[] = [];
      for (const { table, key } of files) {
        if (table !== name) continue;
        const response = await fetch(new URL(`/api/exports/${encodeURIComponent(key)}`, url), {
          headers: { Authorization: "Bearer token-of-the-tests" },
        });
        expect(response.status).toBe(200);
        const path = join(folder, `${name}-${paths.length}.parquet`);
        writeFileSync(path, new Uint8Array(await response.arrayBuffer()));
        paths.push(`'${path}'`);
      }
      if (paths.length > 0) await connection.run(`CREATE VIEW ${name} AS FROM read_parquet([${paths.join(", ")}])`);
    }
    const reader = await connection.runAndReadAll(sql);
    const rows = reader.getRowObjectsJS();
    connection.closeSync();
    return z.array(z.record(z.string(), z.custom<DuckDBValue>())).parse(rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
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
