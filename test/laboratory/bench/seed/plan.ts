/** The made-up calls of a ledger. */
export interface Plan {
  calls: number;
  /** How many days they are spread over; the time between two calls is `days / calls`. */
  days: number;
  /** The same seed makes the same calls. */
  seed: number;
  /** When the last of them begins. */
  until: Date;
  /** Whether their words are searched. */
  words: boolean;
}

/** Calls of a plan by their numbers. They are numbered from the newest, which is 0. */
export interface Chunk {
  newest: number;
  oldest: number;
}

/** The chunks of a plan, oldest first, which is the order in which a ledger fills. */
export function chunksOf({ calls }: Plan, size: number): Chunk[] {
  const chunks: Chunk[] = [];
  for (let end = calls; end > 0; end -= size) chunks.push({ newest: Math.max(0, end - size), oldest: end - 1 });
  return chunks;
}
