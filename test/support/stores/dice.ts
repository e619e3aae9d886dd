import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Chance that repeats: the same seed throws the same dice in the same order, on every machine. */
export interface Dice {
  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  /** True in this share of the throws, 0 to 1. */
  chance(share: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** A key of the table, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K;
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string;
}

/** @param seed a whole number; only its lower 32 bits count */
export function throwDice(seed: number): Dice {
  const generator = xoroshiro128plus(seed);
  const integer = (low: number, high: number) => uniformInt(generator, low, high);

  function pick<T>(list: readonly T[]): T {
    for (const item of list.slice(integer(0, list.length - 1))) return item;
    throw new RangeError("nothing to pick from");
  }

  function weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const keys: K[] = [];
    for (const key in weights) keys.push(key);
    let left = uniformFloat64(generator) * keys.reduce((sum, key) => sum + (weights[key] ?? 0), 0);
    for (const key of keys) {
      left -= weights[key] ?? 0;
      if (left < 0) return key;
    }
    return pick(keys);
  }

  return {
    integer,
    chance: (share) => uniformFloat64(generator) < share,
    pick,
    weighted,
    hex: (digits) => Array.from({ length: digits }, () => integer(0, 15).toString(16)).join(""),
  };
}
