/** What was measured on the smaller and on the larger ledger. */
export interface Pair {
  few: number;
  many: number;
}

/** How many times as much the larger one asks. */
export function growthOf({ few, many }: Pair): number {
  return many / few;
}
