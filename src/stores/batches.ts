/** How much goes into one batch. */
export interface BatchLimits {
  maxItems: number;
  /** In the unit of `weightOf`. */
  maxWeight?: number;
}

/** Splits items into batches, in their order. An item heavier than `maxWeight` gets a batch of its own. */
export function batchesOf<T>(
  items: readonly T[],
  { maxItems, maxWeight = Number.POSITIVE_INFINITY }: BatchLimits,
  weightOf: (item: T) => number = () => 0,
): T[][] {
  const batches: T[][] = [];
  let weight = 0;
  for (const item of items) {
    const current = batches.at(-1);
    const itemWeight = weightOf(item);
    if (current === undefined || current.length === maxItems || weight + itemWeight > maxWeight) {
      batches.push([item]);
      weight = itemWeight;
    } else {
      current.push(item);
      weight += itemWeight;
    }
  }
  return batches;
}
