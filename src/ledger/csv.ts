import Papa from "papaparse";
import { isJsonObject } from "../events/fields.ts";
import { invalidRequest } from "../http/input.ts";
import { listCalls, readMetricNames } from "./calls.ts";
import { type CallRow, callRow, type LedgerReader } from "./schema.ts";
import { type CallSearch, readMeant } from "./search.ts";

/** With pages of this size, a million calls of 1.5 KB take 182 of the 1,000 D1 queries of an invocation; a page with a filter takes two. */
const ROWS_A_READ = 10_000;

/**
 * The beginning of a formula (owasp.org/www-community/attacks/CSV_Injection), full-width or behind characters that nobody sees.
 * A sign before nothing but a number, as in +15551234567, is harmless and stays useful as it is.
 */
const FORMULA = /^[\p{Cf}\p{Z}]*(?:[=@＝＠]|[+\-＋－](?!\d+(?:\.\d+)?$))/u;

/** Characters at which a spreadsheet may begin another cell, even in quotes: some expect semicolons between cells, or tabs. */
const CELL_BOUNDARY = /([;\t\r\n])/;

/** Without it, Excel does not read a file as UTF-8. */
const BYTE_ORDER_MARK = "\ufeff";

const columns = callRow.keyof().options;

/**
 * Streams all calls of a filter as a CSV download (RFC 4180), newest first, page by page. Metrics have a column each, by their names
 * in the newest calls (`readMetricNames`); the column `metrics` has all of them. A failure breaks the download off, so that nobody
 * takes a part for the whole.
 */
export async function callsAsCsv(
  db: LedgerReader,
  filter: CallSearch["filter"],
  searchTranscripts: boolean,
): Promise<Response> {
  const meant = await readMeant(db, filter, searchTranscripts);
  if (meant.kind === "refused") return invalidRequest([meant.error]);
  const read = (after?: CallSearch["after"]) =>
    listCalls(db, callRow, meant.among, meant.filter, { limit: ROWS_A_READ, after });
  const [metrics, first] = [await readMetricNames(db, meant.among, meant.filter), await read()];
  const heads = [...columns, ...metrics.map((metric) => withoutFormulas(`metric:${metric}`))];
  const linesOf = ({ rows }: typeof first) => csv(rows.map((call) => [...cells(call), ...metricCells(call, metrics)]));
  let next = first.next;
  const encoder = new TextEncoder();
  const lines = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(BYTE_ORDER_MARK + csv([heads])));
      if (first.rows.length > 0) controller.enqueue(encoder.encode(linesOf(first)));
    },
    async pull(controller) {
      while (next !== undefined) {
        const page = await read(next);
        next = page.next;
        // A stream pulls again only after something was enqueued, and a page may have no rows.
        if (page.rows.length === 0) continue;
        controller.enqueue(encoder.encode(linesOf(page)));
        return;
      }
      controller.close();
    },
  });
  return new Response(lines, {
    headers: {
      "Content-Type": "text/csv; charset=utf-8; header=present",
      "Content-Disposition": 'attachment; filename="calls.csv"',
    },
  });
}

type Cell = string | number | null;

function cells(call: CallRow): Cell[] {
  return columns.map((column) => {
    const value = call[column];
    return typeof value === "string" ? withoutFormulas(value) : value;
  });
}

/** The values of metrics; numbers as they are, and what is a list or an object as JSON. */
function metricCells({ metrics }: CallRow, names: readonly string[]): Cell[] {
  if (names.length === 0 || metrics === null) return names.map(() => null);
  const parsed: unknown = JSON.parse(metrics);
  const values = new Map(isJsonObject(parsed) ? Object.entries(parsed) : []);
  return names.map((name) => {
    const value = values.get(name);
    if (value === undefined || value === null || typeof value === "number") return value ?? null;
    return withoutFormulas(typeof value === "string" ? value : JSON.stringify(value));
  });
}

function withoutFormulas(text: string): string {
  const parts = text.split(CELL_BOUNDARY);
  return parts.map((part) => (FORMULA.test(part) ? `'${part}` : part)).join("");
}

function csv(rows: Cell[][]): string {
  return `${Papa.unparse(rows, { newline: "\r\n" })}\r\n`;
}
