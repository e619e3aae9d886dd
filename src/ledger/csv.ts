import Papa from "papaparse";
import { invalidRequest } from "../http/input.ts";
import { type CallRow, callRow, type LedgerReader } from "./schema.ts";
import { type CallSearch, searchCalls, wordsNotSearched } from "./search.ts";

/** Calls that the first read brings: with the largest JSON there is, they stay far below the memory of a Worker. */
const FIRST_ROWS = 200;

/** Characters of a read. The larger the reads, the more rows the 1,000 queries that an invocation may make to D1 bring. */
const CHARACTERS_A_READ = 4 * 1024 * 1024;

const MAX_ROWS_A_READ = 10_000;

/**
 * The beginning of a formula (owasp.org/www-community/attacks/CSV_Injection), full-width or behind characters that nobody sees.
 * A sign before nothing but a number, as in +15551234567, is harmless and stays useful as it is.
 */
const FORMULA = /^[\p{Cf}\p{Z}]*(?:[=@＝＠]|[+\-＋－](?!\d+(?:\.\d+)?$))/u;

/** Where a spreadsheet may begin another cell, whatever the quotes: some expect semicolons between cells, or tabs. */
const CELL_BOUNDARY = /([;\t\r\n])/;

/** Excel takes a file for UTF-8 only when it begins with this. */
const BYTE_ORDER_MARK = "\ufeff";

const columns = callRow.keyof().options;

/**
 * All calls that a filter leaves, as a CSV download (RFC 4180), newest first. Read and sent page by page; a failure in the
 * middle breaks the download off, so that half of it is not taken for the whole.
 */
export async function callsAsCsv(
  db: LedgerReader,
  filter: CallSearch["filter"],
  searchTranscripts: boolean,
): Promise<Response> {
  const read = (limit: number, after: CallSearch["after"]) =>
    searchCalls(db, callRow, { filter, limit, after }, searchTranscripts);
  const first = await read(FIRST_ROWS, undefined);
  if (first.kind === "words-not-searched") return invalidRequest([wordsNotSearched]);
  let next = first.next;
  let rows = FIRST_ROWS;
  const encoder = new TextEncoder();
  const lines = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(BYTE_ORDER_MARK + csv([[...columns], ...first.calls.map(cells)])));
    },
    async pull(controller) {
      while (next !== undefined) {
        const page = await read(rows, next);
        next = page.kind === "found" ? page.next : undefined;
        // A stream pulls again only after something was enqueued, and a page may have no rows.
        if (page.kind !== "found" || page.calls.length === 0) continue;
        const text = csv(page.calls.map(cells));
        controller.enqueue(encoder.encode(text));
        rows = rowsOfNextRead(page.calls.length, text.length);
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

/** By the size of the rows just read; at most twice as many, since the next may be larger. */
function rowsOfNextRead(rows: number, characters: number): number {
  const fitting = Math.floor((rows * CHARACTERS_A_READ) / characters);
  return Math.max(FIRST_ROWS, Math.min(MAX_ROWS_A_READ, 2 * rows, fitting));
}

function csv(rows: (string | number | null)[][]): string {
  return `${Papa.unparse(rows, { newline: "\r\n" })}\r\n`;
}
