import * as z from "zod";

/** Where a counting Worker answers with its counts since the last such request. */
export const COUNTS_PATH = "/counts-of-the-bench";

export const counts = z.object({
  requests: z.number(),
  d1RoundTrips: z.number(),
  rowsWritten: z.number(),
  rowsRead: z.number(),
  /** Class A: put and list. */
  r2Writes: z.number(),
  /** Class B: get and head. */
  r2Reads: z.number(),
  queueSends: z.number(),
  queueBatches: z.number(),
});

export type Counts = z.infer<typeof counts>;

export const noCounts: Counts = {
  requests: 0,
  d1RoundTrips: 0,
  rowsWritten: 0,
  rowsRead: 0,
  r2Writes: 0,
  r2Reads: 0,
  queueSends: 0,
  queueBatches: 0,
};

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    requests: a.requests + b.requests,
    d1RoundTrips: a.d1RoundTrips + b.d1RoundTrips,
    rowsWritten: a.rowsWritten + b.rowsWritten,
    rowsRead: a.rowsRead + b.rowsRead,
    r2Writes: a.r2Writes + b.r2Writes,
    r2Reads: a.r2Reads + b.r2Reads,
    queueSends: a.queueSends + b.queueSends,
    queueBatches: a.queueBatches + b.queueBatches,
  };
}
