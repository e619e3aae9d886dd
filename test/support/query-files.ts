import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import pMap from "p-map";
import * as z from "zod";
import { type ExportedFile, type Manifest, manifest } from "../../src/export/manifest.ts";
import { tableName } from "../../src/export/tables.ts";
import { runCron } from "./stores/relay.ts";

const TOKEN = "token-of-the-tests";

const HOURLY = "23 * * * *";

/** Runs the cron that starts exports. */
export const runHourly = (url: string, time = new Date()) => runCron(url, time, 60_000, HOURLY);

const exportsAnswer = z.object({ exports: z.array(manifest), next_cursor: z.string().nullable() });

/** Reads the manifests of all days, as the API has them. */
export async function readExports(url: string, token = TOKEN): Promise<Manifest[]> {
  const days: Manifest[] = [];
  let cursor: string | null = "";
  do {
    const path = `/api/exports?cursor=${cursor}`;
    const response = await fetch(new URL(path, url), { headers: { Authorization: `Bearer ${token}` } });
    const page = exportsAnswer.parse(await response.json());
    days.push(...page.exports);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return days;
}

/** Fetches all files through the API, and has DuckDB read them. */
export async function queryExports(url: string, sql: string): Promise<Row[]> {
  return (await queryFiles(url, sql)).rows;
}

type Row = Record<string, unknown>;

/**
 * The same, with the files.
 * @returns `seconds`: what DuckDB took
 */
export async function queryFiles(
  url: string,
  sql: string,
  token = TOKEN,
): Promise<{ rows: Row[]; seconds: number; files: ExportedFile[] }> {
  const folder = mkdtempSync(join(tmpdir(), "call-ledger-exports-"));
  try {
    const files = (await readExports(url, token)).flatMap((one) => one.files);
    const paths = await pMap(
      files,
      async ({ key, table }, index) => {
        const response = await fetch(new URL(`/api/exports/${encodeURIComponent(key)}`, url), {
          headers: { Authorization: `Bearer ${token}` },
        });
        if (!response.ok) throw new Error(`${key}: ${response.status}`);
        const path = join(folder, `${table}-${index}.parquet`);
        writeFileSync(path, await response.bytes());
        return { table, path };
      },
      { concurrency: 6 },
    );
    const connection = await (await DuckDBInstance.create()).connect();
    for (const name of tableName.options) {
      const own = paths.filter(({ table }) => table === name).map(({ path }) => `'${path}'`);
      if (own.length > 0) await connection.run(`CREATE VIEW ${name} AS FROM read_parquet([${own.join(", ")}])`);
    }
    const began = performance.now();
    const reader = await connection.runAndReadAll(sql);
    const seconds = (performance.now() - began) / 1000;
    const rows = z.array(z.record(z.string(), z.unknown())).parse(reader.getRowObjectsJS());
    connection.closeSync();
    return { rows, seconds, files };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
