import type { Counts } from "../../support/stores/counts.ts";

/** US dollars a million, Workers Paid, above what the plan includes (developers.cloudflare.com, November 2026). */
const dollarsAMillion = {
  requests: 0.3,
  rowsWritten: 1,
  rowsRead: 0.001,
  r2ClassA: 4.5,
  r2ClassB: 0.36,
  queueOperations: 0.4,
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
