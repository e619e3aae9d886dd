import Papa from "papaparse";
import { invalidRequest } from "../http/input.ts";
import { type CallRow, callRow } from "./schema.ts";
import { type CallSearch, searchCalls, wordsNotSearched } from "./search.ts";

/** Calls that are read at a time: with all their JSON they stay far below the memory of a Worker. */
const ROWS_A_READ = 200;

/**
 * Text that a spreadsheet would take for a formula (owasp.org/www-community/attacks/CSV_Injection) and that is escaped. A sign
 * before nothing but a number, as in +15551234567, is harmless and stays useful as it is.
 */
const FORMULA = /^(?:[=@\t\r\n]|[+-](?!\d+(?:\.\d+)?$))/;

/** Excel takes a file for UTF-8 only when it begins with this. */
const BYTE_ORDER_MARK = "\ufeff";

const columns = callRow.keyof().options;

/**
 * All calls that a filter leaves, as a CSV download (RFC 4180), newest first. Read and sent page by page; a failure in the
 * middle breaks the download off, so that half of it is not taken for the whole.
 */
export async function callsAsCsv(
  db: D1Database,
  filter: CallSearch["filter"],
  searchTranscripts: boolean,
): Promise<Response> {
  const read = (after: CallSearch["after"]) =>
    searchCalls(db, { filter, limit: ROWS_A_READ, after }, searchTranscripts);
  const first = await read(undefined);
  if (first.kind === "words-not-searched") return invalidRequest([wordsNotSearched]);
  let next = first.next;
  const encoder = new TextEncoder();
  const lines = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(BYTE_ORDER_MARK + csv([[...columns], ...first.calls.map(cells)])));
    },
    async pull(controller) {
      if (next === undefined) return controller.close();
      const page = await read(next);
      if (page.kind === "words-not-searched") return controller.close();
      controller.enqueue(encoder.encode(csv(page.calls.map(cells))));
      next = page.next;
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
  return columns.map((column) => call[column]);
}

function csv(rows: (string | number | null)[][]): string {
  return `${Papa.unparse(rows, { escapeFormulae: FORMULA, newline: "\r\n" })}\r\n`;
}
