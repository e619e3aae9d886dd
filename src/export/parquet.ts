import { gunzipSync, gzipSync } from "node:zlib";
import { type FileMetaData, parquetMetadata, parquetScan } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { type ColumnType, type TableName, tables } from "./tables.ts";

/** A value as a file has it: a time is its milliseconds since 1970. */
export type Value = string | number | bigint | null;

/** Rows of a table by column, in the table's order of columns. */
export type Columns = readonly (readonly Value[])[];

/** Parquet of whole rows, one row group a file. */
export function encodeRows(table: TableName, columns: Columns): ArrayBuffer {
  return parquetWriteBuffer({
    columnData: Object.entries(tables[table].columns).map(([name, type], index) => ({
      name,
      type,
      data: Array.from(columns[index] ?? []),
    })),
    codec: "GZIP",
    compressors: { GZIP: gzipSync },
    rowGroupSize: Number.MAX_SAFE_INTEGER,
    createdBy: "call-ledger",
  });
}

// The default would drop a byte order mark at the beginning of a text.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

const parsers = {
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && utf8.decode(bytes),
  timestampFromMilliseconds: (ms: bigint | undefined) => (ms === undefined ? undefined : Number(ms)),
};

const compressors = { GZIP: (compressed: Uint8Array) => gunzipSync(compressed) };

/** Reads one column of a file. A scan keeps what it read: each column has its own. */
async function readColumn(file: ArrayBuffer, metadata: FileMetaData, column: string): Promise<Value[]> {
  const scan = await parquetScan({ file, metadata, columns: [column], compressors, parsers });
  const values: Value[] = [];
  for (const range of scan.ranges) {
    const read: ArrayLike<unknown> = await scan.readColumn({ column, ...range });
    for (let index = 0; index < read.length; index++) values.push(asValue(read[index]));
  }
  return values;
}

function asValue(value: unknown): Value {
  if (value === undefined || value === null) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return value;
  throw new Error(`a Parquet file has a value of type ${typeof value}`);
}

/** Reads all rows of a file. */
export function decodeRows(table: TableName, file: ArrayBuffer): Promise<Value[][]> {
  return decodeColumns(file, Object.keys(tables[table].columns));
}

/** Reads some columns of all rows of a file. */
export async function decodeColumns(file: ArrayBuffer, names: readonly string[]): Promise<Value[][]> {
  const metadata = parquetMetadata(file);
  const columns: Value[][] = [];
  for (const name of names) columns.push(await readColumn(file, metadata, name));
  return columns;
}

/** Reads the call of each row of a file. */
export async function decodeCallIds(file: ArrayBuffer): Promise<string[]> {
  const [callIds = []] = await decodeColumns(file, ["call_id"]);
  return callIds.map(String);
}

/**
 * Compares a file with the rows that it was made of, a column at a time.
 * @throws when they differ
 */
export async function checkFile(table: TableName, file: ArrayBuffer, columns: Columns): Promise<void> {
  const metadata = parquetMetadata(file);
  for (const [index, name] of Object.keys(tables[table].columns).entries()) {
    const written = columns[index] ?? [];
    const read = await readColumn(file, metadata, name);
    if (read.length !== written.length || read.some((value, row) => value !== written[row])) {
      throw new Error(`the file of ${table} that was read back has another ${name}`);
    }
  }
}

/**
 * Converts a value of D1. A time that is none, as a person can write by hand, is null.
 * @throws when it is not of its column's type
 */
export function valueOfD1(value: unknown, type: ColumnType): Value {
  if (value === null) return null;
  if (type === "DOUBLE" && typeof value === "number") return value;
  if (type === "INT64" && typeof value === "number") return BigInt(value);
  if (typeof value !== "string") throw new TypeError(`D1 has a ${typeof value} in a column of ${type}`);
  if (type === "STRING") return value;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}
