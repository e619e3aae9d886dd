import * as z from "zod";

/** Where a counting Worker tells what it has counted since it was last asked. */
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
