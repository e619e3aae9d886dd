import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { Table } from "console-table-printer";
import { type ColumnType, type TableName, tableName, tables } from "../export/tables.ts";

const duckdbTypes: Record<ColumnType, string> = {
  STRING: "VARCHAR",
  INT64: "BIGINT",
  DOUBLE: "DOUBLE",
  TIMESTAMP: "TIMESTAMP",
};

/** Opens DuckDB with a view of each table over the files of a folder. */
export async function openDatabase(folder: string): Promise<DuckDBConnection> {
  // It takes a while, and 70 MB: not for the help.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run("SET autoinstall_known_extensions = false");
  for (const table of tableName.options) await connection.run(viewSql(table, folder));
  return connection;
}

function viewSql(table: TableName, folder: string): string {
  const path = join(folder, "export", table);
  if (existsSync(path)) {
    const files = `${path}/*/*.parquet`.replaceAll("'", "''");
    return `CREATE VIEW ${table} AS FROM read_parquet('${files}', hive_partitioning = false)`;
  }
  const none = Object.entries(tables[table].columns).map(([name, type]) => `NULL::${duckdbTypes[type]} AS ${name}`);
  return `CREATE VIEW ${table} AS SELECT ${none.join(", ")} WHERE false`;
}

/** Rows that a table on the terminal shows. */
const MAX_ROWS = 1_000;

const MAX_CELL_CHARACTERS = 60;

/** Runs statements and prints the rows of the last: a table for people, or a JSON line each for programs. */
export async function printQuery(connection: DuckDBConnection, sql: string, isJson: boolean): Promise<void> {
  const reader = await connection.runAndReadAll(sql);
  if (isJson) {
    for (const row of reader.getRowObjectsJS()) console.log(JSON.stringify(row, jsonValue));
    return;
  }
  const names = reader.deduplicatedColumnNames();
  const rows = reader.getRowObjectsJson();
  const columns = names.map((name) => ({ name, alignment: "left" as const }));
  const cells = rows
    .slice(0, MAX_ROWS)
    .map((row) => Object.fromEntries(names.map((name) => [name, cellOf(row[name])])));
  if (cells.length === 0) console.error("no rows");
  else console.log(new Table({ columns, rows: cells, shouldDisableColors: true }).render());
  if (rows.length > MAX_ROWS) console.error(`These are ${MAX_ROWS} of ${rows.length} rows: --json shows all.`);
}

/** JSON has no whole numbers beyond 2^53. */
function jsonValue(_name: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** Formats a value without control characters, by which a sender could steer the terminal, and cuts it. */
function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  const text = (typeof value === "string" ? value : JSON.stringify(value)).replaceAll(/[\p{C}\p{Z}]+/gu, " ");
  return text.length <= MAX_CELL_CHARACTERS ? text : `${text.slice(0, MAX_CELL_CHARACTERS - 1).toWellFormed()}…`;
}
