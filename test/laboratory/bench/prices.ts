import type { Counts } from "../../support/stores/counts.ts";

/** US dollars a million, Workers Paid, above what the plan includes (developers.cloudflare.com, November 2026). */
const dollarsAMillion = {
  requests: 0.3,
  rowsWritten: 1,
  rowsRead: 0.001,
  r2ClassA: 4.5,
  r2ClassB: 0.36,
  queueOperations: 0.4,
  cpuMilliseconds: 0.02,
};

/** A message is written, read and deleted. */
const OPERATIONS_A_MESSAGE = 3;

export interface CostLine {
  what: string;
  /** Of one call. */
  count: number;
  /** Of a million calls. */
  dollars: number;
}

/**
 * What a million calls cost, line by line. CPU time ($0.02 a million milliseconds) is left out, since only Cloudflare's
 * machines can tell it, and so is what is stored for how long.
 */
export function costLines(counts: Counts): CostLine[] {
  const line = (what: string, count: number, price: number): CostLine => ({
    what,
    count,
    dollars: count * price,
  });
  const { requests, rowsWritten, rowsRead, r2ClassA, r2ClassB, queueOperations } = dollarsAMillion;
  return [
    line("Worker requests, queue batches among them", counts.requests + counts.queueBatches, requests),
    line("D1 rows written", counts.rowsWritten, rowsWritten),
    line("D1 rows read", counts.rowsRead, rowsRead),
    line("R2 Class A operations", counts.r2Writes, r2ClassA),
    line("R2 Class B operations", counts.r2Reads, r2ClassB),
    line("Queue operations", counts.queueSends * OPERATIONS_A_MESSAGE, queueOperations),
  ];
}

interface Exported {
  calls: number;
  days: number;
  files: number;
  bytes: number;
  cpuSeconds: number;
}

/** What letting calls go costs, line by line, by the counts of a part of it; what is stored, a month. `count` is of all of the part. */
export function lettingGoLines(
  counts: Counts,
  { calls, cpuSeconds, bytes }: Omit<Exported, "days" | "files">,
): CostLine[] {
  const line = (what: string, count: number, price: number): CostLine => ({
    what,
    count,
    dollars: (count * price) / calls,
  });
  const { rowsWritten, rowsRead, r2ClassA, cpuMilliseconds } = dollarsAMillion;
  return [
    line("D1 rows read", counts.rowsRead, rowsRead),
    line("D1 rows written", counts.rowsWritten, rowsWritten),
    line("R2 Class A: a record.json a call", counts.r2Writes, r2ClassA),
    line("ms of the processor, as measured here", cpuSeconds * 1000, cpuMilliseconds),
    line("KB in R2, a month", bytes / 1000, DOLLARS_A_GIGABYTE),
  ];
}

/** A month of a gigabyte in R2. */
const DOLLARS_A_GIGABYTE = 0.015;

/** Rows that are read for one that is exported: its size, and itself, each by an index. */
const ROWS_READ_A_ROW = 4;

/** A call and three events. */
const ROWS_A_CALL = 4;

/** What the export of calls costs, line by line; what is stored, a month. `count` is of all of them. */
export function exportLines({ calls, days, files, bytes, cpuSeconds }: Exported): CostLine[] {
  const line = (what: string, count: number, price: number): CostLine => ({
    what,
    count,
    dollars: (count * price) / calls,
  });
  const { rowsWritten, rowsRead, r2ClassA, r2ClassB, cpuMilliseconds } = dollarsAMillion;
  return [
    line("D1 rows read", calls * ROWS_A_CALL * ROWS_READ_A_ROW, rowsRead),
    line("D1 rows written, one a file and three a day", files + 3 * days, rowsWritten),
    line("R2 Class A: files, and a manifest and three lists a day", files + 4 * days, r2ClassA),
    line("R2 Class B: files read back, manifests", files + days, r2ClassB),
    line("ms of the processor, as measured here", cpuSeconds * 1000, cpuMilliseconds),
    line("KB in R2, a month", bytes / 1000, DOLLARS_A_GIGABYTE),
  ];
}
