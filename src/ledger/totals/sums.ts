/**
 * Texts that are in memory at once, of dispositions or of the values of a metric: those that people wrote are all different, and a
 * Worker has no memory for those of a year. The rarer ones go when there are more.
 */
const MAX_TEXTS = 2_000;
const MIN_TEXTS = 500;

/** The entry of a map, made when there is none. */
export function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** Drops the rarest texts of a map that has grown too large. */
export function dropRarest<Key, Value extends { calls: number }>(map: Map<Key, Value>): void {
  if (map.size <= MAX_TEXTS) return;
  const sorted = [...map].sort(([, one], [, other]) => other.calls - one.calls);
  for (const [key] of sorted.slice(MIN_TEXTS)) map.delete(key);
}

export function quotient(sum: number, calls: number): number | null {
  return calls === 0 ? null : sum / calls;
}

/** The order of SQLite. */
export function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
