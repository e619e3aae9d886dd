import Papa from "papaparse";
import { invalidRequest } from "../http/input.ts";
import { type CallRow, callRow, type LedgerReader } from "./schema.ts";
import { type CallSearch, searchCalls } from "./search.ts";

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
 * Streams all calls of a filter as a CSV download (RFC 4180), newest first, page by page. A failure breaks the download off, so that
 * nobody takes a part for the whole.
 */
export async function callsAsCsv(
  db: LedgerReader,
  filter: CallSearch["filter"],
  searchTranscripts: boolean,
): Promise<Response> {
  const read = (after?: CallSearch["after"]) =>
    searchCalls(db, callRow, { filter, limit: ROWS_A_READ, after }, searchTranscripts);
  const first = await read();
  if (first.kind === "refused") return invalidRequest([first.error]);
  let next = first.next;
  const encoder = new TextEncoder();
  const lines = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(BYTE_ORDER_MARK + csv([[...columns], ...first.rows.map(cells)])));
    },
    async pull(controller) {
      while (next !== undefined) {
        const page = await read(next);
        next = page.kind === "found" ? page.next : undefined;
        // A stream pulls again only after something was enqueued, and a page may have no rows.
        if (page.kind !== "found" || page.rows.length === 0) continue;
        controller.enqueue(encoder.encode(csv(page.rows.map(cells))));
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

function cells(call: CallRow): (string | number | null)[] {
  return columns.map((column) => {
    const value = call[column];
    return typeof value === "string" ? withoutFormulas(value) : value;
  });
}

function withoutFormulas(text: string): string {
  const parts = text.split(CELL_BOUNDARY);
  return parts.map((part) => (FORMULA.test(part) ? `'${part}` : part)).join("");
}

function csv(rows: (string | number | null)[][]): string {
  return `${Papa.unparse(rows, { newline: "\r\n" })}\r\n`;
}
