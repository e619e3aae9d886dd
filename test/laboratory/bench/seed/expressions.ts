import { throwDice } from "../../../support/stores/dice.ts";
import type { Chunk } from "./plan.ts";

/** Rolls go from 0 to one less. */
export const ROLLS = 1_000_000;

/** Two primes: what is linear modulo the one no longer is modulo the other. With their factors they stay within 64 bits. */
const FIRST_PRIME = 2_147_483_647;
const SECOND_PRIME = 4_294_967_291;

/**
 * Makes SQL expressions that roll a number from 0 to `ROLLS - 1` for the call numbered `n`, each by factors of its own:
 * SQLite's `random()` takes no seed.
 */
export function roller(seed: number): () => string {
  const dice = throwDice(seed);
  const factor = () => dice.integer(1_000_000, FIRST_PRIME - 1);
  return () => `((n * ${factor()} + ${factor()}) % ${FIRST_PRIME} * ${factor()} % ${SECOND_PRIME} / 16 % ${ROLLS})`;
}

/**
 * An item of a list, picked by a roll.
 * @param roll expression
 */
export function pick(list: readonly unknown[], roll: string): string {
  return `('${JSON.stringify(list)}' ->> (${roll} % ${list.length}))`;
}

/**
 * ISO 8601 UTC with milliseconds.
 * @param milliseconds expression, since 1970
 */
export function instant(milliseconds: string): string {
  return `strftime('%Y-%m-%dT%H:%M:%fZ', (${milliseconds}) / 1000.0, 'unixepoch')`;
}

/**
 * The digits of a phone number, as src/events/phone.ts makes them of the numbers that are made up here.
 * @param phone expression: a plus sign and digits
 */
export function digits(phone: string): string {
  return `substr(${phone}, 2)`;
}

/** The most calls of a plan: their numbers have eight digits. */
export const MOST_CALLS = 99_999_999;

/**
 * The id of the call numbered `n`. Ids rise with time, as those do that the platform gives (CALL-1721053800000-a1b2c3): calls
 * of a day are neighbours in the table.
 */
export function callId(seed: number): string {
  return `printf('seed-${seed}-%08d', ${MOST_CALLS} - n)`;
}

/** The calls of a chunk that are in the ledger, as a table named `seeded`. */
export function seededCalls(seed: number, chunk: Chunk): string {
  return `RECURSIVE ${numbersOf(chunk)}, seeded AS MATERIALIZED (
  SELECT numbers.n, calls.* FROM numbers CROSS JOIN calls WHERE calls.call_id = ${callId(seed)}
)`;
}

/** A table of the numbers of a chunk, oldest call first. */
export function numbersOf({ newest, oldest }: Chunk): string {
  return `numbers (n) AS (VALUES (${oldest}) UNION ALL SELECT n - 1 FROM numbers WHERE n > ${newest})`;
}
