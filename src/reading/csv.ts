import Papa from "papaparse";
import { type CallFilter, type CallPosition, type ListedCall, listCalls, listedColumns } from "../ledger/call-list.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";

/** Calls that are read at a time: with all their JSON they stay far below the memory of a Worker. */
const ROWS_A_READ = 200;

/**
 * What a spreadsheet would take for a formula (owasp.org/www-community/attacks/CSV_Injection) and is to be shown as text
 * instead. A sign before nothing but a number, as in +15551234567, is harmless and stays useful as it is.
 */
const FORMULA = /^(?:[=@\t\r\n]|[+-](?!\d+(?:\.\d+)?$))/;

/** Excel takes a file for UTF-8 only when it begins with this. */
const BYTE_ORDER_MARK = "\ufeff";

/**
 * All calls that a filter leaves, as a CSV download (RFC 4180), newest first. Read and sent page by page; a failure in the
 * middle breaks the download off, so that half of it is not taken for the whole.
 */
export function callsAsCsv(db: D1Database, filter: CallFilter): Response {
  let after: CallPosition | undefined;
  let begun = false;
  const encoder = new TextEncoder();
  const lines = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const calls = await attempt(() => listCalls(db, filter, { limit: ROWS_A_READ, after }), STORE_LIMIT);
      if (!begun) controller.enqueue(encoder.encode(BYTE_ORDER_MARK + csv([[...listedColumns]])));
      begun = true;
      if (calls.length > 0) controller.enqueue(encoder.encode(csv(calls.map(cells))));
      after = calls.at(-1);
      if (calls.length < ROWS_A_READ) controller.close();
    },
  });
  return new Response(lines, {
    headers: {
      "Content-Type": "text/csv; charset=utf-8; header=present",
      "Content-Disposition": 'attachment; filename="calls.csv"',
    },
  });
}

function cells(call: ListedCall): (string | number | null)[] {
  return listedColumns.map((column) => call[column]);
}

function csv(rows: (string | number | null)[][]): string {
  return `${Papa.unparse(rows, { escapeFormulae: FORMULA, newline: "\r\n" })}\r\n`;
}
