import * as z from "zod";
import { readFile } from "../export/files.ts";
import { readManifest } from "../export/manifest.ts";
import { decodeColumns, type Value } from "../export/parquet.ts";
import type { TableName } from "../export/tables.ts";
import { parseRows } from "../ledger/schema.ts";
import { askStore, LONG_QUERY_TIMEOUT_MS } from "../stores/ask.ts";
import { batchesOf } from "../stores/batches.ts";
import { cutsOfHour, insertTotalsSql, spanOf } from "./batch.ts";

const recountRow = z.object({ day: z.string(), hour: z.number(), erased: z.number() });
type Recount = z.infer<typeof recountRow>;

interface Stores {
  db: D1Database;
  bucket: R2Bucket;
}

/**
 * Counts an hour again of which calls were erased that had left D1, by the rows of the others in the files of their day: nothing of an
 * erased call stays in the totals. Safe to repeat.
 * @returns whether there was an hour to count; one that changed meanwhile is counted next time
 */
export async function recountHour({ db, bucket }: Stores): Promise<boolean> {
  const query = db.prepare("SELECT day, hour, erased FROM ledger_left_recounts ORDER BY day, hour LIMIT 1");
  const [recount] = parseRows(recountRow, await askStore("D1", () => query.all()));
  if (recount === undefined) return false;
  // After the count of what is erased: what is erased from here on makes it another.
  const callIds = await readLeft(db, recount);
  await replaceTotals(db, recount, callIds.size === 0 ? [] : await readFacts(bucket, recount.day, callIds));
  return true;
}

const leftRow = z.object({ call_id: z.string() });

async function readLeft(db: D1Database, { day, hour }: Recount): Promise<ReadonlySet<string>> {
  const query = db.prepare("SELECT call_id FROM ledger_left_calls WHERE day = ?1 AND hour = ?2").bind(day, hour);
  return new Set(parseRows(leftRow, await askStore("D1", () => query.all())).map(({ call_id }) => call_id));
}

const callColumns = [
  ...["called_at", "agent_id", "ended_at", "analyzed_at", "duration_seconds"],
  ...["cost_usd", "latency_ms", "disposition", "metrics"],
] as const;
const toolColumns = ["name", "status", "duration_ms"] as const;

/** What totals count of a call: {@link callColumns}, and `tools`. */
type Fact = Readonly<Record<string, unknown>>;

/**
 * Reads what totals count of calls, out of the files of their day.
 * @throws when the files do not have one of them
 */
async function readFacts(bucket: R2Bucket, day: string, callIds: ReadonlySet<string>): Promise<Fact[]> {
  const files = (await readManifest(bucket, day))?.manifest.files ?? [];
  const rowsOf = async (name: TableName, columns: readonly string[]) => {
    const rows: Fact[] = [];
    for (const { table, key } of files) {
      if (table === name) rows.push(...(await readRows(await readFile(bucket, key), columns, callIds)));
    }
    return rows;
  };
  const tools = Map.groupBy(await rowsOf("tool_calls", toolColumns), ({ call_id }) => call_id);
  const calls = await rowsOf("calls", callColumns);
  if (calls.length !== callIds.size) throw new Error("the files of a day do not have every call that left D1");
  return calls.map((call) => ({ ...call, tools: tools.get(call["call_id"]) ?? [] }));
}

/** Reads some columns of the rows of calls. */
async function readRows(file: ArrayBuffer, names: readonly string[], callIds: ReadonlySet<string>): Promise<Fact[]> {
  const [ids = []] = await decodeColumns(file, ["call_id"]);
  const isOf = (id: Value) => callIds.has(String(id));
  if (!ids.some(isOf)) return [];
  const columns = await decodeColumns(file, names);
  return ids.flatMap((call_id, row) => {
    if (!isOf(call_id)) return [];
    const values = names.map((name, index) => [name, asInD1(name, columns[index]?.[row] ?? null)]);
    return [{ call_id, ...Object.fromEntries(values) }];
  });
}

/** A time of a file is its milliseconds. */
function asInD1(column: string, value: Value): Value {
  return column.endsWith("_at") && typeof value === "number" ? new Date(value).toISOString() : value;
}

/** Characters of the facts of one statement: D1 takes 2,000,000 bytes a parameter, and a character three at the most. */
const MAX_CHARACTERS = 600_000;

const factsSql = `(SELECT ${["call_id", ...callColumns].map((column) => `value ->> '${column}' AS ${column}`).join(", ")} FROM json_each(?7))`;
const toolFactsSql = `(
  SELECT fact.value ->> 'call_id' AS call_id, ${toolColumns.map((column) => `tool.value ->> '${column}' AS ${column}`).join(", ")}
  FROM json_each(?7) AS fact CROSS JOIN json_each(fact.value, '$.tools') AS tool)`;

/** Puts totals of an hour in place of those it has, in one transaction, unless another call of it was erased since. */
async function replaceTotals(db: D1Database, { day, hour, erased }: Recount, facts: readonly Fact[]): Promise<void> {
  const name = `${day}T${String(hour).padStart(2, "0")}`;
  const isSame = "EXISTS (SELECT 1 FROM ledger_left_recounts WHERE day = ?1 AND hour = ?2 AND erased = ?3)";
  const parts = batchesOf(facts, { maxItems: 2_000, maxWeight: MAX_CHARACTERS }, (fact) => JSON.stringify(fact).length);
  const same = [day, hour, erased] as const;
  await askStore(
    "D1",
    () =>
      db.batch([
        db.prepare(`DELETE FROM ledger_left_hours WHERE hour = ?4 AND ${isSame}`).bind(...same, name),
        ...parts.flatMap((some, nth) =>
          cutsOfHour.map((cut) =>
            db
              .prepare(
                `${insertTotalsSql(factsSql, toolFactsSql)}
                 WHERE EXISTS (SELECT 1 FROM ledger_left_recounts WHERE day = ?8 AND hour = ?9 AND erased = ?10)`,
              )
              .bind(...spanOf(name, cut), cut.minute, nth + 1, JSON.stringify(some), ...same),
          ),
        ),
        db.prepare("DELETE FROM ledger_left_recounts WHERE day = ?1 AND hour = ?2 AND erased = ?3").bind(...same),
      ]),
    { timeoutMs: LONG_QUERY_TIMEOUT_MS },
  );
}
